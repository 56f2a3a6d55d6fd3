import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { brand } from "../../config/brand.ts";
import { blockUser, endSessions, unblockUser } from "../../src/directory/access.ts";
import { isApiKey, revokeApiKey } from "../../src/directory/api-keys.ts";
import { provisionUser, updateProvisionedUser } from "../../src/directory/provisioning.ts";
import { grantRole, revokeRole } from "../../src/directory/roles.ts";
import { deleteTenant } from "../../src/directory/tenants.ts";
import { paths } from "../../src/endpoints.ts";
import { createLog } from "../../src/log.ts";
import type { User } from "../../src/model.ts";
import { apiKeyStore } from "../../src/store/api-keys.ts";
import type { Database } from "../../src/store/database.ts";
import { removeExpired } from "../../src/store/housekeeping.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { actingOf, resourceGuard } from "../../src/web/access-tokens.ts";
import { requestContext } from "../../src/web/request.ts";
import { agentToken } from "../helpers/agents.ts";
import { administratorWithKey, apiKeyOf, keyScopes } from "../helpers/api-keys.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import type { Answer } from "../helpers/client.ts";
import { onEachDatabase, onOneDatabase } from "../helpers/databases.ts";
import { createTestTenant, type TestTenant } from "../helpers/people.ts";
import { recorded, startRecording } from "../helpers/recorded.ts";
import { plantSession, sessionSecret } from "../helpers/site.ts";

const hourMs = 3_600_000;

/** Calls a path that the API does not have: the guard answers 401, and the router behind it answers 404. */
function call(app: TestApp, key: string, scheme = "Bearer", path = `${paths.api}/none`): Promise<Answer> {
  return app.client().send("GET", path, { authorization: `${scheme} ${key}` });
}

