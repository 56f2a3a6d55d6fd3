import assert from "node:assert/strict";
import { blockUser, endSessions, unblockUser } from "../../src/directory/access.ts";
import {
  changePassword,
  inviteOwner,
  redeemPasswordLink,
  signInWithPassword,
} from "../../src/directory/local-accounts.ts";
import { passwordHasher } from "../../src/directory/password-hash.ts";
import { checkPassword, passwordLength } from "../../src/directory/password-rules.ts";
import { provisionUser, updateProvisionedUser } from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import { ConflictError, InvalidError, NotFoundError } from "../../src/errors.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { sessionStore } from "../../src/store/session-store.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import {
  createLocalAccount,
  createTestTenant,
  identityOf,
  provisioned,
  type TestTenant,
  testPassword,
  testPasswords,
} from "../helpers/people.ts";
import { plantSession, sidOf } from "../helpers/site.ts";
import { refused } from "../helpers/thrown.ts";

const lastOwner = (error: unknown) => error instanceof ConflictError && error.code === "last-owner";
const newPassword = "another long password";

describe("local accounts and access", () => {
  onEachDatabase((use) => {
    let tenant: TestTenant;

    beforeEach(async () => {
      tenant = await createTestTenant(use().database);
    });

    describe("inviteOwner", () => {
      it("creates the owner, who sets a password with the link once", async () => {
        const token = await inviteOwner(tenant.store, "ada@x.test");
        const { user, tenantId } = await redeemPasswordLink(use().database, testPasswords, {
          token,
          password: newPassword,
        });
        assert.equal(tenantId, tenant.tenant.id);
        assert.equal(await tenant.store.roles.effective(user.id), "owner");
        assert.equal(
          (
            await signInWithPassword(tenant.store, testPasswords, {
              loginName: "ADA@x.test",
              password: newPassword,
            })
          ).id,
          user.id,
        );
        await assert.rejects(
          redeemPasswordLink(use().database, testPasswords, { token, password: newPassword }),
          refused("link-not-valid"),
        );
      });

      it("lets only one of two concurrent uses of the link succeed", async () => {
        const token = await inviteOwner(tenant.store, "ada@x.test");
        const passwords = [newPassword, `${newPassword} too`];
        const ends = await Promise.allSettled(
          passwords.map((password) => redeemPasswordLink(use().database, testPasswords, { token, password })),
        );
        assert.deepEqual(ends.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
      });

      it("revokes earlier links of the account", async () => {
        const first = await inviteOwner(tenant.store, "ada@x.test");
        await inviteOwner(tenant.store, "ada@x.test");
        await assert.rejects(
          redeemPasswordLink(use().database, testPasswords, { token: first, password: newPassword }),
          refused("link-not-valid"),
        );
      });

      it("turns a managed account into a local one, activates and unblocks it", async () => {
        const connection = await tenant.connection();
        const user = await provisionUser(
          tenant.store,
          tenant.writer,
          provisioned("ada@x.test", { sourceKey: "k" }),
        );
        await signIn(tenant.store, identityOf(connection, "ada@x.test"));
        await updateProvisionedUser(tenant.store, tenant.writer, user.id, { active: false });
        await blockUser(tenant.store, user.id);
        const before = await tenant.store.users.byId(user.id);
        await inviteOwner(tenant.store, "ada@x.test");
        const after = await tenant.store.users.byId(user.id);
        const { origin, sourceId, sourceKey, active, blocked } = after ?? assert.fail();
        assert.ok((after?.accessEpoch ?? 0) > (before?.accessEpoch ?? 0), "sessions have ended");
        assert.deepEqual(
          { origin, sourceId, sourceKey, active, blocked },
          { origin: "local", sourceId: null, sourceKey: null, active: true, blocked: false },
        );
        await assert.rejects(
          signIn(tenant.store, identityOf(connection, "ada@x.test")),
          refused("account-conflict"),
        );
        await assert.rejects(updateProvisionedUser(tenant.store, tenant.writer, user.id, {}), ConflictError);
      });

      it("refuses an invalid e-mail address", async () => {
        for (const text of [
          "",
          "ada",
          "ada@",
          "@x.test",
          "a b@x.test",
          "<a@x.test>",
          `${"a".repeat(250)}@x.test`,
        ]) {
          await assert.rejects(inviteOwner(tenant.store, text), InvalidError);
        }
      });

      it("ends existing sessions of the account", async () => {
        const token = await inviteOwner(tenant.store, "ada@x.test");
        const before = (await tenant.store.users.byLoginName("ada@x.test")) ?? assert.fail();
        const { user } = await redeemPasswordLink(use().database, testPasswords, {
          token,
          password: newPassword,
        });
        assert.ok(user.accessEpoch > before.accessEpoch);
      });

      it("refuses a link for setting up a connection", async () => {
        const connection = await tenant.connection({ settings: null });
        const purpose = { kind: "set-up-connection" as const, connectionId: connection.id };
        await tenant.store.links.create(hashToken("set up"), purpose, Date.now() + 60_000);
        await assert.rejects(
          redeemPasswordLink(use().database, testPasswords, { token: "set up", password: newPassword }),
          refused("link-not-valid"),
        );
      });

      it("creates a link that expires after 72 hours", async () => {
        const longAgo = Date.now() - 72 * 3_600_000 - 1;
        const token = await inviteOwner(tenant.store, "ada@x.test", undefined, undefined, () => longAgo);
        await assert.rejects(
          redeemPasswordLink(use().database, testPasswords, { token, password: newPassword }),
          refused("link-not-valid"),
        );
      });

      it("refuses the link of a blocked account", async () => {
        const token = await inviteOwner(tenant.store, "ada@x.test");
        const user = (await tenant.store.users.byLoginName("ada@x.test")) ?? assert.fail();
        await tenant.store.users.update(user.id, { blocked: true });
        await assert.rejects(
          redeemPasswordLink(use().database, testPasswords, { token, password: newPassword }),
          refused("link-not-valid"),
        );
        assert.equal(await tenant.store.credentials.passwordHash(user.id), null);
      });
    });

    describe("signInWithPassword", () => {
      it("gives the same refusal for every reason", async () => {
        const { store } = tenant;
        const inactive = await createLocalAccount(store, "inactive@x.test");
        await store.users.update(inactive.id, { active: false });
        const blocked = await createLocalAccount(store, "blocked@x.test");
        await store.users.update(blocked.id, { blocked: true });
        await createLocalAccount(store, "right@x.test");
        await provisionUser(store, tenant.writer, provisioned("no-password@x.test"));
        for (const name of ["inactive@x.test", "blocked@x.test", "no-password@x.test", "unknown@x.test"]) {
          await assert.rejects(
            signInWithPassword(store, testPasswords, { loginName: name, password: testPassword }),
            refused("bad-credentials"),
          );
        }
        await assert.rejects(
          signInWithPassword(store, testPasswords, { loginName: "right@x.test", password: "wrong" }),
          refused("bad-credentials"),
        );
        await assert.rejects(
          signInWithPassword(forTenant(use().database, "none"), testPasswords, {
            loginName: "right@x.test",
            password: testPassword,
          }),
          refused("bad-credentials"),
        );
        const other = await createTestTenant(use().database);
        await assert.rejects(
          signInWithPassword(other.store, testPasswords, {
            loginName: "right@x.test",
            password: testPassword,
          }),
          refused("bad-credentials"),
        );
      });
    });

    describe("changePassword", () => {
      it("requires the current password and a strong new one, and ends existing sessions", async () => {
        const user = await createLocalAccount(tenant.store, "ada@x.test");
        const sessionId = hashToken(sidOf(await plantSession(use(), tenant.tenant, user)));
        const change = (current: string, wanted: string) =>
          changePassword(tenant.store, testPasswords, user, { sessionId, current, wanted });
        await assert.rejects(change("wrong", newPassword), refused("bad-credentials"));
        await assert.rejects(change(testPassword, "short"), InvalidError);
        const changed = await change(testPassword, newPassword);
        assert.deepEqual(await tenant.store.sessions.ofUser(user.id), []);
        assert.equal(changed.accessEpoch, user.accessEpoch + 1);
        await assert.rejects(
          signInWithPassword(tenant.store, testPasswords, {
            loginName: "ada@x.test",
            password: testPassword,
          }),
          refused("bad-credentials"),
        );
        await signInWithPassword(tenant.store, testPasswords, {
          loginName: "ada@x.test",
          password: newPassword,
        });
      });
    });

    describe("revoking access", () => {
      async function session() {
        const user = await createLocalAccount(tenant.store, "ada@x.test");
        const signedIn = { tenantId: tenant.tenant.id, userId: user.id, accessEpoch: 0, connectionId: null };
        const times = { createdAt: Date.now(), seenAt: Date.now(), expiresAt: Date.now() + 60_000 };
        const sessions = sessionStore(use().database);
        await sessions.create({ sidHash: `s-${user.id}`, signIn: signedIn, ...times, data: {} });
        return { user, lives: async () => (await sessions.person(signedIn)) !== null };
      }

      it("ends sessions on blocking and does not revive them on unblocking", async () => {
        const { user, lives } = await session();
        assert.equal(await lives(), true);
        await blockUser(tenant.store, user.id);
        assert.equal(await lives(), false);
        await unblockUser(tenant.store, user.id);
        assert.equal(await lives(), false);
      });

      it("ends sessions and links without changing the account", async () => {
        const { user, lives } = await session();
        const token = await inviteOwner(tenant.store, "ada@x.test");
        await endSessions(tenant.store, user.id);
        assert.equal(await lives(), false);
        assert.deepEqual(await tenant.store.sessions.ofUser(user.id), []);
        await assert.rejects(
          redeemPasswordLink(use().database, testPasswords, { token, password: newPassword }),
          refused("link-not-valid"),
        );
        assert.equal((await tenant.store.users.byId(user.id))?.active, true);
        await assert.rejects(endSessions(tenant.store, "unknown"), NotFoundError);
      });

      it("never blocks the last owner who can sign in", async () => {
        const owner = await createLocalAccount(tenant.store, "owner@x.test", "owner");
        await assert.rejects(blockUser(tenant.store, owner.id), lastOwner);
        assert.equal((await tenant.store.users.byId(owner.id))?.blocked, false);
        await createLocalAccount(tenant.store, "second@x.test", "owner");
        await blockUser(tenant.store, owner.id);
      });

      it("leaves one of two owners if both are blocked concurrently", async () => {
        const first = await createLocalAccount(tenant.store, "a@x.test", "owner");
        const second = await createLocalAccount(tenant.store, "b@x.test", "owner");
        const results = await Promise.allSettled([
          blockUser(tenant.store, first.id),
          blockUser(tenant.store, second.id),
        ]);
        assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
      });
    });
  });
});

describe("password hashes", () => {
  const passwords = passwordHasher();

  it("match only the password, and differ between two hashes of it", async () => {
    const [first, second] = [await passwords.hash("pässword, long"), await passwords.hash("pässword, long")];
    assert.notEqual(first, second);
    assert.match(first, /^scrypt\$15\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
    assert.equal(await passwords.verify("pässword, long".normalize("NFD"), first), true);
    assert.equal(await passwords.verify("password, long", first), false);
  });

  it("take as long without a stored hash, and do not match", async () => {
    assert.equal(await passwords.verify("", null), false);
    assert.equal(await passwords.verify("\0", null), false);
    const hash = await passwords.hash("correct");
    const millisecondsOf = async (stored: string | null) => {
      const started = performance.now();
      await passwords.verify("wrong", stored);
      return performance.now() - started;
    };
    // The best of three of each, because other load only adds time.
    let [present, absent] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < 3; round++) {
      present = Math.min(present, await millisecondsOf(hash));
      absent = Math.min(absent, await millisecondsOf(null));
    }
    // A tenth allows for a busy machine. Without the work it would be a thousandth.
    assert.ok(absent > present / 10, `${absent} ms against ${present} ms`);
  });

  it("complete many concurrent derivations", async () => {
    const hash = await testPasswords.hash("correct");
    const answers = await Promise.all(
      Array.from({ length: 7 }, (_, n) => testPasswords.verify(n % 2 ? "correct" : "wrong", hash)),
    );
    assert.deepEqual(answers, [false, true, false, true, false, true, false]);
  });

  it("require a minimum length", () => {
    assert.deepEqual(passwordLength, { min: 12, max: 256 });
    for (const length of [12, 256]) checkPassword("long enough ".repeat(22).slice(0, length));
    for (const length of [0, 11, 257])
      assert.throws(() => checkPassword("x".repeat(length)), InvalidError, String(length));
  });
});
