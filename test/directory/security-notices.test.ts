import assert from "node:assert/strict";
import { brand } from "../../config/brand.ts";
import { giveRole } from "../../src/directory/administration.ts";
import { createApiKey } from "../../src/directory/api-keys.ts";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { mailsOf } from "../../src/directory/mails.ts";
import { giveNotice, type SecurityChange, securityNotices } from "../../src/directory/security-notices.ts";
import type { User } from "../../src/model.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { mailServerOf } from "../helpers/mail.ts";
import { createLocalAccount, testPassword } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

const wanted = "four words make one";

describe("notices of security changes", () => {
  for (const hasMail of [true, false])
    describe(hasMail ? "with a mail server" : "without a mail server", () => {
      onOneDatabase((use) => {
        const site = useSite(use, hasMail ? { mail: mailServerOf({ url: "smtp://127.0.0.1:1" }) } : {});
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

        it("exist for a changed second step", async () => {
          const [user, { store }] = [await account(), site().acme];
          const facts = { user, changed: ["passkey added"], requestId: "request" };
          await giveNotice(store, mailsOf(hasMail), "second-step-changed", facts);
          assert.deepEqual(await told(user), {
            mails: mailed("second-step-changed"),
            entries: ["user.second_step_changed passkey added"],
          });
          const [entry] = await store.activity.latest(1);
          assert.deepEqual(
            [entry?.actorKind, entry?.actorId, entry?.targetId, entry?.kind, entry?.requestId],
            ["member", user.id, user.id, "people", "request"],
          );
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
