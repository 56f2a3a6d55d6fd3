import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { blockUser } from "../../src/directory/access.ts";
import { redeemPasswordLink } from "../../src/directory/local-accounts.ts";
import { mailsOf } from "../../src/directory/mails.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import type { User } from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import { forgottenPasswordRoutes } from "../../src/web/forgotten-password.ts";
import { landingPath } from "../../src/web/home.ts";
import type { PasswordLimits } from "../../src/web/password-limits.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase, onOneDatabase } from "../helpers/databases.ts";
import { lastMailTo, type MailCatcher, mailServerOf, sendMail, startMailCatcher } from "../helpers/mail.ts";
import { assertRedirect, comparable, headingOf } from "../helpers/pages.ts";
import {
  createLocalAccount,
  identityOf,
  provisioned,
  testPassword,
  testPasswords,
} from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";
import { refused } from "../helpers/thrown.ts";

const password = "four other words here";
const form = { password, repeated: password };
const anyServer = mailServerOf({ url: "smtp://127.0.0.1:1" });

describe("a forgotten password", () => {
  onEachDatabase((use) => {
    const site = useSite(use, { mail: anyServer });
    let catcher: MailCatcher;
    let count = 0;
    before(async () => {
      catcher = await startMailCatcher();
    });
    after(() => catcher.close());

    const path = () => `/login/password/${site().acme.tenant.slug}/forgotten`;
    const account = () => createLocalAccount(site().acme.store, `forgetful-${count++}@acme.example`);
    const deliver = (now = Date.now) =>
      sendMail(use().database, mailServerOf(catcher), { baseUrl: site().app.url, now });
    /** Every request of these tests comes from one network. */
    const forgetCounts = () => use().database.sql()("rate_limits").delete();
    beforeEach(forgetCounts);

    /** Asks, and waits until the application has looked for the account. */
    async function ask(loginName: string) {
      const { app } = site();
      const from = app.logged.length;
      const answer = await app.client().post(path(), { loginName });
      const hasLooked = () =>
        app.logged.slice(from).some(({ event }) => event === "password_reset.requested");
      while (answer.status === 200 && !hasLooked()) await new Promise((resolve) => setTimeout(resolve, 2));
      return answer;
    }
    async function linkFor(user: User): Promise<string> {
      await ask(user.loginName);
      await deliver();
      return lastMailTo(catcher, user.loginName).path;
    }
    const signedIn = async (user: User): Promise<Client> => site().clientOf(user);
    const waiting = async () =>
      Number((await use().database.sql()("outbox").where("state", "waiting").count({ rows: "*" }))[0]?.rows);

    it("is offered on the password form, with a way back", async () => {
      const page = await site().app.client().get(`/login/password/${site().acme.tenant.slug}`);
      assert.ok(page.text.includes(`href="${path()}"`));
      assert.equal(headingOf(await site().app.client().get(path())), "Forgotten password");
    });

    it("is answered by a mail whose link sets a new password, ends the other sessions, and works once", async () => {
      const user = await account();
      const before = await signedIn(user);
      assert.equal((await before.get("/me")).status, 200);
      const link = await linkFor(user);
      const client = site().app.client();
      const opened = await client.get(link);
      assert.equal(headingOf(opened), "Set a new password");
      assert.ok(!opened.text.includes('name="givenName"'), "it asks for nothing else");
      assert.equal((await client.send("HEAD", link, {})).status, 200);
      assertRedirect(await client.post(link, form), landingPath);
      assert.equal((await client.get("/me")).status, 200);
      assert.equal((await before.get("/me")).status, 401);
      assert.equal((await site().app.client().post(link, form)).status, 403);
      const { slug } = site().acme.tenant;
      assert.equal((await site().app.client().signIn(slug, user.loginName, testPassword)).status, 403);
      await deliver();
      assert.match(lastMailTo(catcher, user.loginName).subject, /was changed/);
    });

    it("ends every other link of the account", async () => {
      const user = await account();
      const [first, second] = [await linkFor(user), await linkFor(user)];
      assert.notEqual(first, second);
      assertRedirect(await site().app.client().post(first, form), landingPath);
      assert.equal((await site().app.client().post(second, form)).status, 403);
    });

    it("has a link for one hour", async () => {
      const user = await account();
      await ask(user.loginName);
      await deliver(() => Date.now() - 3_600_000);
      // The message was added after that instant.
      await deliver();
      const link = lastMailTo(catcher, user.loginName).path;
      const links = use().database.sql()("one_time_links").where("user_id", user.id);
      const [row] = await links.clone().select("expires_at");
      assert.ok(Math.abs(row.expires_at - Date.now() - 3_600_000) < 60_000, `${row.expires_at}`);
      await links.update({ expires_at: Date.now() - 1 });
      assert.equal((await site().app.client().get(link)).status, 403);
      assert.equal((await site().app.client().post(link, form)).status, 403);
    });

    it("is answered alike for every account, existing or not", async () => {
      const user = await account();
      const answers = [];
      for (const loginName of [user.loginName, "no-one@acme.example"]) {
        const answer = await ask(loginName);
        assert.equal(answer.status, 200);
        answers.push(comparable(answer, [loginName]));
      }
      const elsewhere = "/login/password/no-such-tenant/forgotten";
      const { acme } = site();
      const unknown = await site().app.client().post(elsewhere, { loginName: user.loginName });
      answers.push(comparable(unknown, [user.loginName]));
      const [first, second, third] = answers.map((answer) =>
        JSON.stringify(answer).replaceAll(acme.tenant.slug, "<slug>").replaceAll("no-such-tenant", "<slug>"),
      );
      assert.equal(second, first);
      assert.equal(third, first);
    });

    const others: [string, () => Promise<string>][] = [
      ["no account", async () => "no-one@acme.example"],
      [
        "a person who came just in time",
        async () => {
          const connection = await site().acme.connection();
          const identity = identityOf(connection, `guest-${count++}@acme.example`);
          return (await signIn(site().acme.store, identity)).user.loginName;
        },
      ],
      [
        "a provisioned person, even with a synced password",
        async () => {
          const { store, writer } = site().acme;
          const user = await provisionUser(store, writer, provisioned(`scim-${count++}@acme.example`, {}));
          await store.users.update(user.id, { email: user.loginName });
          await store.credentials.set(user.id, "a hash");
          await store.settings.change({ passwordSync: true });
          return user.loginName;
        },
      ],
      [
        "a blocked person",
        async () => {
          const user = await account();
          await blockUser(site().acme.store, user.id);
          return user.loginName;
        },
      ],
      [
        "an account without a password",
        async () => {
          const user = await account();
          await site().acme.store.credentials.remove(user.id);
          return user.loginName;
        },
      ],
      [
        "a person whose domain requires single sign-on",
        async () => {
          const { store } = site().acme;
          const connection = await site().acme.connection();
          await store.domains.add("enforced.example", "proof");
          await store.domains.markVerified("enforced.example");
          await store.domains.enforce("enforced.example", connection.id);
          return (await createLocalAccount(store, `sso-${count++}@enforced.example`)).loginName;
        },
      ],
    ];
    for (const [what, make] of others) {
      it(`sends nothing to ${what}`, async () => {
        const loginName = await make();
        const before = await waiting();
        assert.equal((await ask(loginName)).status, 200);
        assert.equal(await waiting(), before);
      });
    }

    it("still lets an owner in whose domain requires single sign-on", async () => {
      const { store } = site().acme;
      const owner = await createLocalAccount(store, `owner-${count++}@enforced.example`, "owner");
      assertRedirect(
        await site()
          .app.client()
          .post(await linkFor(owner), form),
        landingPath,
      );
    });

    it("refuses a link whose person must use single sign-on by now, and keeps the old password", async () => {
      const { store } = site().acme;
      const connection = await site().acme.connection();
      const user = await createLocalAccount(store, `late-${count++}@late.example`);
      const link = await linkFor(user);
      await store.domains.add("late.example", "proof");
      await store.domains.markVerified("late.example");
      await store.domains.enforce("late.example", connection.id);
      assert.equal((await site().app.client().get(link)).status, 403);
      const answer = await site().app.client().post(link, form);
      assert.equal(answer.status, 403);
      assert.equal((await site().app.client().get("/me")).status, 401);
      const setup = { token: link.replace("/setup/", ""), password };
      await assert.rejects(
        redeemPasswordLink(use().database, testPasswords, setup),
        refused("single-sign-on-required"),
      );
      await store.users.update(user.id, { origin: "scim" });
      await assert.rejects(
        redeemPasswordLink(use().database, testPasswords, setup),
        refused("link-not-valid"),
      );
      await store.users.update(user.id, { origin: "local" });
      await store.domains.enforce("late.example", null);
      const { slug } = site().acme.tenant;
      assert.equal((await site().app.client().signIn(slug, user.loginName, testPassword)).status, 303);
    });

    it("is asked at most five times an hour for one account, existing or not", async () => {
      const user = await account();
      for (const loginName of [user.loginName, "no-one-at-all@acme.example"]) {
        for (let time = 0; time < 5; time++) assert.equal((await ask(loginName)).status, 200);
        const refused = await ask(loginName.toUpperCase());
        assert.equal(refused.status, 429);
        assert.ok(Number(refused.headers.get("retry-after")) > 0);
      }
      assert.equal((await ask("another@acme.example")).status, 200);
    });

    it("shares the limit of the network with the password form", async () => {
      for (let time = 0; time < 50; time++) {
        const answer = await site()
          .app.client()
          .post(path(), { loginName: `many-${time}@acme.example` });
        assert.equal(answer.status, 200);
      }
      const { slug } = site().acme.tenant;
      assert.equal((await ask("one-more@acme.example")).status, 429);
      assert.equal((await site().app.client().signIn(slug, "x@acme.example", "y")).status, 429);
    });

    it("appears in the activity, without the link", async () => {
      const user = await account();
      await linkFor(user);
      const page = await site().acme.store.activity.page({ person: user.id }, null, 10);
      assert.deepEqual(
        page.map(({ action, kind, actor }) => [action, kind, actor]),
        [["password.reset_requested", "sign-in", user.loginName]],
      );
    });

    it("tells of a sign-in with the password in a new browser, once for each", async () => {
      const user = await account();
      await deliver();
      catcher.mails.length = 0;
      const { slug } = site().acme.tenant;
      const client = site().app.client();
      for (const _time of [1, 2])
        assert.equal((await client.signIn(slug, user.loginName, testPassword)).status, 303);
      await deliver();
      assert.deepEqual(
        catcher.mails.map(({ subject, recipients }) => [subject.split(" to ")[0], recipients]),
        [["A new sign-in", [user.loginName]]],
      );
    });
  });
});

