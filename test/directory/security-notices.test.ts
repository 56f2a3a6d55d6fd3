import assert from "node:assert/strict";
import { brand } from "../../config/brand.ts";
import { secondStepsCommand } from "../../src/cli/second-steps.ts";
import { tenantCommands } from "../../src/cli/tenants.ts";
import { giveRole } from "../../src/directory/administration.ts";
import { createApiKey } from "../../src/directory/api-keys.ts";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { mailsOf } from "../../src/directory/mails.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { giveNotice, type SecurityChange, securityNotices } from "../../src/directory/security-notices.ts";
import { finishSignInTest, startSignInTest } from "../../src/directory/sign-in-tests.ts";
import type { User } from "../../src/model.ts";
import { optionsOn, SoftAuthenticator } from "../helpers/authenticator.ts";
import { runCommand } from "../helpers/cli.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { formOn, submit } from "../helpers/forms.ts";
import { mailServerOf } from "../helpers/mail.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, identityOf, provisioned, testPassword } from "../helpers/people.ts";
import { codeOfShownKey, giveAuthenticator } from "../helpers/second-steps.ts";
import { useSite } from "../helpers/site.ts";

const server = mailServerOf({ url: "smtp://127.0.0.1:1" });
const wanted = "four words make one";

describe("notices of security changes", () => {
  for (const hasMail of [true, false])
    describe(hasMail ? "with a mail server" : "without a mail server", () => {
      onOneDatabase((use) => {
        const site = useSite(use, hasMail ? { mail: server } : {});
        let count = 0;
        const account = () => createLocalAccount(site().acme.store, `person-${count++}@acme.example`);
        /** The mails and the entries about a person: the kind of each mail, and action and changes of each entry. */
        const told = async ({ id }: User) => {
          const rows = await use()
            .database.sql()("outbox")
            .where({ user_id: id, kind: "mail" })
            .select("facts");
          const entries = await site().acme.store.activity.page({ person: id }, null, 20);
          return {
            mails: rows.map(({ facts }) => (typeof facts === "string" ? JSON.parse(facts) : facts).mail),
            entries: entries.map(({ action, changed }) => [action, ...changed].join(" ")),
          };
        };
        const mailed = (...kinds: string[]) => (hasMail ? kinds : []);

        it("tell of a password that was changed on the account page", async () => {
          const user = await account();
          const client = await site().clientOf(user);
          const form = { current: testPassword, password: wanted, repeated: wanted };
          assert.equal((await client.post("/account/password", form)).status, 303);
          const { mails, entries } = await told(user);
          assert.deepEqual([mails, entries], [mailed("password-changed"), ["user.password_changed"]]);
        });

        it("tell of a password that was reset by a link, but not of a first one", async () => {
          const { store } = site().acme;
          const [first, reset] = [`first-${count++}@acme.example`, await account()];
          const set = async (token: string) =>
            (await site().app.client().post(`/setup/${token}`, { password: wanted, repeated: wanted }))
              .status;
          assert.equal(await set(await inviteOwner(store, first)), 303);
          assert.equal(await set(await inviteOwner(store, reset.loginName)), 303);
          const firstUser = (await store.users.byLoginName(first)) ?? assert.fail();
          assert.deepEqual((await told(firstUser)).mails, []);
          assert.ok((await told(firstUser)).entries.includes("user.role_changed role"));
          assert.ok(!(await told(firstUser)).entries.includes("user.password_changed"));
          const { mails, entries } = await told(reset);
          assert.deepEqual(mails, mailed("password-changed"));
          assert.ok(entries.includes("user.password_changed"), entries.join());
        });

        it("tell of a password sign-in in a new browser, and not again in the same one", async () => {
          const user = await account();
          const client = site().app.client();
          const signIn = () => client.signIn(site().acme.tenant.slug, user.loginName, testPassword);
          assert.equal((await signIn()).status, 303);
          assert.deepEqual(await told(user), {
            mails: mailed("new-device"),
            entries: ["sign_in.succeeded new browser"],
          });
          assert.equal((await signIn()).status, 303);
          const { mails, entries } = await told(user);
          assert.deepEqual(mails, mailed("new-device"));
          assert.deepEqual(entries.toSorted(), ["sign_in.succeeded", "sign_in.succeeded new browser"]);
        });

        it("tell of an API key that an administrator created in the console", async () => {
          const admin = await createLocalAccount(site().acme.store, `admin-${count++}@acme.example`, "admin");
          const client = await site().clientOf(admin);
          const [scope] =
            (await client.get("/admin/api-keys")).text.match(/(?<=name="scopes" value=")[^"]+/) ?? [];
          const form = { name: "Report", days: "90", scopes: scope ?? assert.fail() };
          assert.equal((await client.post("/admin/api-keys", form)).status, 303);
          const { mails, entries } = await told(admin);
          assert.deepEqual(mails, mailed("api-key-created"));
          assert.match(entries.join(), /^api_key\.created/);
        });

        it("tell of a role that was raised, and not of one that was lowered or kept", async () => {
          const [user, { owner }] = [await account(), site()];
          const client = await site().clientOf(owner);
          const give = async (role: string) => {
            const page = (await client.get(`/admin/people/${user.id}`)).text;
            const shown = /name="shown" value="([^"]*)"/.exec(page)?.[1] ?? "";
            assert.equal((await client.post(`/admin/people/${user.id}/role`, { role, shown })).status, 303);
          };
          for (const role of ["admin", "admin", "member", "owner"]) await give(role);
          const { mails, entries } = await told(user);
          assert.deepEqual(mails, mailed("role-raised", "role-raised"));
          assert.equal(entries.filter((entry) => entry.startsWith("user.role_changed")).length, 4);
        });

        it("tell of an account that the operator takes over and makes an owner's, but not again", async () => {
          const { store, writer, tenant } = site().acme;
          const user = await provisionUser(store, writer, provisioned(`taken-${count++}@acme.example`));
          await giveAuthenticator(store, site().sealer, user);
          const words = ["owner", "invite", tenant.slug, "--email", user.loginName];
          for (const _time of [1, 2])
            await runCommand(tenantCommands, use().database, words, { mail: hasMail ? server : null });
          const { mails, entries } = await told(user);
          assert.deepEqual(mails.toSorted(), mailed("role-raised", "second-step-changed"));
          const ofOperator = entries.filter((entry) => entry.startsWith("user."));
          assert.deepEqual(ofOperator.toSorted(), ["user.role_changed role", "user.second_steps_removed"]);
          const [entry] = await store.activity.page({ person: user.id }, null, 1);
          assert.deepEqual([entry?.actorKind, entry?.actor], ["operator", "cli"]);
        });

        it("tell of an identity that the person links to their account", async () => {
          const { acme, sealer } = site();
          const admin = await createLocalAccount(acme.store, `admin-${count++}@acme.example`, "admin");
          const connection = await acme.connection({ draft: true });
          const { verifiedBy: _, ...identity } = identityOf(connection, admin.loginName);
          const test = await startSignInTest(acme.store, connection.id, admin.id);
          const result = { values: {}, mapped: [], identity, problem: null };
          await finishSignInTest({ store: acme.store, sealer, connection }, test, result);
          const client = await site().clientOf(admin);
          const page = await client.get(`/admin/connections/${connection.id}?step=4`);
          assert.equal((await formOn(page, "/link").send(client)).status, 303);
          const { mails, entries } = await told(admin);
          assert.deepEqual([mails, entries], [mailed("identity-linked"), ["connection.identity_linked"]]);
        });

        describe("of a second step", () => {
          const post = async (client: Client, page: string, action: string, form = {}) =>
            assertRedirect(await submit(client, page, action, form), "/account");
          const withApp = async () => {
            const user = await account();
            return { user, app: await giveAuthenticator(site().acme.store, site().sealer, user) };
          };
          /** The mails and the entries since the last call. */
          const toldSince = () => {
            const before = { mails: 0, entries: 0 };
            return async (user: User) => {
              const { mails, entries } = await told(user);
              const added = {
                mails: mails.slice(before.mails),
                entries: entries.slice(0, entries.length - before.entries).toSorted(),
              };
              Object.assign(before, { mails: mails.length, entries: entries.length });
              return added;
            };
          };
          const changed = (...entries: string[]) => ({ mails: mailed("second-step-changed"), entries });

          it("tell once of each change on the account page", async () => {
            const [user, since] = [await account(), toldSince()];
            const client = await site().clientOf(user);
            const setUp = await client.get("/account/authenticator");
            const sealed = /name="sealed" value="([^"]*)"/.exec(setUp.text)?.[1] ?? "";
            const form = { sealed, code: codeOfShownKey(setUp) };
            assertRedirect(await client.post("/account/authenticator", form), "/account");
            assert.deepEqual(await since(user), changed("authenticator.added", "recovery_codes.created"));
            const options = optionsOn(await client.get("/account/passkeys/new"));
            const credential = new SoftAuthenticator(site().app.url).create(options);
            assertRedirect(
              await client.post("/account/passkeys", { name: "Laptop", credential }),
              "/account",
            );
            assert.deepEqual(await since(user), changed("passkey.added"));
            await post(client, "/account", "/account/recovery-codes");
            assert.deepEqual(await since(user), changed("recovery_codes.created"));
            await post(client, "/account", "/account/passkeys/remove");
            assert.deepEqual(await since(user), changed("passkey.removed"));
            await post(client, "/account", "/account/authenticator/remove");
            assert.deepEqual(await since(user), changed("authenticator.removed"));
          });

          it("tell of nothing that the policy refuses", async () => {
            const { store } = site().acme;
            const { user } = await withApp();
            const client = await site().clientOf(user);
            await store.sessions.changePolicy({ secondStep: "everyone" });
            await client.post("/account/authenticator/remove");
            await store.sessions.changePolicy({ secondStep: "none" });
            assert.deepEqual((await told(user)).mails, []);
          });

          it("tell of a used recovery code, and once of the new browser", async () => {
            const [{ user, app }, since] = [await withApp(), toldSince()];
            await since(user);
            const client = site().app.client();
            const enter = () => client.signIn(site().acme.tenant.slug, user.loginName, testPassword);
            assertRedirect(await enter(), "/login/second-step");
            assert.deepEqual(await since(user), { mails: [], entries: [] });
            const code = app.recoveryCodes[0] ?? "";
            assert.equal((await client.post("/login/second-step", { code })).status, 303);
            const first = await since(user);
            assert.deepEqual(first.mails.toSorted(), mailed("new-device", "second-step-changed"));
            assert.deepEqual(first.entries, ["recovery_code.used", "sign_in.succeeded new browser"]);
            assertRedirect(await enter(), "/login/second-step");
            assert.equal((await client.post("/login/second-step", { code: app.code() })).status, 303);
            assert.deepEqual(await since(user), { mails: [], entries: ["sign_in.succeeded"] });
          });

          it("tell of an app that is set up at the sign-in, and of its new browser", async () => {
            const [user, since] = [await account(), toldSince()];
            await site().acme.store.sessions.changePolicy({ secondStep: "everyone" });
            const client = site().app.client();
            await client.signIn(site().acme.tenant.slug, user.loginName, testPassword);
            const setUp = await client.get("/login/second-step/set-up");
            const sealed = /name="sealed" value="([^"]*)"/.exec(setUp.text)?.[1] ?? "";
            const form = { sealed, code: codeOfShownKey(setUp) };
            assertRedirect(await client.post("/login/second-step/set-up", form), "/account");
            await site().acme.store.sessions.changePolicy({ secondStep: "none" });
            const { mails, entries } = await since(user);
            assert.deepEqual(mails.toSorted(), mailed("new-device", "second-step-changed"));
            assert.ok(entries.includes("sign_in.succeeded new browser"), entries.join());
          });

          it("tell of the removal by the operator", async () => {
            const [{ user }, since] = [await withApp(), toldSince()];
            await since(user);
            const words = ["second-step", "remove", site().acme.tenant.slug, "--email", user.loginName];
            await runCommand([secondStepsCommand], use().database, words, { mail: hasMail ? server : null });
            assert.deepEqual(await since(user), changed("user.second_steps_removed"));
          });
        });

        it("roll back with their change", async () => {
          const [user, { store }] = [await account(), site().acme];
          const mails = mailsOf(hasMail);
          const failing = store.transaction(async (inside) => {
            for (const change of Object.keys(securityNotices) as SecurityChange[])
              await giveNotice(inside, mails, change, { user });
            await giveRole(inside, { userId: site().owner.id, mails }, user.id, "admin");
            const key = { prefix: brand.apiKeyPrefix, name: "x", scopes: ["x"], days: 1, mails };
            await createApiKey(inside, { user, role: "admin" }, key);
            throw new Error("the change failed");
          });
          await assert.rejects(failing, /the change failed/);
          assert.deepEqual(await told(user), { mails: [], entries: [] });
        });
      });
    });
});
