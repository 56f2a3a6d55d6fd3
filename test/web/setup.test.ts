import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { blockUser } from "../../src/directory/access.ts";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { hashToken, randomToken } from "../../src/store/secrets.ts";
import { landingPath } from "../../src/web/home.ts";
import type { Answer } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { assertRedirect, headingOf } from "../helpers/pages.ts";
import { useSite } from "../helpers/site.ts";

const password = "four words make one";
const form = { password, repeated: password };

describe("/setup/{token}", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    let people = 0;

    async function invited() {
      const email = `invited-${people++}@acme.example`;
      const token = await inviteOwner(site().acme.store, email);
      const user = await site().acme.store.users.byLoginName(email);
      assert.ok(user);
      return { email, token, user, path: `/setup/${token}` };
    }
    const signIn = (email: string, secret: string): Promise<Answer> =>
      site().app.client().signIn(site().acme.tenant.slug, email, secret);
    function assertNotValid(answer: Answer): void {
      assert.equal(answer.status, 403);
      assert.match(
        answer.text,
        /This link was used already, or its time is over\. Ask the person who sent it to you/,
      );
      assert.ok(!answer.text.includes('type="password"'), "no form is shown");
    }

    it("sets the first password, signs in, and works once", async () => {
      const { email, path } = await invited();
      const client = site().app.client();
      assertRedirect(await client.post(path, form), landingPath);
      const { user } = JSON.parse((await client.get("/me")).text);
      assert.deepEqual([user.loginName, user.role], [email, "owner"]);
      assert.match((await client.get(landingPath)).text, /Your password is set, and you are signed in/);
      assertNotValid(await client.get(path));
      assertNotValid(await site().app.client().post(path, form));
      assert.equal((await signIn(email, password)).status, 303);
    });

    it("is not consumed by opening it, so a mail scanner does no harm", async () => {
      const { path } = await invited();
      for (const round of [1, 2]) {
        const page = await site().app.client().get(path);
        assert.equal(page.status, 200, `opened ${round} times`);
        assert.equal(headingOf(page), "Set your password");
      }
      assert.equal((await site().app.client().send("HEAD", path, {})).status, 200);
      assertRedirect(await site().app.client().post(path, form), landingPath);
    });

    it("keeps its URL out of Referer headers and caches", async () => {
      const { path } = await invited();
      const weak = { password: "weak", repeated: "weak" };
      for (const page of [
        await site().app.client().get(path),
        await site().app.client().post(path, weak),
        await site().app.client().get("/setup/unknown"),
      ]) {
        assert.equal(page.headers.get("referrer-policy"), "no-referrer");
        assert.match(page.headers.get("cache-control") ?? "", /^no-store/);
      }
    });

    const unacceptable: [string, Record<string, string>, RegExp][] = [
      ["a weak password", { password: "short", repeated: "short" }, /at least 12 characters/],
      ["a common password", { password: "qwertyqwerty", repeated: "qwertyqwerty" }, /common passwords/],
      [
        "an address",
        { password: "invited@acme.example", repeated: "invited@acme.example" },
        /an address of you/,
      ],
      ["two different passwords", { ...form, repeated: "something else" }, /are not the same/],
      ["no password", {}, /at least 12 characters/],
    ];
    for (const [what, entered, problem] of unacceptable) {
      it(`stays valid after ${what}`, async () => {
        const { email, path } = await invited();
        const page = await site().app.client().post(path, entered);
        assert.equal(page.status, 400);
        assert.match(page.text, problem);
        assert.equal((await signIn(email, entered.password ?? "")).status, 403);
        assertRedirect(await site().app.client().post(path, form), landingPath);
      });
    }

    it("shows the account's names, and stores those that the person corrects", async () => {
      const { user, path } = await invited();
      const page = await site().app.client().get(path);
      assert.match(page.text, /name="givenName" value="Invited"/);
      assert.match(page.text, /name="familyName" value="acme.example"/);
      const names = { givenName: " Grace ", familyName: "Hopper" };
      assertRedirect(
        await site()
          .app.client()
          .post(path, { ...form, ...names }),
        landingPath,
      );
      const now = await site().acme.store.users.byId(user.id);
      assert.deepEqual([now?.givenName, now?.familyName], ["Grace", "Hopper"]);
      assert.deepEqual(now?.attributes.name, { givenName: "Grace", familyName: "Hopper" });
      assert.deepEqual(now?.attributes.emails, user.attributes.emails);
    });

    it("lets a person have no last name, and keeps the names if the form does not have them", async () => {
      const [single, unchanged] = [await invited(), await invited()];
      const { store } = site().acme;
      await site()
        .app.client()
        .post(single.path, { ...form, givenName: "Madonna", familyName: "" });
      const one = await store.users.byId(single.user.id);
      assert.deepEqual([one?.givenName, one?.familyName], ["Madonna", null]);
      assert.deepEqual(one?.attributes.name, { givenName: "Madonna" });
      await site().app.client().post(unchanged.path, form);
      const other = await store.users.byId(unchanged.user.id);
      assert.deepEqual([other?.givenName, other?.familyName], ["Invited", "acme.example"]);
    });

    const wrongNames: [string, Record<string, string>, RegExp][] = [
      ["no first name", { givenName: " ", familyName: "Hopper" }, /Enter your first name/],
      [
        "a deceptive name",
        { givenName: "Gr\u202eace", familyName: "Hopper" },
        /U\+202E RIGHT-TO-LEFT OVERRIDE/,
      ],
      [
        "a deceptive last name",
        { givenName: "Grace", familyName: "Hop\u200bper" },
        /U\+200B ZERO WIDTH SPACE/,
      ],
      ["an overlong name", { givenName: "Grace", familyName: "x".repeat(101) }, /at most 100 characters/],
    ];
    for (const [what, names, problem] of wrongNames) {
      it(`stays valid after ${what}, and keeps what was entered`, async () => {
        const { user, email, path } = await invited();
        const page = await site()
          .app.client()
          .post(path, { ...form, ...names });
        assert.equal(page.status, 400);
        assert.match(page.text, problem);
        assert.ok(page.text.includes(`value="${names.familyName}"`));
        assert.equal((await signIn(email, password)).status, 403);
        assert.equal((await site().acme.store.users.byId(user.id))?.version, user.version);
        assertRedirect(await site().app.client().post(path, form), landingPath);
      });
    }

    it("is refused when unknown, for any form, and without hashing a password", async () => {
      const costs: number[] = [];
      // Other work of this process only adds to the cost, so take the minimum of three.
      for (let round = 0; round < 3; round++) {
        const before = process.cpuUsage();
        for (const entered of [form, { password: "short" }]) {
          assertNotValid(await site().app.client().post("/setup/unknown", entered));
        }
        assertNotValid(await site().app.client().get("/setup/unknown"));
        costs.push(process.cpuUsage(before).user);
      }
      assert.ok(Math.min(...costs) < 150_000, `took ${costs.join(", ")} µs`);
    });

    it("is refused after it has expired", async () => {
      const { user } = await invited();
      const token = randomToken();
      await site().acme.store.links.create(
        hashToken(token),
        { kind: "set-password", userId: user.id },
        Date.now() - 1,
      );
      assertNotValid(await site().app.client().get(`/setup/${token}`));
      assertNotValid(await site().app.client().post(`/setup/${token}`, form));
    });

    it("is refused when it was created for another purpose", async () => {
      const connection = await site().acme.connection();
      const token = randomToken();
      const purpose = { kind: "set-up-connection", connectionId: connection.id } as const;
      await site().acme.store.links.create(hashToken(token), purpose, Date.now() + 60_000);
      assertNotValid(await site().app.client().get(`/setup/${token}`));
      // The page of such a link has no password form.
      assert.equal((await site().app.client().post(`/setup/${token}`, form)).status, 404);
      assert.equal(await site().acme.store.credentials.passwordHash(connection.id), null);
    });

    it("is refused for a person who has been blocked or deactivated", async () => {
      const blocked = await invited();
      await blockUser(site().acme.store, blocked.user.id);
      const marked = await invited();
      await site().acme.store.users.update(marked.user.id, { blocked: true });
      const inactive = await invited();
      await site().acme.store.users.update(inactive.user.id, { active: false });
      for (const { path, user } of [blocked, marked, inactive]) {
        assertNotValid(await site().app.client().post(path, form));
        assert.equal(await site().acme.store.credentials.passwordHash(user.id), null);
      }
    });

    it("is invalid once a newer link exists", async () => {
      const first = await invited();
      const second = await inviteOwner(site().acme.store, first.email);
      assertNotValid(await site().app.client().post(first.path, form));
      assertRedirect(await site().app.client().post(`/setup/${second}`, form), landingPath);
    });

    it("works only once when used twice at the same time", async () => {
      const { email, path, user } = await invited();
      const passwords = ["the first one's password", "the second one's password"];
      const redeem = (secret: string) =>
        site().app.client().post(path, { password: secret, repeated: secret });
      // By the time that the account's lock is free, both have hashed a password and one has consumed the link.
      const posts: Promise<Answer>[] = [];
      await site().acme.store.transaction(async (inside) => {
        await inside.users.lock(user.id);
        posts.push(...passwords.map(redeem));
        await sleep(1_500);
      });
      const answers = await Promise.all(posts);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 403]);
      const winner = answers.findIndex(({ status }) => status === 303);
      assert.equal((await signIn(email, passwords[winner] as string)).status, 303);
      assert.equal((await signIn(email, passwords[1 - winner] as string)).status, 403);
    });

    it("never has its token in the log", async () => {
      const { token, path } = await invited();
      const client = site().app.client();
      site().app.logged.length = 0;
      await client.get(path);
      await client.get(`/SETUP/${token}?x=1`);
      await client.get(`/Setup/${token}/`);
      await client.get(`/setup/${token}/more`);
      await client.post(path, {}, { "sec-fetch-site": "cross-site" });
      await client.post(path, { password: "weak", repeated: "weak" });
      await client.post(path, form);
      assert.ok(site().app.logged.length >= 7);
      const log = JSON.stringify(site().app.logged);
      assert.ok(!log.includes(token), "the token is in the log");
      assert.ok(!log.includes(password), "the password is in the log");
    });
  });
});
