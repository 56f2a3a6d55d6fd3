import assert from "node:assert/strict";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { Router } from "express";
import { blockUser, endSessions, unblockUser } from "../../src/directory/access.ts";
import { redeemPasswordLink } from "../../src/directory/local-accounts.ts";
import { changeMachineSettings } from "../../src/directory/machine-access.ts";
import { provisionUser, updateProvisionedUser } from "../../src/directory/provisioning.ts";
import type { User } from "../../src/model.ts";
import { hashToken, randomToken } from "../../src/store/secrets.ts";
import { landingPath } from "../../src/web/home.ts";
import { startSession } from "../../src/web/sessions.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { forgetCounts } from "../helpers/known-devices.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, provisioned, testPassword, testPasswords } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

const realScrypt = crypto.scrypt;
function useScrypt(scrypt: typeof realScrypt): void {
  crypto.scrypt = scrypt;
  syncBuiltinESMExports();
}

/** The next password hash of the application waits until `happen` is done. */
function duringNextHash(happen: () => Promise<unknown>): void {
  useScrypt(((...args: Parameters<typeof realScrypt>) => {
    useScrypt(realScrypt);
    happen().then(
      () => realScrypt(...args),
      (error) => args[4](error, Buffer.alloc(0)),
    );
  }) as typeof realScrypt);
}

const resetPassword = "a third long password";
const settings = { sourceConflict: "refuse", unknownRoles: "refuse", incompletePeople: "refuse" } as const;

describe("a form that waits for a password's hash", () => {
  onEachDatabase((use) => {
    /** The person for whom the route below starts a session. */
    let starting: User;
    const extraRoutes = Router().post("/start-session", async (req, res) => {
      await startSession(req, { tenantId: site().acme.tenant.id, user: starting, connectionId: null });
      res.end();
    });
    const site = useSite(use, { extraRoutes });
    let people = 0;
    beforeEach(() => forgetCounts(use().database));
    afterEach(() => useScrypt(realScrypt));

    const local = () => createLocalAccount(site().acme.store, `ada-${people++}@acme.example`);
    async function synced(): Promise<User> {
      const { store, writer } = site().acme;
      await store.settings.change({ passwordSync: true });
      const user = await provisionUser(store, writer, provisioned(`synced-${people++}@acme.example`));
      await store.credentials.set(user.id, await testPasswords.hash(testPassword));
      return user;
    }
    const turnSyncOff = () => changeMachineSettings(site().acme.store, { ...settings, passwordSync: false });
    async function reset({ id: userId }: User): Promise<void> {
      const token = randomToken();
      const { links } = site().acme.store;
      await links.create(hashToken(token), { kind: "set-password", userId }, Date.now() + 60_000);
      await redeemPasswordLink(use().database, testPasswords, { token, password: resetPassword });
    }
    const signIn = (user: User, password = testPassword) => {
      const client = site().app.client();
      const answer = client.signIn(site().acme.tenant.slug, user.loginName, password);
      return { client, answer };
    };

    describe("that changes the password", () => {
      const wanted = "four other words here";
      const form = { current: testPassword, password: wanted, repeated: wanted };
      const cases: Record<string, (user: User) => Promise<unknown>> = {
        "a reset": reset,
        "a sign-out by an administrator": ({ id }) => endSessions(site().acme.store, id),
        "a block": ({ id }) => blockUser(site().acme.store, id),
      };
      for (const [what, happen] of Object.entries(cases))
        it(`changes nothing after ${what}, and leads to the sign-in page, which says so`, async () => {
          const user = await local();
          const client = await site().clientOf(user);
          let left: string | null = null;
          duringNextHash(async () => {
            await happen(user);
            left = await site().acme.store.credentials.passwordHash(user.id);
          });
          const answer = await client.post("/account/password", form);
          assertRedirect(answer, "/login?ended=changed&returnTo=%2Faccount");
          const page = await client.get(answer.location ?? "");
          assert.match(
            page.text,
            /Your account was changed in the meantime, so your new password was not set\./,
          );
          assert.equal((await client.get("/me")).status, 401);
          assert.equal(await site().acme.store.credentials.passwordHash(user.id), left);
          assert.deepEqual(await site().acme.store.sessions.ofUser(user.id), []);
        });

      it("leaves the password of the reset, which signs in", async () => {
        const user = await local();
        const client = await site().clientOf(user);
        duringNextHash(() => reset(user));
        await client.post("/account/password", form);
        assert.equal((await signIn(user, wanted).answer).status, 403);
        assertRedirect(await signIn(user, resetPassword).answer, landingPath);
      });
    });

    describe("that signs in", () => {
      const cases: Record<string, [() => Promise<User>, (user: User) => Promise<unknown>]> = {
        "password sync is turned off": [synced, turnSyncOff],
        "an administrator signs the person out": [local, ({ id }) => endSessions(site().acme.store, id)],
        "the person is blocked and unblocked": [
          local,
          async ({ id }) => {
            await blockUser(site().acme.store, id);
            await unblockUser(site().acme.store, id);
          },
        ],
        "provisioning deactivates and reactivates the person": [
          synced,
          async ({ id }) => {
            const { store, writer } = site().acme;
            await updateProvisionedUser(store, writer, id, { active: false });
            await updateProvisionedUser(store, writer, id, { active: true });
            await store.credentials.set(id, await testPasswords.hash(testPassword));
          },
        ],
        "a link sets another password": [local, reset],
      };
      for (const [what, [make, happen]] of Object.entries(cases))
        it(`is refused like a wrong password if ${what}`, async () => {
          const user = await make();
          duringNextHash(() => happen(user));
          const { client, answer } = signIn(user);
          const page = await answer;
          assert.deepEqual([page.status, page.location], [403, null]);
          assert.match(page.text, /You could not be signed in/);
          assert.equal((await client.get("/me")).status, 401);
          assert.deepEqual(await site().acme.store.sessions.ofUser(user.id), []);
        });

      it("signs in if nothing happens", async () => {
        const { client, answer } = signIn(await synced());
        assertRedirect(await answer, landingPath);
        assert.equal((await client.get("/me")).status, 200);
      });
    });

    it("starts no session if the password is removed after the last check", async () => {
      starting = await synced();
      const start = async () => {
        const client = site().app.client();
        return [(await client.post("/start-session")).status, (await client.get("/me")).status];
      };
      assert.deepEqual(await start(), [200, 200]);
      await turnSyncOff();
      assert.deepEqual(await start(), [403, 401]);
      assert.deepEqual(await site().acme.store.sessions.ofUser(starting.id), []);
    });
  });
});