describe("a forgotten password without mail", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    it("is not offered, and its page says who can help", async () => {
      const { slug } = site().acme.tenant;
      const client = site().app.client();
      const page = await client.get(`/login/password/${slug}`);
      assert.equal(page.status, 200);
      assert.ok(!page.text.includes("forgotten"));
      const help = await client.get(`/login/password/${slug}/forgotten`);
      assert.match(help.text, /Ask an administrator of your organisation/);
      assert.ok(!help.text.includes('name="loginName"'));
    });

    it("adds nothing to the outbox, also for notices", async () => {
      const { slug } = site().acme.tenant;
      const path = `/login/password/${slug}/forgotten`;
      assertRedirect(await site().app.client().post(path, { loginName: site().owner.loginName }), path);
      assert.equal(
        (await site().app.client().signIn(slug, site().owner.loginName, testPassword)).status,
        303,
      );
      assert.deepEqual(await use().database.sql()("outbox").select("*"), []);
    });
  });
});

describe("the answer to a forgotten password", () => {
  it("is complete before the application looks for the tenant and the account", async () => {
    const order: string[] = [];
    let looked = (): void => undefined;
    const hasLooked = new Promise<void>((resolve) => {
      looked = resolve;
    });
    const database = {
      sql() {
        order.push("looks");
        looked();
        throw new Error("not reached by the test");
      },
    } as unknown as Database;
    const app = express();
    app.use(express.urlencoded({ extended: false }), (req, res, next) => {
      Object.assign(req, { log: { info() {}, warn() {} } });
      res.once("finish", () => order.push("answered"));
      res.render = ((name: string) => res.send(name)) as typeof res.render;
      next();
    });
    const limits = { forgotten: async () => undefined } as unknown as PasswordLimits;
    app.use(forgottenPasswordRoutes({ database, mails: mailsOf(true), limits }));
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/login/password/acme/forgotten`, {
      method: "POST",
      body: new URLSearchParams({ loginName: "ada@acme.example" }),
    });
    assert.equal(answer.status, 200);
    await hasLooked;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(order, ["answered", "looks"]);
  });
});
