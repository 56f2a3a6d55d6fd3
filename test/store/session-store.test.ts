import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  changeSettings,
  disableConnectionUnguarded,
  removeConnection,
} from "../../src/directory/connections.ts";
import { type StoredSession, type StoredSignIn, sessionStore } from "../../src/store/session-store.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { beforeCommit } from "../helpers/before-commit.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser } from "../helpers/people.ts";

describe("the session store", () => {
  onEachDatabase((use) => {
    const anonymous = (more: Partial<StoredSession> = {}): StoredSession => ({
      sidHash: randomUUID(),
      signIn: null,
      createdAt: 1,
      seenAt: 1,
      expiresAt: 1_000,
      data: { userAgent: "Grüße" },
      ...more,
    });
    const at = (time: number) => sessionStore(use().database, () => time);

    it("returns the last saved session on every connection", async () => {
      const session = anonymous();
      await at(0).create(session);
      assert.deepEqual(await sessionStore(use().openAnother(), () => 0).load(session.sidHash), session);
      await at(0).update({ ...session, seenAt: 5, data: {} });
      assert.deepEqual(await at(0).load(session.sidHash), { ...session, seenAt: 5, data: {} });
    });

    it("does not load expired and removed sessions", async () => {
      const session = anonymous();
      await at(0).create(session);
      assert.equal(await at(1_000).load(session.sidHash), null);
      assert.notEqual(await at(999).load(session.sidHash), null);
      await at(0).remove(session.sidHash);
      await at(0).remove(session.sidHash);
      assert.equal(await at(0).load(session.sidHash), null);
    });

    it("extends a session on use", async () => {
      const session = anonymous();
      await at(0).create(session);
      await at(0).touch(session.sidHash, 500, 2_000);
      const { seenAt, expiresAt, data } = (await at(1_500).load(session.sidHash)) as StoredSession;
      assert.deepEqual([seenAt, expiresAt, data], [500, 2_000, session.data]);
    });

    it("does not revive a removed session if a running request saves it", async () => {
      const session = anonymous();
      await at(0).create(session);
      await at(0).remove(session.sidHash);
      await at(0).update({ ...session, seenAt: 5 });
      assert.equal(await at(0).load(session.sidHash), null);
    });

    it("does not revive a removed session if it is touched", async () => {
      const session = anonymous();
      await at(0).create(session);
      await at(0).remove(session.sidHash);
      await at(0).touch(session.sidHash, 500, 2_000);
      assert.equal(await at(0).load(session.sidHash), null);
    });

    it("removes only expired sessions", async () => {
      const [old, young] = [anonymous({ expiresAt: 10 }), anonymous({ expiresAt: 11 })];
      for (const session of [old, young]) await at(0).create(session);
      await at(10).removeExpired();
      assert.deepEqual(
        [await at(0).load(old.sidHash), (await at(0).load(young.sidHash))?.expiresAt],
        [null, 11],
      );
    });

    it("refuses a session for a user of another tenant", async () => {
      const { store } = await createTestTenant(use().database);
      const { store: others } = await createTestTenant(use().database);
      const { id: userId } = await others.users.create(newUser("eve@acme.example"));
      const signIn = { tenantId: store.tenantId, userId, accessEpoch: 0, connectionId: null };
      await assert.rejects(at(0).create(anonymous({ signIn })), /foreign key/i);
    });
  });
});

