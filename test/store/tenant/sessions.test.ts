import assert from "node:assert/strict";
import { sessionStore } from "../../../src/store/session-store.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { onEachDatabase } from "../../helpers/databases.ts";
import { createTestTenant, newUser } from "../../helpers/people.ts";

describe("a tenant's sessions", () => {
  onEachDatabase((use) => {
    const fresh = async () => {
      const { database } = use();
      const tenant = await createTestTenant(database);
      const store = forTenant(database, tenant.tenant.id, () => 1_000);
      const user = await store.users.create(newUser("ada@acme.example"));
      const okta = await tenant.connection();
      const prefix = tenant.tenant.slug;
      const begin = (
        sid: string,
        more: { epoch?: number; connectionId?: string; seenAt?: number; expiresAt?: number },
      ) =>
        sessionStore(database).create({
          sidHash: `${prefix}-${sid}`,
          signIn: {
            tenantId: store.tenantId,
            userId: user.id,
            accessEpoch: more.epoch ?? 0,
            connectionId: more.connectionId ?? null,
          },
          createdAt: 1,
          seenAt: more.seenAt ?? 1,
          expiresAt: more.expiresAt ?? 2_000,
          data: { userAgent: "Firefox" },
        });
      const living = async () =>
        (await store.sessions.ofUser(user.id)).map(({ id }) => id.slice(prefix.length + 1));
      return { store, user, okta, begin, living, prefix };
    };

    it("are listed while valid: not expired, and of the current access epoch", async () => {
      const { store, user, begin, living } = await fresh();
      await begin("first", { seenAt: 10 });
      await begin("last", { seenAt: 20 });
      await begin("expired", { expiresAt: 1_000 });
      await begin("revoked", { epoch: -1 });
      assert.deepEqual(await living(), ["last", "first"]);
      const [session] = await store.sessions.ofUser(user.id);
      assert.deepEqual([session?.createdAt, session?.lastSeenAt, session?.userAgent], [1, 20, "Firefox"]);
    });

    it("end together, or all but one", async () => {
      const { store, user, begin, living, prefix } = await fresh();
      for (const sid of ["a", "b", "c"]) await begin(sid, {});
      await store.sessions.remove(user.id, `${prefix}-b`);
      assert.deepEqual(await living(), ["b"]);
      await store.sessions.remove(user.id, null);
      assert.deepEqual(await living(), []);
    });

    it("end with their connection, but not others", async () => {
      const { store, okta, begin, living } = await fresh();
      await begin("password", {});
      await begin("okta", { connectionId: okta.id });
      await store.sessions.revokeOfConnection(okta.id);
      assert.deepEqual(await living(), ["password"]);
    });

    it("are not ended by another tenant", async () => {
      const { user, okta, begin, living } = await fresh();
      const { store: others } = await createTestTenant(use().database);
      await begin("okta", { connectionId: okta.id });
      await others.sessions.remove(user.id, null);
      await others.sessions.revokeOfConnection(okta.id);
      assert.deepEqual(await living(), ["okta"]);
      assert.deepEqual(await others.sessions.ofUser(user.id), []);
    });

    it("are deleted with their user", async () => {
      const { store, user, begin, living } = await fresh();
      await begin("a", {});
      await store.users.remove(user.id);
      assert.deepEqual(await living(), []);
    });
  });
});
