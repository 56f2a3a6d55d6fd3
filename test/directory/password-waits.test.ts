import assert from "node:assert/strict";
import { endOtherSessions, revokeUserAccess } from "../../src/directory/access.ts";
import {
  blockPerson,
  endSessionOf,
  signOutPerson,
  unblockPerson,
} from "../../src/directory/administration.ts";
import {
  changePassword,
  inviteOwner,
  redeemPasswordLink,
  signInWithPassword,
} from "../../src/directory/local-accounts.ts";
import { changeMachineSettings } from "../../src/directory/machine-access.ts";
import type { PasswordHasher } from "../../src/directory/password-hash.ts";
import {
  deleteProvisionedUser,
  provisionUser,
  updateProvisionedUser,
} from "../../src/directory/provisioning.ts";
import { setSyncedPassword } from "../../src/directory/synced-passwords.ts";
import type { User } from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import { hashToken, randomToken } from "../../src/store/secrets.ts";
import { sessionStore } from "../../src/store/session-store.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { onEachDatabase, someoneWaits } from "../helpers/databases.ts";
import {
  createLocalAccount,
  createTestTenant,
  provisioned,
  type TestTenant,
  testPassword,
  testPasswords,
} from "../helpers/people.ts";
import { plantSession, sidOf } from "../helpers/site.ts";
import { conflict, refused } from "../helpers/thrown.ts";

const newPassword = "another long password";
const settings = { sourceConflict: "refuse", unknownRoles: "refuse", incompletePeople: "refuse" } as const;

/** A person with a password and a session, in a tenant that accepts synced passwords. */
interface SignedIn extends TestTenant {
  database: Database;
  user: User;
  sessionId: string;
  /** An owner who acts. */
  by: { userId: string };
}

interface Change {
  /** A provisioning client set the person's password. */
  ofProvisioned?: true;
  /** It ends a session, and no sign-in. */
  ofSession?: true;
  happen(to: SignedIn): Promise<unknown>;
}

const changes: Record<string, Change> = {
  "an administrator signs the person out": {
    happen: ({ store, by, user }) => signOutPerson(store, by, user.id),
  },
  "an administrator blocks the person": {
    happen: ({ store, by, user }) => blockPerson(store, by, user.id),
  },
  "an administrator blocks the person, and unblocks them": {
    async happen({ store, by, user }) {
      await blockPerson(store, by, user.id);
      await unblockPerson(store, by, user.id);
    },
  },
  "Universal Logout revokes their access": {
    happen: ({ store, user }) => store.transaction((inside) => revokeUserAccess(inside, user.id)),
  },
  "a link sets another password": {
    async happen({ database, store, user }) {
      const token = randomToken();
      const purpose = { kind: "set-password", userId: user.id } as const;
      await store.links.create(hashToken(token), purpose, Date.now() + 60_000);
      await redeemPasswordLink(database, testPasswords, { token, password: "a third long password" });
    },
  },
  "the person signs out everywhere": {
    ofSession: true,
    happen: ({ store, user }) => endOtherSessions(store, user.id, null),
  },
  "an administrator ends the session": {
    ofSession: true,
    happen: ({ store, by, user, sessionId }) => endSessionOf(store, by, { userId: user.id, sessionId }),
  },
  "owner invite gives the account to its holder": {
    ofProvisioned: true,
    happen: ({ store, user }) => inviteOwner(store, user.loginName),
  },
  "an owner turns password sync off": {
    ofProvisioned: true,
    happen: ({ store }) => changeMachineSettings(store, { ...settings, passwordSync: false }),
  },
  "provisioning sets another password": {
    ofProvisioned: true,
    async happen({ store, user }) {
      const hash = await testPasswords.hash("a third long password");
      await store.transaction((inside) => setSyncedPassword(inside, user, hash));
    },
  },
  "provisioning deactivates the person": {
    ofProvisioned: true,
    happen: ({ store, writer, user }) => updateProvisionedUser(store, writer, user.id, { active: false }),
  },
  "provisioning deletes the person": {
    ofProvisioned: true,
    happen: ({ store, writer, user }) => deleteProvisionedUser(store, writer, user.id),
  },
};