describe("a session through a connection", () => {
  onEachDatabase((use) => {
    /** A person whose sign-in was decided, and the means to store their session. */
    async function decided() {
      const { store, connection } = await createTestTenant(use().database);
      const { id: connectionId } = await connection();
      const { id: userId } = await store.users.create(newUser("ada@acme.example"));
      await store.identities.add(connectionId, "00u1", userId);
      const signIn = { tenantId: store.tenantId, userId, accessEpoch: 0, connectionId };
      const session = { sidHash: randomUUID(), createdAt: 1, seenAt: 1, expiresAt: 1_000, data: {} };
      const sessions = sessionStore(use().database, () => 1);
      return {
        store,
        signIn,
        create: (more = {}) => sessions.createThrough({ ...session, signIn }, { ...signIn, ...more }),
        isStored: async () => (await sessions.load(session.sidHash)) !== null,
      };
    }

    it("is stored, if the connection leads to the person", async () => {
      const { create, isStored } = await decided();
      assert.deepEqual([await create(), await isStored()], [true, true]);
    });

    it("is not stored through the connection of another tenant, or for its person", async () => {
      const { create, isStored, signIn } = await decided();
      const { signIn: others } = await decided();
      for (const more of [
        { connectionId: others.connectionId },
        { userId: others.userId },
        { tenantId: others.tenantId },
      ])
        assert.deepEqual([await create(more), await isStored()], [false, false], JSON.stringify(more));
      assert.notEqual(signIn.tenantId, others.tenantId);
    });

    const settings = { issuer: "https://other.okta.example", clientId: "0oa1" };
    const changes: Record<string, (store: TenantStore, id: string) => Promise<unknown>> = {
      "leads to another provider": (store, id) => changeSettings(store, id, settings),
      "is switched off": disableConnectionUnguarded,
      "is removed": removeConnection,
    };
    for (const [what, change] of Object.entries(changes)) {
      it(`is not stored once the connection ${what}`, async () => {
        const { create, isStored, store, signIn } = await decided();
        await change(store, signIn.connectionId);
        assert.deepEqual([await create(), await isStored()], [false, false]);
      });

      it(`is not stored, if it waits until the connection ${what}`, async () => {
        const { create, isStored, store, signIn } = await decided();
        const isCreated = await beforeCommit(store, (inside) => change(inside, signIn.connectionId), create);
        assert.deepEqual([isCreated, await isStored()], [false, false]);
      });
    }
  });
});

describe("person", () => {
  onEachDatabase((use) => {
    const signedIn = async (through: "a connection" | "a password") => {
      const { database } = use();
      const tenant = await createTestTenant(database);
      const { store } = tenant;
      const user = await store.users.create(newUser("ada@acme.example"));
      const connection = through === "a connection" ? await tenant.connection() : null;
      const signIn: StoredSignIn = {
        tenantId: store.tenantId,
        userId: user.id,
        accessEpoch: user.accessEpoch,
        connectionId: connection?.id ?? null,
      };
      return {
        ...tenant,
        user,
        okta: connection,
        signIn,
        person: () => sessionStore(database).person(signIn),
      };
    };
    type World = Awaited<ReturnType<typeof signedIn>>;

    it("returns the signed-in user with the current tenant, role and connection", async () => {
      const { store, tenant, user, okta, person } = await signedIn("a connection");
      await store.roles.grant(user.id, "admin");
      await store.users.update(user.id, { displayName: "Ada" });
      const { id, slug, name } = tenant;
      assert.deepEqual(await person(), {
        tenant: { id, slug, name },
        user: await store.users.byId(user.id),
        role: "admin",
        connection: { id: okta?.id, key: okta?.key, type: "oidc" },
      });
      await store.roles.revoke(user.id, "admin");
      assert.equal((await person())?.role, "member");
    });

    it("has no connection after a sign-in by password", async () => {
      const { connection, person } = await signedIn("a password");
      await connection({ draft: true });
      assert.deepEqual([(await person())?.connection, (await person())?.role], [null, "member"]);
    });

    const ends: Record<string, (world: World) => Promise<unknown>> = {
      "access was revoked": ({ store, user }) => store.users.advanceAccessEpoch(user.id),
      "the user was deactivated": ({ store, user }) => store.users.update(user.id, { active: false }),
      "the user was blocked": ({ store, user }) => store.users.update(user.id, { blocked: true }),
      "the user was removed": ({ store, user }) => store.users.remove(user.id),
      "the connection was disabled": ({ store, okta }) =>
        store.connections.update(okta?.id as string, { status: "disabled" }),
      "the connection became a draft": ({ store, okta }) =>
        store.connections.update(okta?.id as string, { status: "draft" }),
      "the connection was removed": ({ store, okta }) => store.connections.remove(okta?.id as string),
    };
    for (const [what, end] of Object.entries(ends)) {
      it(`returns null as soon as ${what}`, async () => {
        const world = await signedIn("a connection");
        assert.equal((await world.person())?.user.id, world.user.id);
        await end(world);
        assert.equal(await world.person(), null);
      });
    }

    it("keeps a password session if a connection is disabled", async () => {
      const { store, connection, user, person } = await signedIn("a password");
      await store.connections.update((await connection()).id, { status: "disabled" });
      assert.equal((await person())?.user.id, user.id);
    });

    it("returns null in another tenant, and through another tenant's connection", async () => {
      const { signIn } = await signedIn("a connection");
      const others = await signedIn("a connection");
      const { person } = sessionStore(use().database);
      assert.equal(await person({ ...signIn, tenantId: others.store.tenantId }), null);
      assert.equal(await person({ ...signIn, connectionId: others.okta?.id as string }), null);
      assert.equal(await person({ ...signIn, connectionId: "" }), null);
    });
  });
});
