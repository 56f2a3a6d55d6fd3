import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import type { Answer } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { sendTokenRequest, signIdJag } from "../helpers/id-jag.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { type RevokingOrg, startRevokingOrg } from "../helpers/revocation.ts";
import { plantSession, sessionSecret } from "../helpers/site.ts";
import { type Customer, callApi, callMcp, newCustomer } from "./customer.ts";

/** The names of something of tenant A, or of something that does not exist. */
interface Names {
  task: string;
  loginName: string;
  clientId: string;
  secret: string;
  connectionId: string;
  connectionKey: string;
  userId: string;
  subject: string;
}

describe("tenant B, in everything that agents can reach", () => {
  onOneDatabase((use) => {
    let org: RevokingOrg;
    let app: TestApp;
    let a: Customer;
    let b: Customer;
    let [ofA, ofNoOne]: Names[] = [];
    let token: string;
    before(async () => {
      org = await startRevokingOrg();
      app = await startTestApp(use().database, { insecureAllowPrivateNetwork: true, sessionSecret });
      [a, b] = [
        await newCustomer({ database: use().database, app, org }),
        await newCustomer({ database: use().database, app, org }),
      ];
      const lin = await createLocalAccount(a.store, "lin@a.example");
      await a.store.identities.add(a.connection.id, "00u-lin", lin.id);
      token = await b.token();
      const task = JSON.parse(
        (await send("POST", "/api/v1/tasks", { title: "Secret of A" }, await a.token())).text,
      );
      ofA = {
        task: task.id,
        loginName: lin.loginName,
        clientId: a.agent.clientId,
        secret: a.agent.secret,
        connectionId: a.connection.id,
        connectionKey: a.connection.key,
        userId: lin.id,
        subject: "00u-lin",
      };
      ofNoOne = {
        task: randomUUID(),
        loginName: "no@a.example",
        clientId: `agent_${randomUUID()}`,
        secret: "oinagent_no",
        connectionId: randomUUID(),
        connectionKey: "no-such-key",
        userId: randomUUID(),
        subject: "00u-no",
      };
    });
    after(async () => {
      await app.close();
      await org.close();
    });

    async function send(
      method: string,
      path: string,
      body: object,
      bearer = token,
      more = {},
    ): Promise<Answer> {
      const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json", ...more };
      return await app.client().send(method, path, headers, JSON.stringify(body));
    }
    const call = (name: string, input: object) =>
      callMcp(app, token, { method: "tools/call", params: { name, arguments: input } });
    const post = async (path: string, form: Record<string, string> = {}) => await b.owner.post(path, form);
    const asGrace = async (path: string, form: Record<string, string>) => {
      const client = app.client();
      client.cookies.set("session", await plantSession(use(), b.tenant, b.grace));
      return await client.post(path, form);
    };
    const exchange = async (claims: Record<string, unknown>, { clientId, secret } = b.agent) =>
      await sendTokenRequest(app, {
        assertion: await signIdJag(org, app.url, clientId, { claims: { sub: "00u-grace", ...claims } }),
        client_id: clientId,
        client_secret: secret,
      });

    const questions: readonly [string, number, (names: Names) => Promise<Answer>][] = [
      ["reads a task by the API", 404, ({ task }) => callApi(app, token, `/tasks/${task}`)],
      [
        "completes a task by the API",
        404,
        ({ task }) => send("PATCH", `/api/v1/tasks/${task}`, { state: "done" }, token, { "if-match": "*" }),
      ],
      [
        "changes a task in a known version",
        404,
        ({ task }) => send("PATCH", `/api/v1/tasks/${task}`, { state: "done" }, token, { "if-match": '"x"' }),
      ],
      [
        "gives a task to a person by the API",
        422,
        ({ loginName }) => send("POST", "/api/v1/tasks", { title: "t", assignee: { loginName } }),
      ],
      // sample product {
      [
        "asks for a person's tasks by the API",
        400,
        ({ loginName }) => callApi(app, token, `/tasks?assignee=${loginName}`),
      ],
      // sample product }
      ["completes a task by MCP", 200, ({ task }) => call("complete_task", { id: task })],
      ["assigns a task by MCP", 200, ({ task }) => call("assign_task", { id: task, assignee: "me" })],
      [
        "adds a task for a person by MCP",
        200,
        ({ loginName }) => call("create_task", { title: "t", assignee: loginName }),
      ],
      ["opens an agent's page", 404, ({ clientId }) => b.owner.get(`/admin/agents/${clientId}`)],
      ["blocks an agent", 404, ({ clientId }) => post(`/admin/agents/${clientId}/block`)],
      ["revokes an agent", 404, ({ clientId }) => post(`/admin/agents/${clientId}/revoke`)],
      ["adds a secret to an agent", 404, ({ clientId }) => post(`/admin/agents/${clientId}/secrets`)],
      [
        "keeps agents out of a connection",
        404,
        ({ connectionId }) => post(`/admin/connections/${connectionId}/agents`, { letIn: "off" }),
      ],
      [
        "revokes a person's agent",
        404,
        ({ userId, clientId }) => post(`/admin/people/${userId}/agents/revoke`, { agent: clientId }),
      ],
      [
        "takes an agent's access to the own account away",
        404,
        ({ clientId }) => asGrace("/account/agents/revoke", { agent: clientId }),
      ],
      ["names a tenant in an assertion", 400, ({ connectionKey }) => exchange({ aud_tenant: connectionKey })],
      [
        "names a person in an assertion",
        400,
        ({ subject }) => exchange({ sub: subject, aud_tenant: b.connection.key }),
      ],
      [
        "presents the secret of a client as its own",
        401,
        ({ secret }) => exchange({}, { ...b.agent, secret }),
      ],
      [
        "presents an assertion for a client",
        400,
        async ({ clientId }) => exchange({ client_id: clientId, aud_tenant: b.connection.key }),
      ],
    ];

    for (const [name, status, ask] of questions) {
      it(`${name}: what A has looks like what does not exist`, async () => {
        const [real, missing] = [await ask(ofA as Names), await ask(ofNoOne as Names)];
        assert.equal(real.status, status, real.text);
        assert.deepEqual(seen(real, ofA as Names), seen(missing, ofNoOne as Names));
      });
    }

    it("has changed nothing of A by all that", async () => {
      assert.equal((await a.store.agents.find(a.agent.clientId))?.blockedAt, null);
      const { items } = JSON.parse((await callApi(app, await a.token())).text);
      assert.deepEqual(
        items.map(({ id }: { id: string }) => id),
        [ofA?.task],
      );
      const [{ state, assignee }] = items; // sample product
      assert.deepEqual([state, assignee], ["open", null]); // sample product
    });

    // sample product {
    it("sees only its own tasks in lists, also from the middle of A's", async () => {
      for (const title of ["one", "two", "three"])
        await send("POST", "/api/v1/tasks", { title }, await a.token());
      const page = JSON.parse((await callApi(app, await a.token(), "/tasks?limit=1")).text);
      assert.ok(page.nextCursor);
      for (const path of ["/tasks", `/tasks?cursor=${page.nextCursor}`])
        assert.deepEqual(JSON.parse((await callApi(app, token, path)).text).items, []);
      assert.doesNotMatch((await call("list_tasks", {})).text, /Secret of A/);
    });
    // sample product }

    it("adds a task of its own with an idempotency key that A has used", async () => {
      const key = { "idempotency-key": '"shared"' };
      const first = await send("POST", "/api/v1/tasks", { title: "same" }, await a.token(), key);
      const second = await send("POST", "/api/v1/tasks", { title: "same" }, token, key);
      assert.deepEqual([first.status, second.status], [201, 201]);
      assert.notEqual(JSON.parse(first.text).id, JSON.parse(second.text).id);
      assert.equal(JSON.parse(second.text).created.person.id, b.grace.id); // sample product
    });

    it("sees no agent of A in the console", async () => {
      await a.token();
      const page = await b.owner.get("/admin/agents");
      assert.equal(page.status, 200);
      assert.ok(page.text.includes(b.agent.clientId));
      assert.ok(!page.text.includes(a.agent.clientId));
    });

    it("reaches nothing but the API and MCP with an access token", async () => {
      const paths = ["/", "/me", "/account", "/admin", "/admin/agents", "/tasks", "/scim/v2/Users"];
      for (const path of paths) {
        const headers = { accept: "text/html" };
        const plain = await app.client().send("GET", path, headers);
        const withToken = await app
          .client()
          .send("GET", path, { ...headers, authorization: `Bearer ${token}` });
        assert.deepEqual([withToken.status, withToken.location], [plain.status, plain.location], path);
        assert.ok(![200].includes(plain.status) || path === "/", path);
      }
    });

    it("reaches neither the API nor MCP with another credential", async () => {
      const owner = [...b.owner.cookies.values()];
      for (const other of [
        b.scim.authorization.replace("Bearer ", ""),
        b.agent.secret,
        await b.assertion(),
        ...owner,
      ]) {
        for (const answer of [
          await callApi(app, other),
          await callMcp(app, other, { method: "tools/list" }),
        ]) {
          assert.equal(answer.status, 401);
          assert.match(answer.headers.get("www-authenticate") ?? "", /error="invalid_token"/);
        }
      }
    });
  });
});

/** An answer without what differs between two requests, and with the same word for each asked name. */
function seen({ status, text, location, headers }: Answer, names: Names): object {
  let known = text;
  for (const [word, value] of Object.entries(names)) known = known.replaceAll(value, word);
  const reference = headers.get("x-request-id") ?? "-";
  return {
    status,
    location: location?.replaceAll(names.clientId, "clientId") ?? null,
    text: known.replaceAll(reference, "reference"),
  };
}