/** While a new password is hashed, or an entered one is verified, something happens. */
const whileHashing = (happen: () => Promise<unknown>): PasswordHasher => ({
  ...testPasswords,
  async hash(password) {
    await happen();
    return await testPasswords.hash(password);
  },
});
const whileVerifying = (happen: () => Promise<unknown>): PasswordHasher => ({
  ...testPasswords,
  async verify(password, hash) {
    await happen();
    return await testPasswords.verify(password, hash);
  },
});

describe("while a password is hashed", () => {
  onEachDatabase((use, engine) => {
    async function someone({ ofProvisioned }: Pick<Change, "ofProvisioned">): Promise<SignedIn> {
      const { database } = use();
      const acme = await createTestTenant(database);
      const { store, writer, tenant } = acme;
      await store.settings.change({ passwordSync: true });
      const by = { userId: (await createLocalAccount(store, "owner@acme.example", "owner")).id };
      const user = ofProvisioned
        ? await provisionUser(store, writer, provisioned("ada@acme.example"))
        : await createLocalAccount(store, "ada@acme.example");
      await store.credentials.set(user.id, await testPasswords.hash(testPassword));
      const sessionId = hashToken(sidOf(await plantSession(use(), tenant, user)));
      return { ...acme, database, user, sessionId, by };
    }
    const passwordOf = ({ store, user }: SignedIn) => store.credentials.passwordHash(user.id);
    const change = ({ store, user, sessionId }: SignedIn, passwords: PasswordHasher) =>
      changePassword(store, passwords, user, { sessionId, current: testPassword, wanted: newPassword });
    const enter = ({ store, user: { loginName } }: SignedIn, passwords: PasswordHasher) =>
      signInWithPassword(store, passwords, { loginName, password: testPassword });

    const signInsOf = async ({ store, user }: SignedIn) =>
      (await store.activity.latest(50)).filter(
        ({ action, actorId }) => action === "sign_in.succeeded" && actorId === user.id,
      ).length;

    let second: Database;
    before(() => {
      second = use().openAnother();
    });
    /** `started` resolves after `start()`. */
    const beginning = () => {
      let start = () => {};
      const started = new Promise<void>((resolve) => {
        start = resolve;
      });
      return { start: () => start(), started };
    };
    /** Lets the other transaction begin, and waits until it waits for this one. On SQLite it waits at its begin. */
    const letOtherWait = async (inside: Database, start: () => void) => {
      start();
      if (engine === "PostgreSQL") await someoneWaits(inside);
    };

    it("a change of the password, and a sign-in, go on if nothing happens", async () => {
      for (const wanted of [{}, { ofProvisioned: true }] as const) {
        const ada = await someone(wanted);
        const nothing = async () => undefined;
        assert.equal((await enter(ada, whileVerifying(nothing))).id, ada.user.id);
        assert.equal(await signInsOf(ada), 1);
        const changed = await change(ada, whileHashing(nothing));
        assert.equal(changed.accessEpoch, ada.user.accessEpoch + 1);
        assert.ok(await testPasswords.verify(newPassword, await passwordOf(ada)));
      }
    });

    for (const [name, { happen, ...wanted }] of Object.entries(changes)) {
      it(`a change of the password is refused, and changes nothing, if ${name}`, async () => {
        const ada = await someone(wanted);
        let left: string | null | undefined;
        const passwords = whileHashing(async () => {
          await happen(ada);
          left = await passwordOf(ada);
        });
        await assert.rejects(change(ada, passwords), conflict("stale"));
        assert.equal(await passwordOf(ada), left);
        assert.deepEqual(await ada.store.sessions.ofUser(ada.user.id), []);
      });

      if (wanted.ofSession) continue;
      it(`a sign-in is refused, and not recorded, if ${name}`, async () => {
        const ada = await someone(wanted);
        let recorded: number | undefined;
        const passwords = whileVerifying(async () => {
          await happen(ada);
          recorded = await signInsOf(ada);
        });
        await assert.rejects(enter(ada, passwords), refused("bad-credentials"));
        assert.equal(await signInsOf(ada), recorded);
      });
    }

    it("a change of the password needs more than a session: the person as the request read them", async () => {
      const harms: ((to: SignedIn) => Promise<unknown>)[] = [
        ({ store, user }) => store.users.update(user.id, { blocked: true }),
        ({ store, user }) => store.users.update(user.id, { active: false }),
        async (to) => {
          await to.store.users.advanceAccessEpoch(to.user.id);
          const now = await to.store.users.byId(to.user.id);
          to.sessionId = hashToken(sidOf(await plantSession(use(), to.tenant, now ?? assert.fail())));
        },
      ];
      for (const harm of harms) {
        const ada = await someone({});
        const before = await passwordOf(ada);
        await harm(ada);
        await assert.rejects(change(ada, testPasswords), conflict("stale"));
        assert.equal(await passwordOf(ada), before);
      }
    });

    it("a change of the password waits for a revocation by another replica, and obeys it", async () => {
      const ada = await someone({});
      const before = await passwordOf(ada);
      const { start, started } = beginning();
      const revoking = second.transaction(async (inside) => {
        await revokeUserAccess(forTenant(inside, ada.tenant.id), ada.user.id);
        await letOtherWait(inside, start);
      });
      await started;
      await assert.rejects(change(ada, testPasswords), conflict("stale"));
      await revoking;
      assert.equal(await passwordOf(ada), before);
    });

    it("a synced password that is removed does not come back through a session by single sign-on", async () => {
      const ada = await someone({ ofProvisioned: true });
      const connection = await ada.connection();
      const session = await plantSession(use(), ada.tenant, ada.user, { connectionId: connection.id });
      const passwords = whileHashing(() =>
        changeMachineSettings(ada.store, { ...settings, passwordSync: false }),
      );
      const sessionId = hashToken(sidOf(session));
      await assert.rejects(change({ ...ada, sessionId }, passwords), conflict("stale"));
      assert.equal(await passwordOf(ada), null);
      assert.equal((await ada.store.sessions.ofUser(ada.user.id)).length, 1, "this session goes on");
    });

    it("a synced password is not stored, not even for later, if an owner turns password sync off", async () => {
      const ada = await someone({ ofProvisioned: true });
      const hash = await testPasswords.hash(newPassword);
      await changeMachineSettings(ada.store, { ...settings, passwordSync: false });
      await ada.store.transaction((inside) => setSyncedPassword(inside, ada.user, hash));
      assert.equal(await passwordOf(ada), null);
    });

    describe("the session that a password began", () => {
      const rowOf = ({ tenant, user }: SignedIn) => {
        const [now, sidHash] = [Date.now(), hashToken(randomToken())];
        const times = { createdAt: now, seenAt: now, expiresAt: now + 60_000 };
        const { id: userId, accessEpoch } = user;
        const signIn = { tenantId: tenant.id, userId, accessEpoch, connectionId: null };
        return [{ sidHash, signIn, ...times, data: {} }, signIn] as const;
      };
      const sessionsOf = async ({ store, user }: SignedIn) => (await store.sessions.ofUser(user.id)).length;
      it("is stored while there is a password", async () => {
        const ada = await someone({ ofProvisioned: true });
        const sessions = sessionStore(use().database);
        assert.equal(await sessions.createLocal(...rowOf(ada)), true);
        assert.equal(await sessionsOf(ada), 2);
      });

      it("is not stored if the password was removed first, also by another replica that has not committed", async () => {
        const ada = await someone({ ofProvisioned: true });
        const { start, started } = beginning();
        const removing = second.transaction(async (inside) => {
          await forTenant(inside, ada.tenant.id).credentials.removeProvisioned();
          await letOtherWait(inside, start);
        });
        await started;
        assert.equal(await sessionStore(use().database).createLocal(...rowOf(ada)), false);
        await removing;
        assert.equal(await sessionsOf(ada), 0);
      });

      it("ends if another replica removes the password while it is stored", async () => {
        const ada = await someone({ ofProvisioned: true });
        const { start, started } = beginning();
        const storing = use().database.transaction(async (inside) => {
          assert.equal(await sessionStore(inside).createLocal(...rowOf(ada)), true);
          await letOtherWait(inside, start);
        });
        await started;
        const replica = forTenant(second, ada.tenant.id);
        await changeMachineSettings(replica, { ...settings, passwordSync: false });
        await storing;
        assert.equal(await sessionsOf(ada), 0);
      });
    });
  });
});
