import assert from "node:assert/strict";
import { blockAgent } from "../../src/directory/agents.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { tableNames } from "../helpers/every-table.ts";
import { submit } from "../helpers/forms.ts";
import { lastRefusal, registerAgent, signIdJag, testedConnection, useAgentSite } from "../helpers/id-jag.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../helpers/people.ts";
import { type RevokingOrg, startRevokingOrg, strangersKey, type TokenParts } from "../helpers/revocation.ts";
import { stateOf } from "./pages-read.ts";

const path = "/admin/agents/preview";

describe("the preview of an ID-JAG in the admin console", () => {
  onEachDatabase((use) => {
    const site = useAgentSite(use);
    let admin: Client;
    let orgOfB: RevokingOrg;
    after(() => orgOfB.close());
    before(async () => {
      orgOfB = await startRevokingOrg();
      const { store, tenant } = site().acme;
      await createLocalAccount(store, "admin@acme.example", "admin");
      admin = site().app.client();
      assert.equal((await admin.signIn(tenant.slug, "admin@acme.example", testPassword)).status, 303);
    });

    const preview = (assertion: string) => submit(admin, path, "/preview", { assertion });
    const failedRule = (page: Answer) => /Rule <code>([^<]*)<\/code>/.exec(page.text)?.[1] ?? null;
    const outcomesOn = (page: Answer) =>
      [...page.text.matchAll(/<span class="visually-hidden">(passed|failed|not reached): <\/span>/g)].map(
        ([, outcome]) => outcome,
      );
    /** The rows of all tables but those that every request may write. */
    async function everyRow(): Promise<Record<string, unknown[]>> {
      const sql = use().database.sql();
      const rows: Record<string, unknown[]> = {};
      for (const name of await tableNames(use().database))
        if (!["sessions", "rate_limits", "inspector_messages", "inspector_flow_keys"].includes(name))
          rows[name] = (await sql(name).select("*")).map((row: unknown) => JSON.stringify(row)).sort();
      return rows;
    }

    it("says who would get access and to what, without any effect, and forgets the text", async () => {
      const { idJag, app, send } = site();
      const assertion = await idJag({ claims: { resource: `${app.url}/mcp`, scope: "tasks.read" } });
      const before = await everyRow();
      const page = await preview(assertion);
      assert.equal(page.status, 200);
      assert.match(
        page.text,
        /The agent would get access[\s\S]*ada@acme\.example<\/a>, with <code>tasks\.read</,
      );
      assert.deepEqual([...new Set(outcomesOn(page))], ["passed"]);
      assert.deepEqual(await everyRow(), before);
      assert.equal(page.headers.get("cache-control"), "no-store");
      const signature = assertion.split(".")[2] ?? assert.fail();
      assert.ok(!page.text.includes(signature));
      assert.ok(!JSON.stringify(app.logged).includes(signature));
      assert.equal((await send(assertion)).status, 200, "an assertion for the MCP server is still unused");
      assert.equal(failedRule(await preview(assertion)), "assertion-unused");
    });

    const wrong: [string, () => TokenParts][] = [
      ["assertion-signature", () => ({ key: strangersKey })],
      ["assertion-type", () => ({ header: { typ: "JWT" } })],
      ["assertion-audience", () => ({ claims: { aud: "https://other.example" } })],
      ["assertion-expiry", () => ({ claims: { iat: 1_000, exp: 1_300 } })],
      ["issuer-connected", () => ({ claims: { iss: "https://unknown.okta.com" } })],
      ["tenant-named", () => ({ claims: { aud_tenant: "unknown" } })],
      ["resource-ours", () => ({ claims: { resource: "https://other.example/api" } })],
      ["scope-left", () => ({ claims: { scope: "unknown" } })],
    ];
    for (const [rule, parts] of wrong) {
      it(`names the rule ${rule}, as the token endpoint does, and what was not reached`, async () => {
        const { app, idJag, send } = site();
        const assertion = await idJag(parts());
        const page = await preview(assertion);
        assert.equal(failedRule(page), rule);
        await send(assertion);
        assert.equal(lastRefusal(app).rule, rule);
        const outcomes = outcomesOn(page);
        const at = outcomes.indexOf("failed");
        assert.ok(outcomes.slice(0, at).every((one) => one === "passed"));
        assert.ok(outcomes.slice(at + 1).every((one) => one === "not reached"));
      });
    }

    it("names a blocked agent, a connection that keeps agents out, and an unknown person", async () => {
      const { acme, agent, connection, idJag } = site();
      const { store } = acme;
      await blockAgent(store, agent, true);
      assert.equal(failedRule(await preview(await idJag())), "agent-not-blocked");
      await blockAgent(store, agent, false);
      const settings = { ...connection.settings, crossAppAccess: false } as typeof connection.settings;
      await store.connections.update(connection.id, { settings });
      assert.equal(failedRule(await preview(await idJag())), "switched-on");
      await store.connections.update(connection.id, { settings: connection.settings, justInTime: false });
      const page = await preview(await idJag({ claims: { sub: "00u-unknown" } }));
      assert.equal(failedRule(page), "person-admitted");
      assert.match(page.text, /Found: there is no such account, and the connection creates none/);
      await store.connections.update(connection.id, { justInTime: true });
    });

    it("creates no account that an assertion would create just in time", async () => {
      const { acme, idJag } = site();
      const page = await preview(await idJag({ claims: { sub: "00u-new", email: "new@acme.example" } }));
      assert.match(page.text, /For a new account, which it would create/);
      assert.equal(await acme.store.users.byLoginName("new@acme.example"), null);
    });

    it("knows the agents of the tenant and of the operator, and no agent of another tenant", async () => {
      const { acme, app, org } = site();
      const b = await createTestTenant(use().database);
      const previewOf = async (clientId: string) => await preview(await signIdJag(org, app.url, clientId));
      const own = await registerAgent(use(), { tenantId: acme.tenant.id });
      assert.equal(failedRule(await previewOf(own.clientId)), null);
      const theirs = await registerAgent(use(), { tenantId: b.tenant.id });
      const pages = [await previewOf(theirs.clientId), await previewOf("agent_unknown")];
      const [foreign, unknown] = pages.map(({ text }) => withoutClaims(text));
      assert.equal(foreign, unknown);
      assert.match(unknown ?? "", /no agent with this client ID is known here/);
    });

    it("reveals nothing about the org and the connections of another tenant", async () => {
      const { app, agent, org } = site();
      const b = await createTestTenant(use().database);
      const theirs = await b.connection({ settings: { issuer: orgOfB.issuer, clientId: "b" } });
      const right = await preview(await signIdJag(orgOfB, app.url, agent.clientId));
      const iss = "https://unknown.okta.com";
      const unknown = await preview(await signIdJag(org, app.url, agent.clientId, { claims: { iss } }));
      assert.equal(withoutClaims(right.text), withoutClaims(unknown.text));
      assert.equal(failedRule(right), "issuer-connected");
      // An org that serves both tenants: only its own signature shows that there is another connection.
      const shared = await testedConnection(b, { settings: { issuer: org.issuer, clientId: "b" } });
      const previewOf = async (parts: TokenParts) =>
        failedRule(await preview(await signIdJag(org, app.url, agent.clientId, parts)));
      assert.equal(await previewOf({ claims: { aud_tenant: shared.key } }), "tenant-named");
      assert.equal(await previewOf({ claims: { aud_tenant: theirs.key } }), "tenant-named");
      assert.equal(await previewOf({ key: strangersKey }), "assertion-signature");
      assert.equal(await previewOf({}), "connection-clear");
      for (const { id } of [shared, theirs]) await b.store.connections.update(id, { status: "disabled" });
    });

    it("refuses a text that is not an ID-JAG, next to the field", async () => {
      for (const assertion of ["", "nonsense", "a.b.c", "<script>alert(1)</script>"]) {
        const page = await preview(assertion);
        assert.equal(page.status, 400);
        assert.match(stateOf(page, "assertion"), /This is not an ID-JAG/);
        assert.ok(!page.text.includes("alert(1)"));
      }
      const odd = await site().idJag({ claims: { exp: 1e300 } });
      assert.equal((await preview(odd)).status, 200);
    });

    it("lists the calls that were refused lately", async () => {
      const { idJag, send } = site();
      await send(await idJag({ claims: { scope: "unknown" } }));
      const { text } = await admin.get(path);
      assert.match(
        text,
        /Agent \(wlp1\) for <a[^>]*>[^<]*<\/a>, because this check failed: <strong>A scope is asked for, granted by the org/,
      );
    });

    it("is limited to sixty in ten minutes", async () => {
      const limits = use().database.sql()("rate_limits").where("key", "like", "agent-preview:%");
      await limits.update({ points: 60 });
      const answer = await preview("nonsense");
      assert.equal(answer.status, 429);
      assert.match(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
    });
  });
});

/** The page without what it repeats of the assertion. */
function withoutClaims(text: string): string {
  const at = text.indexOf('aria-labelledby="claims"');
  assert.ok(at > 0, text.slice(0, 500));
  return text.slice(0, at) + text.slice(text.indexOf("</section>", at));
}
