import assert from "node:assert/strict";
import { removeExpired } from "../../src/store/housekeeping.ts";
import { rateLimiter } from "../../src/store/rate-limits.ts";
import { sessionStore } from "../../src/store/session-store.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser } from "../helpers/people.ts";

const accessToken = {
  clientId: "agent_1",
  act: null,
  scopes: [],
  resources: [],
  role: "member",
  keyThumbprint: null,
  accessEpoch: 0,
} as const;

describe("housekeeping", () => {
  onEachDatabase((use) => {
    it("removes only expired sessions, access tokens, links and rate limits", async () => {
      const { database } = use();
      const { store, connection } = await createTestTenant(database);
      const { id: userId } = await store.users.create(newUser("ada@acme.example"));
      const { id: connectionId } = await connection();
      await store.agents.recordUse({ clientId: "agent_1", name: "Scribe" }, userId);
      const later = Date.now() + 60_000;
      const limiter = rateLimiter(database, { name: "kept", points: 1, seconds: 60 });
      for (const name of ["over", "alive"]) {
        const expiresAt = name === "over" ? Date.now() - 1 : later;
        const session = { signIn: null, createdAt: 1, seenAt: 1, data: {} };
        await sessionStore(database).create({ ...session, sidHash: name, expiresAt });
        await store.links.create(name, { kind: "set-password", userId }, expiresAt);
        await store.accessTokens.create({
          ...accessToken,
          id: name,
          tokenHash: name,
          userId,
          connectionId,
          expiresAt,
        });
        await limiter.use(name);
      }
      await database
        .sql()("rate_limits")
        .where("key", "kept:over")
        .update({ expires_at: Date.now() - 1 });
      await removeExpired(database);
      const left = async (table: string, column: string) =>
        (await database.sql()(table).select(column)).map((row: Record<string, string>) => row[column]);
      assert.deepEqual(await left("sessions", "sid_hash"), ["alive"]);
      assert.deepEqual(await left("access_tokens", "token_hash"), ["alive"]);
      assert.deepEqual(await left("one_time_links", "token_hash"), ["alive"]);
      assert.deepEqual(await left("rate_limits", "key"), ["kept:alive"]);
    });

    it("removes answers to repeated requests after a day", async () => {
      const { database } = use();
      const { tenant, store } = await createTestTenant(database);
      const { id: userId } = await store.users.create(newUser("ada@acme.example"));
      const aDayAgo = forTenant(database, tenant.id, () => Date.now() - 86_400_000);
      await aDayAgo.idempotency.reserve({ userId, agent: "", key: "over" }, "fingerprint");
      await store.idempotency.reserve({ userId, agent: "", key: "alive" }, "fingerprint");
      await removeExpired(database);
      assert.deepEqual(await database.sql()("idempotency_keys").select("key"), [{ key: "alive" }]);
    });
  });
});