describe("an API key", () => {
  onEachDatabase((use) => {
    let replicas: [TestApp, TestApp];
    let acme: TestTenant;
    before(async () => {
      const first = await startTestApp(use().database, { sessionSecret });
      const second = await startTestApp(use().openAnother(), { sessionSecret, baseUrl: first.url });
      replicas = [first, second];
    });
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
    });
    after(async () => {
      for (const replica of replicas) await replica.close();
    });

    const statuses = async (key: string) =>
      (await Promise.all(replicas.map((replica) => call(replica, key)))).map(({ status }) => status);
    const [alive, dead] = [
      [404, 404],
      [401, 401],
    ];
    const again = async ({ id }: User) => (await acme.store.users.byId(id)) ?? assert.fail();
    const ruleOfLastRefusal = () =>
      replicas[0].logged.findLast(({ event }) => event === "access_token.refused")?.rule;

    interface End {
      rule: string | null;
      happen(tenant: TestTenant, user: User, id: string): Promise<unknown>;
      /** Gives the person their access back: the key stays dead all the same. */
      undo?(tenant: TestTenant, user: User): Promise<unknown>;
    }
    const ends: Record<string, End> = {
      "its revocation": {
        rule: "api-key-not-revoked",
        happen: ({ store }, _user, id) => revokeApiKey(store, id),
      },
      "a block of its person": {
        rule: "person-not-blocked",
        happen: ({ store }, user) => blockUser(store, user.id),
        undo: ({ store }, user) => unblockUser(store, user.id),
      },
      "the sign-out of its person by an administrator": {
        rule: "access-current",
        happen: ({ store }, user) => endSessions(store, user.id),
      },
      "the deletion of its person": {
        rule: null,
        happen: ({ store }, user) => store.users.remove(user.id),
      },
      "the deletion of its tenant": {
        rule: null,
        happen: ({ tenant }) => deleteTenant(use().database, tenant),
      },
    };
    for (const [name, { rule, happen, undo }] of Object.entries(ends)) {
      it(`is refused from the next request after ${name}, on both replicas`, async () => {
        const { user, key, id } = await administratorWithKey(acme.store);
        const witness = await administratorWithKey((await createTestTenant(use().database)).store);
        assert.deepEqual(await statuses(key), alive);
        await happen(acme, user, id);
        assert.deepEqual(await statuses(key), dead);
        assert.equal(ruleOfLastRefusal() ?? null, rule);
        assert.deepEqual(await statuses(witness.key), alive);
        await undo?.(acme, user);
        assert.deepEqual(await statuses(key), dead, "the key came back to life");
      });
    }

    it("is refused after the deactivation of its person, and stays dead after their return", async () => {
      const { store, writer } = acme;
      const names = { givenName: null, familyName: null, displayName: null, email: null };
      const wanted = { ...names, loginName: "leaving@acme.example", sourceKey: "leaving", active: true };
      const user = await provisionUser(store, writer, wanted);
      await store.roles.replace(user.id, "scim", null, ["admin"]);
      const { key } = await apiKeyOf(store, user);
      assert.deepEqual(await statuses(key), alive);
      await updateProvisionedUser(store, writer, user.id, { active: false });
      assert.deepEqual(await statuses(key), dead);
      assert.equal(ruleOfLastRefusal(), "person-active");
      await updateProvisionedUser(store, writer, user.id, { active: true });
      assert.deepEqual(await statuses(key), dead, "the key came back to life");
      assert.deepEqual(await statuses((await apiKeyOf(store, await again(user))).key), alive);
    });

    it("is refused while its person lacks the role that they had", async () => {
      const { user, key } = await administratorWithKey(acme.store);
      await revokeRole(acme.store, user.id, "admin");
      assert.deepEqual(await statuses(key), dead);
      assert.equal(ruleOfLastRefusal(), "role-kept");
      await grantRole(acme.store, user.id, "admin");
      assert.deepEqual(await statuses(key), alive);
    });

    it("is refused after its expiry, and not if it does not expire", async () => {
      const { user, key, id } = await administratorWithKey(acme.store, { days: 1 });
      const forever = await apiKeyOf(acme.store, user, { days: null });
      await use().database.sql()("api_keys").where({ id }).update({ expires_at: Date.now() });
      assert.deepEqual(await statuses(key), dead);
      assert.equal(ruleOfLastRefusal(), "token-expiry");
      assert.deepEqual(await statuses(forever.key), alive);
    });

    it("is refused by the MCP server, which agents call", async () => {
      const { key } = await administratorWithKey(acme.store);
      assert.equal((await call(replicas[0], key, "Bearer", paths.mcp)).status, 401);
      assert.equal(ruleOfLastRefusal(), "api-key-resource");
    });

    it("is refused with a DPoP scheme, which promises a proof that a key cannot have", async () => {
      const { key } = await administratorWithKey(acme.store);
      assert.equal((await call(replicas[0], key, "DPoP")).status, 401);
      assert.equal(ruleOfLastRefusal(), "token-scheme");
    });

    it("is refused with one answer for every reason, which RFC 6750 defines", async () => {
      const { store } = acme;
      const { key, id } = await administratorWithKey(store);
      await revokeApiKey(store, id);
      const unknown = await administratorWithKey(store);
      await store.users.remove(unknown.user.id);
      const answers = await Promise.all([key, unknown.key].map((one) => call(replicas[0], one)));
      const [revoked, gone] = answers.map(({ headers }) => headers.get("www-authenticate") ?? "");
      assert.match(revoked ?? "", /^Bearer error="invalid_token", error_description="[^"]+"/);
      assert.equal(revoked, gone);
    });

    it("acts for its person alone, in their tenant", async () => {
      const other = await createTestTenant(use().database);
      const { user, key } = await administratorWithKey(acme.store);
      await administratorWithKey(other.store);
      const found = (await apiKeyStore(use().database).find(hashToken(key))) ?? assert.fail();
      assert.deepEqual([found.tenant.id, found.user.id], [acme.tenant.id, user.id]);
      const names = (await other.store.apiKeys.list()).map((one) => one.user.id);
      assert.ok(!names.includes(user.id) && names.length === 1);
    });

    it("is stored as a hash", async () => {
      const { key } = await administratorWithKey(acme.store);
      const rows = await use().database.sql()("api_keys").where("tenant_id", acme.tenant.id);
      assert.ok(!JSON.stringify(rows).includes(key.slice(brand.apiKeyPrefix.length + 4)));
      assert.equal(rows[0]?.key_hash, hashToken(key));
    });

    it("costs as many statements as an access token, and none if its checksum is wrong", async () => {
      const { user, key } = await administratorWithKey(acme.store);
      const token = await agentToken(use().database, acme, replicas[0].url, { user });
      const count = async (presented: string) => {
        const seen: string[] = [];
        // The recorder and the counter of calls ask from time to time, independent of requests.
        const see = ({ sql }: { sql: string }) => void (/inspector|day_counts/.test(sql) || seen.push(sql));
        use().database.sql().on("query", see);
        await call(replicas[0], presented);
        use().database.sql().removeListener("query", see);
        return seen;
      };
      await call(replicas[0], key);
      const [ofKey, ofToken] = [await count(key), await count(token)];
      assert.deepEqual([ofKey.length, ofToken.length], [2, 2], [...ofKey, ...ofToken].join("\n"));
      const last = key.endsWith("0") ? "1" : "0";
      assert.deepEqual(await count(key.slice(0, -1) + last), []);
    });

    it("notes its last use once an hour at most", async () => {
      const { key, id } = await administratorWithKey(acme.store);
      const lastUse = async () =>
        Number((await use().database.sql()("api_keys").where({ id }).first("last_used_at"))?.last_used_at);
      await call(replicas[0], key);
      const first = await lastUse();
      assert.ok(Math.abs(Date.now() - first) < 60_000);
      for (const [age, isWritten] of [
        [hourMs - 60_000, false],
        [hourMs + 60_000, true],
      ] as const) {
        const at = Date.now() - age;
        await use().database.sql()("api_keys").where({ id }).update({ last_used_at: at });
        await call(replicas[0], key);
        assert.equal((await lastUse()) !== at, isWritten, `${age} ms`);
      }
    });

    it("disappears 90 days after its end", async () => {
      const { user, id: recent } = await administratorWithKey(acme.store);
      const [expired, revoked, living] = [
        await apiKeyOf(acme.store, user),
        await apiKeyOf(acme.store, user),
        await apiKeyOf(acme.store, user, { days: null }),
      ];
      const change = (id: string, values: object) =>
        use().database.sql()("api_keys").where({ id }).update(values);
      const at = (days: number) => Date.now() - days * 24 * hourMs;
      await change(recent, { revoked_at: at(89) });
      await change(expired.id, { expires_at: at(91) });
      await change(revoked.id, { revoked_at: at(91) });
      await removeExpired(use().database);
      const left = (await acme.store.apiKeys.list()).map(({ id }) => id);
      assert.deepEqual(left.sort(), [recent, living.id].sort());
    });
  });

  onOneDatabase((use) => {
    it("has the prefix of the product, 256 random bits and a checksum of all", async () => {
      const { store } = await createTestTenant(use().database);
      const { key } = await administratorWithKey(store);
      assert.match(brand.apiKeyPrefix, /^[a-z]{2,12}_$/, "secret scanners and redaction need this form");
      assert.match(key, new RegExp(`^${brand.apiKeyPrefix}[0-9A-Za-z]{49}$`));
      assert.equal(isApiKey(brand.apiKeyPrefix, key), true);
      const changed = key.replace(/.{7}$/, (end) => (end[0] === "a" ? "b" : "a") + end.slice(1));
      for (const wrong of [changed, `${key}0`, key.slice(0, -1), `x${key}`, brand.apiKeyPrefix, ""])
        assert.equal(isApiKey(brand.apiKeyPrefix, wrong), false, wrong);
    });

    it("has the scopes that its person's role still allows, and is limited by itself", async () => {
      const { store } = await createTestTenant(use().database);
      const [scope = ""] = keyScopes;
      const { user, key } = await administratorWithKey(store, { scopes: [scope, "former.scope"] });
      const other = await apiKeyOf(store, user, { scopes: ["former.scope"], name: "Other" });
      const server = await guarded(use().database, scope, 3);
      const send = (one: string) =>
        fetch(server.url, { headers: { authorization: `Bearer ${one}`, connection: "close" } });
      const answer = await send(key);
      assert.deepEqual(await answer.json(), { scopes: [scope], name: "Report", agent: null });
      const refused = await send(other.key);
      assert.equal(refused.status, 403);
      const challenge = refused.headers.get("www-authenticate") ?? "";
      assert.match(challenge, /error="insufficient_scope".*The API key does not have the scope/);
      assert.deepEqual([(await send(key)).status, (await send(key)).status], [200, 200]);
      const limited = await send(key);
      assert.equal(limited.status, 429);
      assert.equal((await limited.json()).detail, "This API key sends too many requests.");
      assert.equal((await send(other.key)).status, 403, "another key of the person has a limit of its own");
      await server.close();
    });

    it("never acts with a session, and a session never with a key", async () => {
      const app = await startTestApp(use().database, { sessionSecret });
      const { store, tenant } = await createTestTenant(use().database);
      const { user, key, id } = await administratorWithKey(store);
      await revokeApiKey(store, id);
      const client = app.client();
      client.cookies.set("session", await plantSession(use(), tenant, user));
      const answer = await client.send("GET", `${paths.api}/none`, { authorization: `Bearer ${key}` });
      assert.equal(answer.status, 401);
      assert.equal((await client.get("/admin")).status, 200);
      const bare = await app.client().send("GET", "/admin", { authorization: `Bearer ${key}` });
      assert.equal(bare.status, 303);
      await app.close();
    });

    it("is in the inspector with its name, its person and every check, and without itself", async () => {
      const app = await startTestApp(use().database);
      const { store } = await createTestTenant(use().database);
      const { user, key, id } = await administratorWithKey(store, { name: "Nightly report" });
      await startRecording(store);
      await call(app, key);
      const [accepted = assert.fail()] = await recorded(store, 1);
      assert.deepEqual(
        [accepted.protocol, accepted.connectionKey, accepted.person, accepted.route.from],
        ["api-key", null, user.loginName, "program"],
      );
      assert.ok(!JSON.stringify(accepted).includes(key.slice(brand.apiKeyPrefix.length + 4)));
      await revokeApiKey(store, id);
      await call(app, key);
      const [refused = assert.fail()] = await recorded(store, 1);
      assert.match(refused.summary, /^401 Unauthorized\. Failed: The API key is not revoked/);
      const failed = refused.checks.filter(({ verdict }) => verdict === "failed");
      assert.deepEqual(
        failed.map(({ name, group }) => [name, group]),
        [["The API key is not revoked", "API key"]],
      );
      assert.ok(!JSON.stringify(app.logged).includes(key.slice(brand.apiKeyPrefix.length + 4)));
      await app.close();
    });
  });
});

/** A route behind the guard of the API. */
async function guarded(database: Database, scope: string, callsPerMinute: number) {
  const guard = resourceGuard(database, "https://app.test", paths.api, callsPerMinute);
  const app = express().use(requestContext(createLog("silent")), guard.authenticate);
  app.use(guard.requireScope(scope), (req, res) => {
    const { scopes, apiKey, agent } = actingOf(req);
    res.json({ scopes, name: apiKey?.name, agent });
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
