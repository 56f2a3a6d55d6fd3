import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { User } from "../../src/model.ts";
import { accessTokenStore } from "../../src/store/access-tokens.ts";
import { agentStore } from "../../src/store/agents.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { callPolicy, tokenRules } from "../../src/web/access-token-policy.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { dpopProof, newClientKey, registerAgent, type TestAgent, useAgentSite } from "../helpers/id-jag.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { recorded, startRecording } from "../helpers/recorded.ts";

/** A person, an agent and its token, for one test. */
interface Access {
  person: User;
  agent: TestAgent;
  token: string;
}

describe("the calls of an agent", () => {
  onOneDatabase((use) => {
    const site = useAgentSite(use);
    before(() => startRecording(site().acme.store));

    /** @param more parameters and headers of the token request. */
    async function access(
      claims: Record<string, unknown> = {},
      { role, headers = {} }: { role?: "admin"; headers?: Record<string, string> } = {},
    ): Promise<Access> {
      const { acme, connection, idJag, send } = site();
      const subject = randomUUID();
      const person = await createLocalAccount(acme.store, `${subject}@acme.example`, role);
      await acme.store.identities.add(connection.id, subject, person.id);
      const agent = await registerAgent(use());
      const assertion = await idJag({ claims: { sub: subject, client_id: agent.clientId, ...claims } });
      const client = { client_id: agent.clientId, client_secret: agent.secret };
      const answer = await send(assertion, client, headers);
      assert.equal(answer.status, 200, answer.text);
      await recorded(acme.store, 1);
      return { person, agent, token: JSON.parse(answer.text).access_token };
    }

    const call = async (token: string, method = "GET", path = "/api/v1/tasks", body: object | null = null) =>
      await site()
        .app.client()
        .send(
          method,
          path,
          { authorization: `Bearer ${token}`, ...(body ? { "content-type": "application/json" } : {}) },
          ...(body ? [JSON.stringify(body)] : []),
        );
    it("are one flow with the request for their token, and calls of another token are not", async () => {
      const { acme, connection, idJag, send } = site();
      const token = async () => JSON.parse((await send(await idJag())).text).access_token;
      const [first, second] = [await token(), await token()];
      await call(first);
      await call(second);
      await call(first, "POST", "/api/v1/tasks", { title: "Once more" });
      const messages = await recorded(acme.store, 5);
      assert.ok(messages.every(({ connectionKey }) => connectionKey === connection.key));
      assert.deepEqual(
        messages.map(({ flow }) => flow - (messages[0]?.flow ?? 0)),
        [0, 1, 0, 1, 0],
      );
      assert.ok(messages.every(({ route }) => route.from === "agent" && route.to === "product"));
    });

    const one = async () => (await recorded(site().acme.store, 1))[0] ?? assert.fail();
    const lastRefusal = () =>
      site().app.logged.findLast(({ event }) => event === "access_token.refused") ?? assert.fail();

    it("are recorded with person, agent, operation, body and every check, and without the token", async () => {
      const { token, person, agent } = await access();
      const title = "Write the minutes";
      assert.equal((await call(token, "POST", "/api/v1/tasks", { title })).status, 201);
      const message = await one();
      assert.deepEqual(
        [message.protocol, message.step, message.connectionKey, message.person, message.file],
        [
          "cross-app-access",
          "POST /api/v1/tasks",
          site().connection.key,
          person.loginName,
          "src/tasks/api.ts",
        ],
      );
      assert.equal(message.summary, `201 Created: Agent for ${person.loginName}`);
      assert.deepEqual(
        message.checks.map(({ name, verdict }) => [name, verdict]),
        callPolicy.map(({ name }) => [name, "passed"]),
      );
      assert.deepEqual(message.request?.json, {
        agent: { id: agent.clientId, name: "Agent", act: "wlp1" },
        person: person.loginName,
        scopes: ["tasks.read", "tasks.write"],
        body: { title },
      });
      assert.match(
        message.response?.head.join("\n") ?? "",
        /^201 Created\n(.*\n)*Location: \/api\/v1\/tasks\//,
      );
      assert.ok(!JSON.stringify(message).includes(token.slice("oinat_".length)));
    });

    it("are recorded with the method, the tool and its arguments, if they are for the MCP server", async () => {
      const resource = `${site().app.url}/mcp`;
      const { token, person } = await access({ resource });
      const send = async (message: object) => {
        const accept = "application/json, text/event-stream";
        const headers = { authorization: `Bearer ${token}`, accept, "content-type": "application/json" };
        const body = JSON.stringify({ jsonrpc: "2.0", id: 1, ...message });
        return await site().app.client().send("POST", "/mcp", headers, body);
      };
      const params = { name: "create_task", arguments: { title: "From a tool" } };
      const answer = await send({ method: "tools/call", params });
      assert.match(answer.text, /From a tool/);
      const message = await one();
      assert.deepEqual(
        [message.step, message.person, message.file, message.verdict],
        ["tools/call create_task", person.loginName, "src/tasks/mcp.ts", "passed"],
      );
      assert.deepEqual(Object(message.request?.json).body.params, params);

      await send({ method: "tools/list" });
      assert.equal((await one()).step, "tools/list");

      const unknown = { name: "complete_task", arguments: { id: "none" } };
      assert.equal((await send({ method: "tools/call", params: unknown })).status, 200);
      assert.match((await one()).summary, /^200 OK\. Failed: The call can be carried out \(.+\)$/);
    });

    it("are recorded if they fail behind the guard", async () => {
      const { token } = await access();
      assert.equal((await call(token, "GET", "/api/v1/tasks/none")).status, 404);
      const message = await one();
      assert.equal(message.step, "GET /api/v1/tasks/:id");
      assert.equal(message.summary, "404 Not Found. Failed: The call can be carried out");
    });

    /** Each breaks what a token rests on, and nothing else. It may return how to undo that. */
    const ends: Record<string, (access: Access) => Promise<unknown>> = {
      "token-expiry": async ({ token }) =>
        await use()
          .database.sql()("access_tokens")
          .where("token_hash", hashToken(token))
          .update({ expires_at: Date.now() }),
      "connection-active": async () => await setConnection({ status: "disabled" }, { status: "active" }),
      "connection-lets-agents-in": async () => {
        const { settings } = site().connection;
        assert.ok(settings);
        return await setConnection({ settings: { ...settings, crossAppAccess: false } }, { settings });
      },
      "agent-registered": async ({ agent }) => await agentStore(use().database).revoke(agent.clientId),
      "agent-not-blocked": async ({ agent }) => await site().acme.store.agents.setBlocked(agent, true),
      "grant-not-revoked": async ({ agent, person }) =>
        await site().acme.store.agents.setRevoked(person.id, agent.clientId, true),
      "person-active": async ({ person }) =>
        await site().acme.store.users.update(person.id, { active: false }),
      "person-not-blocked": async ({ person }) =>
        await site().acme.store.users.update(person.id, { blocked: true }),
      "access-current": async ({ person }) => await site().acme.store.users.advanceAccessEpoch(person.id),
      "role-kept": async ({ person }) => await site().acme.store.roles.revoke(person.id, "admin"),
    };

    async function setConnection(
      change: Parameters<ReturnType<typeof site>["acme"]["store"]["connections"]["update"]>[1],
      former: typeof change,
    ) {
      const { acme, connection } = site();
      await acme.store.connections.update(connection.id, change);
      return async () => await acme.store.connections.update(connection.id, former);
    }

    it("have a case for each rule of a token", () => {
      assert.deepEqual(
        Object.keys(ends),
        tokenRules.map(({ id }) => id).filter((id) => id !== "token-resource"),
      );
    });

    for (const [id, end] of Object.entries(ends)) {
      it(`are refused by ${id} alone, and the inspector and the log say so`, async () => {
        const given = await access({}, id === "role-kept" ? { role: "admin" } : {});
        assert.equal((await call(given.token)).status, 200);
        await one();
        const undo = await end(given);
        await refusedBy(id, given.token);
        if (typeof undo === "function") await undo();
      });
    }

    async function refusedBy(id: string, presented: string): Promise<void> {
      const token = (await accessTokenStore(use().database).find(hashToken(presented))) ?? assert.fail();
      const facts = { token, resource: `${site().app.url}/api/v1`, now: Date.now() };
      const broken = tokenRules.filter((rule) => !rule.holds(facts));
      assert.deepEqual(
        broken.map((rule) => rule.id),
        [id],
        "without this rule, the call would pass",
      );
      const answer = await call(presented);
      assert.equal(answer.status, 401, answer.text);
      assert.match(answer.headers.get("www-authenticate") ?? "", /error="invalid_token"/);
      assert.equal(lastRefusal().rule, id);
      const message = await one();
      assert.equal(message.summary, `401 Unauthorized. Failed: ${broken[0]?.name}`);
      assert.equal(message.file, "src/web/access-token-policy.ts");
    }

    it("are refused with a token for another resource", async () => {
      const { token } = await access({ resource: `${site().app.url}/mcp` });
      await refusedBy("token-resource", token);
    });

    it("are refused without the scope", async () => {
      const { token } = await access({ scope: "tasks.read" });
      assert.equal((await call(token, "POST", "/api/v1/tasks", { title: "No" })).status, 403);
      assert.match(
        (await one()).summary,
        /^403 Forbidden\. Failed: The token has the scope .* \(tasks\.write\)$/,
      );
    });

    it("need the token's key, and a proof for exactly this call", async () => {
      const { app } = site();
      const key = await newClientKey();
      const proof = await dpopProof(key, { htm: "POST", htu: `${app.url}/oauth2/token` });
      const { token } = await access({}, { headers: { dpop: proof } });
      assert.equal((await call(token)).status, 401);
      assert.match((await one()).summary, /Failed: A token that is bound to a key comes with DPoP/);
      const htu = `${app.url}/api/v1/tasks`;
      const withProof = async (claims: object) => {
        const dpop = await dpopProof(key, { htm: "GET", htu, ath: hashToken(token), ...claims });
        const headers = { authorization: `DPoP ${token}`, dpop };
        return (await app.client().send("GET", "/api/v1/tasks", headers)).status;
      };
      assert.equal(await withProof({ htm: "POST" }), 401);
      assert.match((await one()).summary, /^401 Unauthorized\. Failed: The proof is valid and new/);
      assert.equal(await withProof({}), 200);
      const kept = JSON.stringify(await one());
      assert.ok(!kept.includes(token) && !kept.includes("eyJ"), kept);
    });

    it("are not recorded with an unknown token, which names no tenant", async () => {
      const { token } = await access();
      assert.equal((await call("oinat_unknown")).status, 401);
      await call(token);
      const messages = await recorded(site().acme.store, 1);
      assert.deepEqual(
        messages.map(({ summary }) => summary.slice(0, 3)),
        ["200"],
      );
    });
  });
});
