import assert from "node:assert/strict";
import type { Connection } from "../../src/model.ts";
import { connectionTypes } from "../../src/sign-in-protocols.ts";
import { removeExpired } from "../../src/store/housekeeping.ts";
import { maxPendingLogins } from "../../src/store/tenant/pending-logins.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { networkOf } from "../../src/web/request.ts";
import { onEachDatabase, onOneDatabase } from "../helpers/databases.ts";
import { tableNames } from "../helpers/every-table.ts";
import { interleaved } from "../helpers/interleaved.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { comeBack, connectOrg, orgOptions } from "../helpers/org.ts";
import { createTestTenant } from "../helpers/people.ts";
import { samlSettings } from "../helpers/saml-settings.ts"; // SAML
import { useSite } from "../helpers/site.ts";

/** The header in which the proxy of a deployment says who asks. */
const from = (address: string) => ({ "x-forwarded-for": address });
const behindProxy = { ...orgOptions, trustProxy: 1 };

describe("rows that anyone can make", () => {
  onEachDatabase((use) => {
    const site = useSite(use, behindProxy);
    let op: OpenIdProvider;
    let connection: Connection;
    let other: Connection;
    before(async () => {
      op = await startOpenIdProvider();
      op.define({ sub: "ada", email: "ada@acme.example" });
      const connect = () => connectOrg(op, { baseUrl: site().app.url, tenant: site().acme });
      connection = await connect();
      other = await connect();
    });
    after(() => op.close());
    afterEach(() => use().database.sql()("pending_logins").delete());

    const pending = () => use().database.sql()("pending_logins");
    const held = async (id: string) =>
      Number((await pending().where("connection_id", id).count("* as n"))[0]?.n);
    const login = () => `/oidc/${connection.key}/login`;

    /** Writes the rows of `count` sign-ins that others begin, a little later than now, without the requests. */
    async function flood(
      count: number,
      networkAt: (index: number) => string,
      id = connection.id,
      laterMs = 5_000,
    ): Promise<void> {
      const expiresAt = Date.now() + 600_000 + laterMs;
      const rows = Array.from({ length: count }, (_, index) => ({
        tenant_id: site().acme.tenant.id,
        connection_id: id,
        state_hash: `flood-${id}-${laterMs}-${index}`,
        browser_hash: "x",
        sealed_data: "x",
        // Each is a little older than the ones that follow.
        expires_at: expiresAt + index,
        network_hash: networkAt(index),
      }));
      for (let start = 0; start < rows.length; start += 500)
        await use()
          .database.sql()("pending_logins")
          .insert(rows.slice(start, start + 500));
    }

    it("are few for a flood of sign-ins from one network, which pushes out no one else's", async () => {
      const client = site().app.client();
      const left = await client.get(login(), from("203.0.113.9"));
      await flood(maxPendingLogins - 1, () => "one network");
      await flood(20, () => "one network", other.id);
      for (let more = 0; more < 5; more++)
        assert.equal((await site().app.client().get(login(), from("198.51.100.7"))).status, 302);
      assert.ok(
        (await held(connection.id)) <= maxPendingLogins / 2 + 10,
        `${await held(connection.id)} rows`,
      );
      assert.equal(await held(other.id), 20);
      const answer = await comeBack(site().app, op, client, left.location ?? "");
      assert.equal(answer.status, 303, answer.text);
    });

    it("are not removed for a second network, if another request has just made room", async () => {
      await flood(3_000, () => "the busiest network");
      await flood(2_000, () => "an office", connection.id, 6_000_000);
      const makeRoom = () => pending().where("network_hash", "the busiest network").delete();
      let statements = 0;
      const database = interleaved(use().database, () => (++statements === 2 ? makeRoom : null));
      const { pendingLogins } = forTenant(database, site().acme.tenant.id);
      await pendingLogins.create({
        ...{ connectionId: connection.id, stateHash: "begun", browserHash: "x", sealedData: "x" },
        ...{ expiresAt: Date.now() + 600_000, networkHash: "a person" },
      });
      assert.equal(await held(connection.id), 2_001);
    });

    it("never exceed the limit, for a flood from as many networks, and the oldest ones go first", async () => {
      await flood(maxPendingLogins, (index) => `network ${index}`, connection.id, -60_000);
      const client = site().app.client();
      const left = await client.get(login(), from("203.0.113.9"));
      for (let more = 0; more < 20; more++)
        await site()
          .app.client()
          .get(login(), from(`198.51.100.${more}`));
      assert.ok((await held(connection.id)) <= maxPendingLogins, `${await held(connection.id)} rows`);
      const [first] = await pending().where("state_hash", "like", "flood-%").orderBy("expires_at").limit(1);
      assert.match(first.state_hash, /-2\d$/);
      assert.equal((await comeBack(site().app, op, client, left.location ?? "")).status, 303);
    });

    it("count an IPv6 subscriber as one network, and store no address", async () => {
      for (const address of ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1", "203.0.113.9"])
        await site().app.client().get(login(), from(address));
      const hashes = (await pending().select("network_hash")).map((row) => row.network_hash as string);
      assert.equal(new Set(hashes).size, 3);
      for (const hash of hashes) assert.match(hash, /^[\w-]{43}$/);
    });

    it("are a fixed number of counters for one network that guesses ever other names", async () => {
      const counters = () => use().database.sql()("rate_limits");
      await counters().delete();
      const slug = site().acme.tenant.slug;
      const statuses = new Set<number>();
      for (let index = 0; index < 75; index++) {
        const form = { loginName: `guessed-${index}@acme.example`, password: "x" };
        const path = index % 10 === 0 ? `/login/password/${slug}/forgotten` : `/login/password/${slug}`;
        const address = `2001:db8:9:9::${index.toString(16)}`;
        statuses.add((await site().app.client().post(path, form, from(address))).status);
      }
      assert.ok(statuses.has(429), [...statuses].join(", "));
      // Of the 50 attempts that the network has: each counts for its account, and for its account and network.
      assert.ok((await counters()).length <= 101, `${(await counters()).length} rows`);
    });

    it("are one counter for one network that calls the endpoints for machines from ever other addresses", async () => {
      const counters = () => use().database.sql()("rate_limits");
      await counters().delete();
      for (let index = 0; index < 10; index++) {
        const headers = from(`2001:db8:7:7::${index}`);
        const client = site().app.client();
        await client.send("POST", "/oauth2/token", headers, new URLSearchParams({ client_id: `c${index}` }));
        await client.send("POST", "/global-token-revocation", headers, "{}");
        await client.send("POST", `/shared-signals/none-${index}`, headers, "x");
      }
      const keys = (await counters().select("key")).map(({ key }: { key: string }) => key).sort();
      const network = networkOf("2001:db8:7:7::1");
      assert.deepEqual(
        keys,
        ["shared-signals", "token-address", "universal-logout"].map((name) => `${name}:${network}`),
      );
    });

    it("are removed by housekeeping, when they are over", async () => {
      await flood(3, () => "one network");
      await pending().update({ expires_at: Date.now() - 1 });
      await use()
        .database.sql()("rate_limits")
        .update({ expires_at: Date.now() - 1 });
      await removeExpired(use().database);
      assert.equal((await pending()).length + (await use().database.sql()("rate_limits")).length, 0);
    });
  });

  /** The tables in which a request without any credential leaves rows, and what bounds them. */
  const bounded: Record<string, string> = {
    activity: "30 refusals a minute for each tenant and reason, and the tenant's retention",
    day_counts: "a figure for each day, kind and tenant",
    key_pairs: "one pair for each SAML connection, when its metadata is read first", // SAML
    pending_logins: "maxPendingLogins for each connection, and ten minutes",
    rate_limits: "the limits of each network, and an hour",
  };

  onOneDatabase((use) => {
    const site = useSite(use, behindProxy);

    it("are in the tables that are listed here, and in no other", async () => {
      const { app, acme } = site();
      const oidc = await acme.connection();
      const keys = [oidc.key];
      keys.push((await acme.connection({ type: "saml", settings: samlSettings })).key); // SAML
      const second = await createTestTenant(use().database);
      const counts = async () => {
        const rows: Record<string, number> = {};
        for (const table of await tableNames(use().database))
          rows[table] = Number((await use().database.sql()(table).count("* as n"))[0]?.n);
        return rows;
      };
      const before = await counts();
      const ask = async (path: string, form?: Record<string, string>, type?: string) => {
        const client = app.client();
        if (!form) return await client.get(path);
        if (!type) return await client.post(path, form);
        return await client.send(
          "POST",
          path,
          { "content-type": type, authorization: "Bearer x" },
          JSON.stringify(form),
        );
      };
      const slug = acme.tenant.slug;
      for (let round = 0; round < 3; round++) {
        for (const path of [
          "/",
          "/login",
          `/login/password/${slug}`,
          "/login/second-step",
          "/setup/none",
          "/me",
        ])
          await ask(path);
        for (const key of keys) {
          for (const path of ["login", "callback?state=x&code=y", "finish?ticket=x", "metadata"])
            for (const protocol of connectionTypes) await ask(`/${protocol}/${key}/${path}`);
          await ask(`/saml/${key}/acs`, { SAMLResponse: "PGE+", RelayState: "x" }); // SAML
          await ask(`/oidc/${key}/initiate`, { iss: "https://acme.okta.example" });
          await ask(`/shared-signals/${key}`, { a: "b" }, "application/secevent+jwt");
        }
        await ask("/login", { email: `x-${round}@acme.example` });
        await ask("/login/password", { tenant: second.tenant.slug });
        await ask(`/login/password/${slug}`, { loginName: `x-${round}`, password: "x" });
        await ask(`/login/password/${slug}/forgotten`, { loginName: `x-${round}` });
        await ask("/login/passkey", { answer: "{}" });
        await ask("/login/second-step", { code: "123456" });
        await ask("/setup/none", { password: "four words make one" });
        await ask("/oauth2/token", { grant_type: "client_credentials", client_id: `x-${round}` });
        await ask("/oauth2/revoke", { token: "x" });
        await ask("/logout", {});
        await ask("/organisations/switch", { tenant: slug });
        for (const [path, type] of [
          ["/scim/v2/Users", "application/scim+json"],
          ["/global-token-revocation", "application/json"],
          ["/mcp", "application/json"],
        ] as const)
          await ask(path, { a: "b" }, type);
      }
      const after = await counts();
      const grown = Object.keys(after).filter((table) => (after[table] ?? 0) > (before[table] ?? 0));
      assert.deepEqual(grown.sort(), Object.keys(bounded).sort());
    });
  });
});
