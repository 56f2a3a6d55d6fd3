import assert from "node:assert/strict";
import { clickPath, okta } from "okta-labels/labels";
import { apiScopes } from "../../config/integration.ts";
import { issueAccessToken } from "../../src/directory/access-tokens.ts";
import { createAgent, isSecretOf } from "../../src/directory/agents.ts";
import type { Agent, User } from "../../src/model.ts";
import { agentStore } from "../../src/store/agents.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { defaultSessionLimits } from "../../src/store/session-store.ts";
import { isAccepted } from "../helpers/access-tokens.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { formOn, shownOn, submit } from "../helpers/forms.ts";
import { assertRedirect, factOf } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { protocolsWithoutOrg } from "../helpers/protocols.ts";
import { answerOf, messagesOn, shownOnce } from "../helpers/seen.ts";
import { plantSession, useSite } from "../helpers/site.ts";
import { stateOf, stepsOf, valueToCopy } from "./pages-read.ts";

const documentId = "https://assistant.example/client.json?v=1";

describe("agents in the admin console", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let owner: Client;
    let admin: Client;
    let grace: User;
    let connectionId: string;
    before(async () => {
      const { store, connection } = site().acme;
      grace = await createLocalAccount(store, "grace@acme.example");
      connectionId = (await connection()).id;
      owner = await site().clientOf(site().owner);
      admin = await site().clientOf(await createLocalAccount(store, "admin@acme.example", "admin"));
    });

    const page = (client = owner) => client.get("/admin/agents");
    const pathOf = (clientId: string) => `/admin/agents/${encodeURIComponent(clientId)}`;
    const secretIn = (answer: Answer) =>
      /<code class="value" id="secret">([^<]*)<\/code>/.exec(answer.text)?.[1];
    const lastEntry = async () => (await site().acme.store.activity.latest(1))[0] ?? assert.fail();
    const secretsOf = (clientId: string) => agentStore(use().database).secrets(clientId);

    /** An agent of acme, or of the tenant that is given. */
    const register = async (name: string, tenantId: string | null = site().acme.tenant.id) => {
      const wanted = { tenantId, name, scopes: ["tasks.read"], jwksUri: null };
      return (await createAgent(use().database, wanted)).agent;
    };
    /** Lets an agent act for Grace. Returns its access token. */
    const act = async (agent: Pick<Agent, "clientId" | "name">) => {
      const bound = { act: null, scopes: ["tasks.read"], resources: [`${site().app.url}/api/v1`] };
      const grant = {
        user: grace,
        role: "member",
        connectionId,
        agent,
        keyThumbprint: null,
        ...bound,
      } as const;
      return (await issueAccessToken(site().acme.store, grant, defaultSessionLimits)).token;
    };
    const isAlive = async (token: string) => await isAccepted(use().database, token);

    it("leads in Okta's order, with Okta's labels and every value to copy", async () => {
      const steps = stepsOf(await page());
      const headings = ["Switch on Cross App Access for the app", "Register the agent in Okta"];
      headings.push("Connect the agent to the app", "Activate the agent");
      assert.deepEqual(
        steps.map(({ heading }) => heading),
        headings,
      );
      const named: string[] = [
        okta.tabs.resourceServer,
        okta.menus.aiAgents,
        okta.agents.resourceConnections,
      ];
      named.push(clickPath(okta.buttons.actions, okta.buttons.activate));
      for (const [at, label] of named.entries()) assert.ok(steps[at]?.text.includes(label), label);
      const url = site().app.url;
      const values: [string, string][] = [
        [okta.resourceServer.issuerUrl, url],
        [okta.resourceServer.tenantId, (await site().acme.store.connections.byId(connectionId))?.key ?? ""],
        [`${okta.agents.resourceIndicator} of the MCP server`, `${url}/mcp`],
        [`${okta.agents.resourceIndicator} of the API`, `${url}/api/v1`],
        ["Scope: Read the team&#39;s tasks", "tasks.read"],
      ];
      for (const [name, value] of values) assert.equal(valueToCopy(await page(), name), value);
    });

    it("says what is missing: an agent, a connection, the org URL", async () => {
      const { database } = use();
      const b = await createTestTenant(database);
      const client = site().app.client();
      const asB = await createLocalAccount(b.store, "owner@b.example", "owner");
      client.cookies.set("session", await plantSession(use(), b.tenant, asB));
      const empty = (await page(client)).text;
      assert.match(
        empty,
        /No agent is registered, and none has acted here\. <a href="\/admin\/agents\/new">/,
      );
      assert.match(empty, /No connection is on, so no agent can act for anyone/);
      for (const { type, settings } of protocolsWithoutOrg) {
        const { id } = await b.connection({ type, settings });
        assert.match((await page(client)).text, /Org URL is missing/);
        await b.store.connections.remove(id);
      }
    });

    it("registers an agent with a secret, which is shown once", async () => {
      const created = await answerOf(
        owner,
        await owner.post("/admin/agents", { name: " Task helper ", scopes: "tasks.read", method: "secret" }),
      );
      assert.match(messagesOn(created), /Task helper is registered/);
      assert.equal(created.headers.get("cache-control"), "no-store, no-transform");
      const secret = secretIn(created) ?? assert.fail();
      const [agent = assert.fail()] = await site().acme.store.agents.registered();
      assert.deepEqual([agent.name, agent.scopes, agent.jwksUri], ["Task helper", ["tasks.read"], null]);
      assert.ok(isSecretOf(await secretsOf(agent.clientId), secret));
      const { action, kind, targetId, changed } = await lastEntry();
      assert.deepEqual(
        [action, kind, targetId, changed],
        ["agent.registered", "agents", agent.clientId, ["tasks.read"]],
      );
      for (const path of ["/admin/agents", pathOf(agent.clientId)]) {
        const { text } = await owner.get(path);
        assert.ok(!text.includes(secret), "it is shown once");
        assert.match(text, new RegExp(`<code class="value" id="client-id[^>]*>${agent.clientId}</code>`));
      }
    });

    it("registers an agent with keys, which has no secret", async () => {
      const jwksUri = "https://agent.example/jwks.json";
      const created = await owner.post("/admin/agents", {
        ...filled,
        name: "Signer",
        method: "keys",
        jwksUri,
      });
      const agent = (await site().acme.store.agents.registered()).find(({ name }) => name === "Signer");
      assertRedirect(created, pathOf(agent?.clientId ?? ""));
      assert.equal(agent?.jwksUri, jwksUri);
      const { text } = await owner.get(created.location ?? "");
      assert.match(text, /Its public keys: <code>https:\/\/agent\.example\/jwks\.json/);
      assert.doesNotMatch(text, /\/secrets"/);
      assertRedirect(await owner.post(`${created.location}/secrets`), created.location ?? "");
      assert.deepEqual(await secretsOf(agent?.clientId ?? ""), []);
    });

    const filled = { name: "Wrong", scopes: "tasks.read", method: "secret", jwksUri: "" };
    const wrong: [string, Record<string, string>, string, RegExp][] = [
      ["without a name", { name: " " }, "name", /1 to 100 characters/],
      ["with a name that is too long", { name: "x".repeat(101) }, "name", /1 to 100 characters/],
      ["with a name that hides something", { name: "Task\u202ehelper" }, "name", /name/],
      ["with keys at no address", { method: "keys" }, "jwksUri", /Enter the address/],
      ["with keys at http", { method: "keys", jwksUri: "http://agent.example/jwks" }, "jwksUri", /https/],
      ["with keys at no URL", { method: "keys", jwksUri: "jwks" }, "jwksUri", /./],
    ];
    for (const [what, change, field, message] of wrong) {
      it(`registers no agent ${what}, says so next to the field, which has the focus, and keeps the values`, async () => {
        const before = await site().acme.store.agents.registered();
        const wanted = { ...filled, name: "Kept", ...change };
        const answer = await shownOnce(
          owner,
          await owner.post("/admin/agents", wanted),
          "/admin/agents/new",
          "Nothing was changed. Correct this field:",
        );
        assert.match(stateOf(answer, field), message);
        assert.deepEqual(focusedIn(answer), [field]);
        assert.match(answer.text, /value="tasks\.read" checked/);
        assert.doesNotMatch(answer.text, /value="tasks\.write" checked/);
        if (field === "jwksUri") assert.match(answer.text, /name="name" type="text" value="Kept"/);
        assert.deepEqual(await site().acme.store.agents.registered(), before);
      });
    }

    it("registers no agent without a scope that exists", async () => {
      const before = (await site().acme.store.agents.registered()).length;
      for (const scopes of ["", "admin"]) {
        const answer = await answerOf(owner, await owner.post("/admin/agents", { ...filled, scopes }));
        assert.match(messagesOn(answer), /Scopes: Choose at least one scope/);
        assert.deepEqual(focusedIn(answer), [`scope-${apiScopes[0]?.name}`]);
      }
      assert.equal((await site().acme.store.agents.registered()).length, before);
    });

    it("lists the agents of the tenant, of the operator and of metadata documents, the last used first", async () => {
      const [own, theirs] = [await register("Own helper"), await register("Everyone's helper", null)];
      await act(own);
      await act({ clientId: documentId, name: "Assistant" });
      const { text } = await page();
      for (const name of ["Own helper", "Everyone&#39;s helper", "Assistant"])
        assert.ok(text.includes(name), name);
      assert.ok(text.indexOf("Assistant") < text.indexOf("Everyone&#39;s helper"));
      assert.match(text, /Last acted <time[\s\S]*?for <a[^>]*>grace@acme\.example<\/a>/);
      for (const { clientId } of [own, theirs, { clientId: documentId }])
        assert.equal((await owner.get(pathOf(clientId))).status, 200, clientId);
      const detail = await owner.get(pathOf(documentId));
      assert.match(factOf(detail, "Registered by") ?? "", /metadata document/);
      assert.match(detail.text, /People for whom it acts[\s\S]*grace@acme\.example/);
    });

    it("blocks any agent at once; only an owner unblocks it", async () => {
      for (const agent of [await register("To block", null), { clientId: documentId, name: "Assistant" }]) {
        const token = await act(agent);
        assert.equal(await isAlive(token), true);
        const path = pathOf(agent.clientId);
        assertRedirect(await submit(admin, path, "/block"), path);
        assert.equal(await isAlive(token), false);
        const { action, targetId, actor } = await lastEntry();
        assert.deepEqual([action, targetId, actor], ["agent.blocked", agent.clientId, "admin@acme.example"]);
        assert.match((await admin.get(path)).text, /Only an owner unblocks an agent/);
        assert.equal((await admin.post(`${path}/unblock`)).status, 404);
        assert.equal(await isAlive(token), false);
        assertRedirect(await submit(owner, path, "/unblock"), path);
        assert.equal((await lastEntry()).action, "agent.unblocked");
        assert.equal(await isAlive(token), false, "a token stays dead");
        assert.equal(await isAlive(await act(agent)), true);
      }
    });

    it("replaces a secret by a second one, and keeps the last one", async () => {
      const created = await answerOf(
        owner,
        await owner.post("/admin/agents", { ...filled, name: "Rotating" }),
      );
      const first = secretIn(created) ?? assert.fail();
      const path = pathOf(valueAt(created, "client-id"));
      const { clientId } =
        (await site().acme.store.agents.registered()).find(({ name }) => name === "Rotating") ??
        assert.fail();
      assert.doesNotMatch(created.text, /secrets\/remove/);
      const added = await answerOf(owner, await submit(owner, path, "/secrets"));
      const second = secretIn(added) ?? assert.fail();
      assert.equal((await lastEntry()).action, "agent.secret_added");
      assert.ok(
        isSecretOf(await secretsOf(clientId), first) && isSecretOf(await secretsOf(clientId), second),
      );
      assertRedirect(await owner.post(`${path}/secrets`), path);
      assert.match((await owner.get(path)).text, /The agent has two secrets/);
      assertRedirect(await owner.post(`${path}/secrets/remove`, { secret: hashToken(first) }), path);
      assert.equal((await lastEntry()).action, "agent.secret_removed");
      assert.deepEqual(
        (await secretsOf(clientId)).map(({ hash }) => hash),
        [hashToken(second)],
      );
      assertRedirect(await owner.post(`${path}/secrets/remove`, { secret: hashToken(second) }), path);
      assert.match((await owner.get(path)).text, /This is the only secret/);
      assert.equal((await lastEntry()).action, "agent.secret_removed", "a refused act leaves no entry");
      assert.equal((await secretsOf(clientId)).length, 1);
    });

    it("revokes an agent of the tenant for ever, and no other", async () => {
      const agent = await register("To revoke");
      const token = await act(agent);
      const path = pathOf(agent.clientId);
      assertRedirect(await submit(owner, path, "/revoke"), path);
      assert.equal(await isAlive(token), false);
      assert.equal((await lastEntry()).action, "agent.revoked");
      const { text } = await owner.get(path);
      assert.match(text, /Revoked for ever/);
      assert.doesNotMatch(text, /<form method="post" action="\/admin\/agents/);
      assert.equal((await owner.post(`${path}/secrets`)).status, 404);
      const everyones = await register("The operator's", null);
      await act({ clientId: documentId, name: "Assistant" });
      for (const clientId of [everyones.clientId, documentId])
        for (const end of ["revoke", "secrets", "secrets/remove"])
          assert.equal((await owner.post(`${pathOf(clientId)}/${end}`)).status, 404, `${clientId} ${end}`);
      assert.equal((await agentStore(use().database).byId(everyones.clientId))?.revokedAt, null);
    });

    it("keeps agents out of a connection; only an owner lets them in again", async () => {
      const { store } = site().acme;
      const agent = await register("Kept out");
      const token = await act(agent);
      const end = `${connectionId}/agents`;
      assertRedirect(await submit(admin, "/admin/agents", end), "/admin/agents");
      assert.equal(await isAlive(token), false);
      assert.equal((await store.connections.byId(connectionId))?.settings?.crossAppAccess, false);
      const { action, kind, targetId } = await lastEntry();
      assert.deepEqual([action, kind, targetId], ["agents.kept_out", "agents", connectionId]);
      const seen = await page(admin);
      assert.match(seen.text, /Only an owner lets agents in/);
      const shown = shownOn(await page(owner));
      const answer = await admin.post(`/admin/connections/${end}`, { letIn: "on", shown });
      assert.equal(answer.status, 404);
      assert.equal(await isAlive(token), false);
      assertRedirect(await submit(owner, "/admin/agents", end), "/admin/agents");
      assert.equal((await lastEntry()).action, "agents.let_in");
      assert.equal(await isAlive(token), false, "a token stays dead");
      assert.equal(await isAlive(await act(agent)), true);
      assert.equal((await store.connections.byId(connectionId))?.edited?.by, "owner@acme.example");
    });

    it("lets no agents in through settings that the owner did not see", async () => {
      const { store } = site().acme;
      const connection = (await store.connections.byId(connectionId)) ?? assert.fail();
      await submit(owner, "/admin/agents", `${connectionId}/agents`);
      const form = formOn(await page(), `${connectionId}/agents`);
      await store.connections.update(connectionId, { justInTime: !connection.justInTime });
      const refused = await answerOf(owner, await form.send(owner));
      assert.match(messagesOn(refused), /Nothing was changed: another person or a machine has made changes/);
      assert.equal((await store.connections.byId(connectionId))?.settings?.crossAppAccess, false);
      await submit(owner, "/admin/agents", `${connectionId}/agents`);
    });

    it("offers an administrator who is not an owner no form that extends access", async () => {
      const agent = await register("Seen by the admin");
      for (const path of ["/admin/agents", "/admin/agents/new", pathOf(agent.clientId)]) {
        const { status, text } = await admin.get(path);
        assert.equal(status, 200);
        assert.doesNotMatch(
          text,
          /action="\/admin\/agents"|href="\/admin\/agents\/new"|\/secrets"|\/revoke"/,
          path,
        );
      }
      assert.match((await admin.get("/admin/agents/new")).text, /Only an owner registers an agent/);
      const before = await secretsOf(agent.clientId);
      const acts = ["", `/${agent.clientId}/secrets`, `/${agent.clientId}/revoke`];
      for (const end of [...acts, `/${agent.clientId}/secrets/remove`])
        assert.equal((await admin.post(`/admin/agents${end}`, filled)).status, 404, end);
      assert.deepEqual(await secretsOf(agent.clientId), before);
    });

    it("shows another tenant nothing of an agent, and lets it change nothing", async () => {
      const b = await createTestTenant(use().database);
      const agent = await register("B's helper", b.tenant.id);
      assert.ok(!(await page()).text.includes(agent.clientId));
      const path = pathOf(agent.clientId);
      assert.equal((await owner.get(path)).status, 404);
      for (const end of ["block", "unblock", "revoke", "secrets", "secrets/remove"])
        assert.equal((await owner.post(`${path}/${end}`)).status, 404, end);
      assert.equal((await secretsOf(agent.clientId)).length, 1);
      assert.equal((await site().acme.store.agents.find(agent.clientId)) ?? null, null);
    });

    it("lists and filters what agents and administrators did, with names", async () => {
      const agent = await register("In activity");
      await submit(owner, pathOf(agent.clientId), "/block");
      const { text } = await owner.get("/admin/activity?kind=agents");
      assert.match(text, />Agent blocked<\/span>\s*<a href="[^"]*">In activity<\/a>/);
      assert.match(text, /<option value="agents" selected>Agents<\/option>/);
      const exported = await owner.get("/admin/activity/export.csv?kind=agents");
      assert.match(
        exported.text,
        /"agents","agent\.blocked","admin","owner@acme\.example"[^\r]*"In activity"/,
      );
    });

    it("shows on the overview how many there are, and which acted last", async () => {
      await act(await register("The latest"));
      const countOf = async () => {
        const { text } = await owner.get("/admin");
        return Number(/(\d+) agents: The latest acted last, <time/.exec(text)?.[1] ?? assert.fail(text));
      };
      const before = await countOf();
      const { clientId } = await register("A former one");
      assert.equal(await countOf(), before + 1);
      await agentStore(use().database).revoke(clientId);
      assert.equal(await countOf(), before, "a revoked agent does not count");
    });
  });
});

/** The ids of the fields that get the focus. */
function focusedIn({ text }: Answer): string[] {
  return [...text.matchAll(/<(?:input|textarea)[^>]* id="([^"]+)"[^>]* autofocus/g)].map(([, id = ""]) => id);
}

function valueAt(page: Answer, id: string): string {
  return new RegExp(`id="${id}">([^<]*)<`).exec(page.text)?.[1] ?? assert.fail(page.text);
}
