import assert from "node:assert/strict";
import { accessTokenStore } from "../../src/store/access-tokens.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import {
  allScopes,
  type FormParts,
  lastRefusal,
  registerAgent,
  sendTokenRequest,
  signIdJag,
  type TokenAnswer,
  testedConnection,
  useAgentSite,
} from "../helpers/id-jag.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { strangersKey, type TokenParts } from "../helpers/revocation.ts";

describe("an access token for an ID-JAG", () => {
  onEachDatabase((use) => {
    const site = useAgentSite(use);
    const ownerOf = async ({ access_token }: TokenAnswer) =>
      (await accessTokenStore(use().database).find(hashToken(access_token))) ?? assert.fail("a dead token");
    const refusedBy = async (parts: object, more = {}) => {
      const answer = await site().send(await site().idJag(parts), more);
      assert.equal(answer.status, 400, answer.text);
      return lastRefusal(site().app).rule;
    };
    const entriesOf = async (actorKind: string) =>
      (await site().acme.store.activity.latest(50)).filter((entry) => entry.actorKind === actorKind);

    it("is issued, short, with its scopes and without a refresh token", async () => {
      const { send, idJag } = site();
      const answer = await send(await idJag());
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.get("cache-control"), "no-store");
      assert.equal(answer.headers.get("pragma"), "no-cache");
      const { access_token, ...rest } = JSON.parse(answer.text) as TokenAnswer;
      assert.match(access_token, /^oinat_[\w-]{43}$/);
      assert.deepEqual(rest, { token_type: "Bearer", expires_in: 1800, scope: allScopes.join(" ") });
    });

    it("belongs to the person, the agent, the tenant and the org's name of the agent", async () => {
      const { agent, ada, acme, connection } = site();
      const owner = await ownerOf(await site().token());
      assert.deepEqual(
        [owner.user.id, owner.agent.clientId, owner.tenant.id, owner.connection.id, owner.act],
        [ada.id, agent.clientId, acme.tenant.id, connection.id, "wlp1"],
      );
    });

    it("is not issued if something unexpected happens, whose text only the log has", async () => {
      const { app, send, idJag } = site();
      const assertion = await idJag();
      const rename = (from: string, to: string) => use().database.sql().schema.renameTable(from, to);
      const failed = async (table: string, parts: FormParts) => {
        await rename(table, "table_away");
        const answer = await send(assertion, parts);
        await rename("table_away", table);
        assert.equal(answer.status, 500, answer.text);
        assert.deepEqual(JSON.parse(answer.text), {
          error: "server_error",
          error_description:
            "Something went wrong on our side. Tell us the value of the header X-Request-Id.",
        });
        const requestId = answer.headers.get("x-request-id");
        const lines = app.logged.filter((line) => line.requestId === requestId && line.level === "error");
        assert.match(JSON.stringify(lines), new RegExp(`${table}.*request\\.failed`));
      };
      await failed("access_tokens", {});
      // Recording a refusal fails, too.
      await failed("activity", { scope: "other.scope" });
      assert.equal((await send(assertion)).status, 200);
    });

    it("lasts no longer than a session of the tenant without a request", async () => {
      const { sessions } = site().acme.store;
      await sessions.changePolicy({ idleMinutes: 10, absoluteMinutes: 60 });
      assert.equal((await site().token()).expires_in, 600);
      await sessions.changePolicy({ idleMinutes: 480, absoluteMinutes: 1440 });
    });

    it("has the scopes that the client asks for, the org grants and the agent may have", async () => {
      const both = allScopes.join(" ");
      const cases: [asked: string | undefined, granted: string | undefined, scope: string][] = [
        [undefined, both, both],
        [undefined, undefined, both],
        ["tasks.read", both, "tasks.read"],
        [both, "tasks.write", "tasks.write"],
        ["tasks.read other.scope", `${both} other.scope`, "tasks.read"],
      ];
      for (const [asked, scope, expected] of cases)
        assert.equal((await site().token({ claims: { scope } }, { scope: asked })).scope, expected);
      const reader = await registerAgent(use(), { scopes: ["tasks.read"] });
      const assertion = await signIdJag(site().org, site().app.url, reader.clientId);
      const client = { client_id: reader.clientId, client_secret: reader.secret };
      const answer = await sendTokenRequest(site().app, { ...client, assertion });
      assert.equal((JSON.parse(answer.text) as TokenAnswer).scope, "tasks.read");
    });

    it("is for the resources of the ID-JAG, which the client may narrow", async () => {
      const { url } = site().app;
      const [api, mcp] = [`${url}/api/v1`, `${url}/mcp`];
      const cases: [granted: unknown, asked: string[], resources: string[]][] = [
        [undefined, [], [api]],
        [url, [], [api]],
        [[api, mcp], [], [api, mcp]],
        [[api, mcp], [mcp], [mcp]],
        [[url, api], [url, api], [api]],
      ];
      for (const [resource, asked, expected] of cases) {
        const token = await site().token({ claims: { resource } }, { resource: asked });
        assert.deepEqual((await ownerOf(token)).resources, expected);
      }
      for (const resource of [`${url}/`, `${api}/`, `${url}/MCP`, "https://other.example/api/v1"])
        assert.equal(await refusedBy({ claims: { resource } }), "resource-ours");
      assert.equal(await refusedBy({ claims: { resource: mcp } }, { resource: api }), "resource-covered");
    });

    it("is issued for one ID-JAG again and again for the API, but once if it is for the MCP server, too", async () => {
      const { url } = site().app;
      const assertion = await site().idJag();
      for (const _ of [1, 2]) assert.equal((await site().send(assertion)).status, 200);
      const forBoth = await site().idJag({ claims: { resource: [`${url}/api/v1`, `${url}/mcp`] } });
      assert.equal((await site().send(forBoth)).status, 200);
      assert.equal((await site().send(forBoth)).status, 400);
      assert.equal(lastRefusal(site().app).rule, "assertion-unused");
      assert.equal((await site().send(forBoth, { resource: `${url}/api/v1` })).status, 200);
    });

    it("needs the tenant's name where one org serves two tenants, and is then for that tenant alone", async () => {
      const { app, agent } = site();
      const shared = await site().startOrg();
      const settings = { issuer: shared.issuer, clientId: "app" };
      const [one, two] = [await createTestTenant(use().database), await createTestTenant(use().database)];
      const [first, second] = [
        await testedConnection(one, { settings }),
        await testedConnection(two, { settings }),
      ];
      for (const [{ store }, { id }] of [
        [one, first],
        [two, second],
      ] as const) {
        const user = await createLocalAccount(store, "ada@shared.example");
        await store.identities.add(id, "00u1", user.id);
      }
      const send = async (claims: object) =>
        await site().send(await signIdJag(shared, app.url, agent.clientId, { claims: { ...claims } }));
      assert.equal((await send({})).status, 400);
      assert.equal(lastRefusal(app).rule, "connection-clear");
      for (const [{ tenant }, { key }] of [
        [one, first],
        [two, second],
      ] as const) {
        const answer = await send({ aud_tenant: key });
        assert.equal(answer.status, 200, answer.text);
        assert.equal((await ownerOf(JSON.parse(answer.text) as TokenAnswer)).tenant.id, tenant.id);
      }
      // The key of another org's connection does not help: the issuer comes first.
      assert.equal((await send({ aud_tenant: site().connection.key })).status, 400);
      assert.equal(lastRefusal(app).rule, "tenant-named");
      assert.equal(
        (await site().send(await site().idJag({ claims: { aud_tenant: first.key } }))).status,
        400,
      );
    });

    it("is issued under the org's other name, with the same keys only", async () => {
      const named = await site().startOrg();
      const issuerAlias = "https://login.acme.example";
      const connection = await testedConnection(site().acme, {
        settings: { issuer: named.issuer, issuerAlias, clientId: "app" },
      });
      await site().acme.store.identities.add(connection.id, "00u1", site().ada.id);
      const { app, agent, org } = site();
      const send = async (signer: typeof named, iss: string) =>
        (
          await site().send(
            await signIdJag(signer, app.url, agent.clientId, { claims: { iss, aud_tenant: connection.key } }),
          )
        ).status;
      assert.deepEqual(
        [
          await send(named, named.issuer),
          await send(named, issuerAlias),
          await send(named, `${issuerAlias}/`),
        ],
        [200, 200, 200],
      );
      assert.equal(await send(org, issuerAlias), 400);
      assert.equal(lastRefusal(app).rule, "assertion-signature");
    });

    it("creates the person just in time, if the connection allows it and the address is free", async () => {
      const { acme, connection, app } = site();
      const unknown = (sub: string, email?: string) => site().idJag({ claims: { sub, email } });
      const [first, second] = [await unknown("00u7", "new@acme.example"), await unknown("00u7")];
      const issued = JSON.parse((await site().send(first)).text) as TokenAnswer;
      const { user } = await ownerOf(issued);
      assert.deepEqual([user.loginName, user.origin], ["new@acme.example", "just-in-time"]);
      assert.equal((await site().send(second)).status, 200);
      const refusals: [string, string][] = [
        [await unknown("00u8"), "profile-incomplete"],
        [await unknown("00u8", "ada@acme.example"), "account-conflict"],
      ];
      for (const [assertion, reason] of refusals) {
        assert.equal((await site().send(assertion)).status, 400);
        assert.match(String(lastRefusal(app).reason), new RegExp(reason));
      }
      await acme.store.connections.update(connection.id, { justInTime: false });
      assert.equal((await site().send(await unknown("00u8", "more@acme.example"))).status, 400);
      assert.match(String(lastRefusal(app).reason), /just-in-time-off/);
      await acme.store.connections.update(connection.id, { justInTime: true });
    });

    it("is shown to the person with its scopes as long as it may last, also after a smaller one", async () => {
      const { acme, ada, agent, token } = site();
      await token({}, { scope: "tasks.write" });
      await token({}, { scope: "tasks.read" });
      const shown = (await acme.store.agents.grantsOf(ada.id)).find(
        ({ clientId }) => clientId === agent.clientId,
      );
      assert.deepEqual(shown?.scopes.sort(), ["tasks.read", "tasks.write"]);
    });

    it("is not issued by a connection that was changed while the org's keys were read", async () => {
      const { acme, ada, app, agent } = site();
      const changes = [
        { status: "disabled" },
        { crossAppAccess: false },
        { issuer: "https://new.example" },
      ] as const;
      for (const change of changes) {
        const slow = await site().startOrg();
        const settings = { issuer: slow.issuer, clientId: "app" };
        const { id } = await testedConnection(acme, { settings });
        await acme.store.identities.add(id, "00u1", ada.id);
        slow.beforeKeys = async () => {
          const changed = "status" in change ? change : { settings: { ...settings, ...change } };
          await acme.store.connections.update(id, changed);
        };
        assert.equal((await site().send(await signIdJag(slow, app.url, agent.clientId))).status, 400);
        assert.match(String(lastRefusal(app).reason), /connection-not-active/);
      }
    });

    it("is issued to two first requests of one person at the same time, for one account", async () => {
      const assertion = await site().idJag({ claims: { sub: "00u10", email: "twice@acme.example" } });
      const answers = await Promise.all([1, 2, 3].map(() => site().send(assertion)));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200],
      );
    });

    it("is in the activity once an hour, and so is each refusal that the org's key vouches for", async () => {
      const { ada, app, org } = site();
      const agent = await registerAgent(use());
      const send = async (claims = {}, parts: TokenParts = {}) => {
        const assertion = await signIdJag(org, app.url, agent.clientId, { claims, ...parts });
        const client = { client_id: agent.clientId, client_secret: agent.secret };
        return await sendTokenRequest(app, { ...client, assertion });
      };
      const before = (await entriesOf("agent")).length;
      for (const _ of [1, 2]) assert.equal((await send()).status, 200);
      for (const _ of [1, 2]) assert.equal((await send({ aud: "https://other.example" })).status, 400);
      assert.equal((await send({ iss: "https://stranger.example" })).status, 400);
      assert.equal((await send({}, { key: strangersKey })).status, 400);
      const entries = await entriesOf("agent");
      assert.equal(entries.length - before, 2);
      assert.deepEqual(
        entries
          .slice(0, 2)
          .map(({ kind, action, actor, targetId, reason }) => [kind, action, actor, targetId, reason]),
        [
          ["agents", "access.refused", "Agent (wlp1)", ada.id, "assertion-audience"],
          ["agents", "access.issued", "Agent (wlp1)", ada.id, null],
        ],
      );
    });

    it("comes with a log line that has neither the ID-JAG nor the token", async () => {
      const { app, ada } = site();
      const assertion = await site().idJag();
      const issued = JSON.parse((await site().send(assertion)).text) as TokenAnswer;
      const line = app.logged.findLast(({ event }) => event === "cross_app_access.issued");
      assert.equal(line?.userId, ada.id);
      const log = JSON.stringify(app.logged);
      assert.ok(!log.includes(assertion) && !log.includes(issued.access_token));
    });

    it("a refusal says nothing of people, tenants or issuers", async () => {
      const { send, idJag, acme } = site();
      const gone = await createLocalAccount(acme.store, "gone@acme.example");
      await acme.store.identities.add(site().connection.id, "00u3", gone.id);
      await acme.store.users.update(gone.id, { active: false });
      const answers = [
        await send(await idJag({ claims: { sub: "00u3" } })),
        await send(await idJag({ claims: { sub: "00u-unknown" } })),
      ];
      assert.equal(answers[0]?.text, answers[1]?.text);
      const strangers = [
        await send(await idJag({ claims: { iss: "https://stranger.example" } })),
        await send(await idJag({ claims: { aud_tenant: "another" } })),
        await send(await idJag({ header: { kid: "k9" } })),
      ];
      assert.equal(new Set(strangers.map(({ text }) => text)).size, 1);
    });

    it("calls above the rate limit get 429 and Retry-After", async () => {
      const counts = use().database.sql()("rate_limits").where("key", "like", "token-address:%");
      assert.ok((await counts.update({ points: 600, expires_at: Date.now() + 60_000 })) > 0);
      const answer = await site().send(await site().idJag());
      assert.equal(answer.status, 429);
      assert.match(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
      await counts.update({ points: 1 });
    });

    it("answers only POST", async () => {
      const answer = await site().app.client().get("/oauth2/token");
      assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "POST"]);
    });
  });
});
