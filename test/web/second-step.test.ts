import assert from "node:assert/strict";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { noMails } from "../../src/directory/mails.ts";
import { resetSecondSteps } from "../../src/directory/second-steps.ts";
import type { User } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { submit, unescaped } from "../helpers/forms.ts";
import { forgetCounts } from "../helpers/known-devices.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, testPassword } from "../helpers/people.ts";
import { codeOfShownKey, giveAuthenticator, type TestAuthenticator } from "../helpers/second-steps.ts";
import { messagesOn } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";

const page = "/login/second-step";

describe("the second step of a sign-in with a password", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    let people = 0;
    beforeEach(() => forgetCounts(use().database));
    afterEach(() => site().acme.store.sessions.changePolicy({ secondStep: "none" }));

    const newPerson = (role: "member" | "admin" | "owner" = "member") =>
      createLocalAccount(site().acme.store, `second-${++people}@acme.example`, role);
    async function withApp(): Promise<{ user: User; app: TestAuthenticator }> {
      const user = await newPerson();
      return { user, app: await giveAuthenticator(site().acme.store, site().sealer, user) };
    }
    const enterPassword = async (user: User, client = site().app.client()) => ({
      client,
      answer: await client.signIn(site().acme.tenant.slug, user.loginName, testPassword),
    });
    const isSignedIn = async (client: Client) => (await client.get("/me")).status === 200;
    const actionsOf = async (user: User) =>
      (await site().acme.store.activity.page({ person: user.id }, null, 50)).map(({ action }) => action);

    it("is asked for on a second page, before there is a session", async () => {
      const { user, app } = await withApp();
      const { client, answer } = await enterPassword(user);
      assertRedirect(answer, page);
      assert.deepEqual([...client.cookies.keys()], ["second-step"]);
      assert.equal(await isSignedIn(client), false);
      assert.ok(!(await actionsOf(user)).includes("sign_in.succeeded"));
      assert.match((await client.get(page)).text, /Your password was right/);
      assertRedirect(await client.post(page, { code: app.code() }), landingPath);
      assert.equal(await isSignedIn(client), true);
      assert.ok(!client.cookies.has("second-step"));
      assert.ok((await actionsOf(user)).includes("sign_in.succeeded"));
    });

    it("leads on to the page that the person wanted", async () => {
      const { user, app } = await withApp();
      const client = site().app.client();
      const form = { loginName: user.loginName, password: testPassword, returnTo: "/account?a=1" };
      await client.post(`/login/password/${site().acme.tenant.slug}`, form);
      assertRedirect(await client.post(page, { code: app.code() }), "/account?a=1");
    });

    it("refuses a wrong code, with an entry in the activity, and lets the person try again", async () => {
      const { user, app } = await withApp();
      const { client } = await enterPassword(user);
      const wrong = await client.post(page, { code: app.code(5) });
      assert.deepEqual([wrong.status, /role="alert">That was not right/.test(wrong.text)], [403, true]);
      assert.equal((await actionsOf(user))[0], "sign_in.refused");
      assertRedirect(await client.post(page, { code: app.code() }), landingPath);
    });

    it("refuses the code of a time step that was accepted before, and an older one", async () => {
      const { user, app } = await withApp();
      const code = app.code();
      const first = await enterPassword(user);
      assertRedirect(await first.client.post(page, { code }), landingPath);
      const { client } = await enterPassword(user);
      assert.equal((await client.post(page, { code })).status, 403);
      assert.equal((await client.post(page, { code: app.code(-1) })).status, 403);
    });

    it("accepts a code once, of two requests at the same time", async () => {
      const { user, app } = await withApp();
      const code = app.code();
      const clients = await Promise.all([enterPassword(user), enterPassword(user)]);
      const answers = await Promise.all(clients.map(({ client }) => client.post(page, { code })));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 403]);
    });

    it("accepts each recovery code once, and says so in the activity", async () => {
      const { user, app } = await withApp();
      const [code = "", other = ""] = app.recoveryCodes;
      assert.equal(app.recoveryCodes.length, 10);
      const { client } = await enterPassword(user);
      assertRedirect(await client.post(page, { code: code.toUpperCase() }), landingPath);
      assert.ok((await actionsOf(user)).includes("recovery_code.used"));
      const again = await enterPassword(user);
      assert.equal((await again.client.post(page, { code })).status, 403);
      assertRedirect(await again.client.post(page, { code: other }), landingPath);
      const { recoveryCodes } = await site().acme.store.secondSteps.ofUser(user.id);
      assert.equal(recoveryCodes, 8);
    });

    it("refuses another person's recovery code and app", async () => {
      const [{ user }, other] = [await withApp(), await withApp()];
      const { client } = await enterPassword(user);
      assert.equal((await client.post(page, { code: other.app.recoveryCodes[0] ?? "" })).status, 403);
      assert.equal((await client.post(page, { code: other.app.code() })).status, 403);
    });

    it("completes a pending sign-in once: a copy of its cookie is worthless afterwards", async () => {
      const { user, app } = await withApp();
      const { client } = await enterPassword(user);
      const thief = site().app.client();
      thief.cookies.set("second-step", client.cookies.get("second-step") ?? "");
      assertRedirect(await client.post(page, { code: app.code() }), landingPath);
      const answer = await thief.post(page, { code: app.recoveryCodes[0] ?? "" });
      assert.equal(answer.status, 403);
      assert.match(answer.text, /was not started in this browser, took too long, or was used already/);
      assert.equal(await isSignedIn(thief), false);
      const { recoveryCodes } = await site().acme.store.secondSteps.ofUser(user.id);
      assert.equal(recoveryCodes, 10, "the refused attempt consumed nothing");
    });

    it("belongs to the browser of the password: without its cookie there is nothing to complete", async () => {
      const { user, app } = await withApp();
      await enterPassword(user);
      assertRedirect(await site().app.client().post(page, { code: app.code() }), "/login");
      const forged = site().app.client();
      forged.cookies.set("second-step", "v1.AAAA");
      assertRedirect(await forged.get(page), "/login");
    });

    it("ends after a revocation of access", async () => {
      const { user, app } = await withApp();
      const { client } = await enterPassword(user);
      await site().acme.store.users.advanceAccessEpoch(user.id);
      assert.equal((await client.post(page, { code: app.code() })).status, 403);
      assert.equal(await isSignedIn(client), false);
    });

    it("limits attempts per account, from all unknown devices together", async () => {
      const { user, app } = await withApp();
      const { client } = await enterPassword(user);
      for (let attempt = 0; attempt < 5; attempt++)
        assert.equal((await client.post(page, { code: "000000" })).status, 403);
      assert.equal((await client.post(page, { code: app.code() })).status, 429);
      const { client: other } = await enterPassword(user);
      assert.equal((await other.post(page, { code: app.code() })).status, 429);
    });

    it("makes the device known only at its end: a password alone gives no attempts of its own", async () => {
      const { user, app } = await withApp();
      const { client } = await enterPassword(user);
      assert.ok(!client.cookies.has("known-device"));
      await client.post(page, { code: app.code() });
      assert.ok(client.cookies.has("known-device"));
    });

    it("is asked for after a one-time link, too", async () => {
      const owner = await newPerson("owner");
      const { acme, sealer } = site();
      const app = await giveAuthenticator(acme.store, sealer, owner);
      const client = site().app.client();
      const link = `/setup/${await inviteOwner(acme.store, owner.loginName)}`;
      const password = "four words make one";
      assertRedirect(await client.post(link, { password, repeated: password }), page);
      assert.deepEqual([await isSignedIn(client), client.cookies.has("known-device")], [false, false]);
      assertRedirect(await client.post(page, { code: app.code() }), landingPath);
    });

    describe("on the account page", () => {
      it("is set up with a code of the app, and shows ten recovery codes once", async () => {
        const user = await newPerson();
        const client = await site().clientOf(user);
        const form = await client.get("/account/authenticator");
        assert.match(form.text, /aria-label="QR code with the key below"><svg viewBox=/);
        assertRedirect(
          await submit(client, "/account/authenticator", "/account/authenticator", { code: "000000" }),
          "/account/authenticator",
        );
        const again = await client.get("/account/authenticator");
        assert.match(messagesOn(again), /The code is not right/);
        const sealed = /name="sealed" value="([^"]*)"/.exec(again.text)?.[1] ?? "";
        const done = await client.post("/account/authenticator", { sealed, code: codeOfShownKey(again) });
        assertRedirect(done, "/account");
        const account = await client.get("/account");
        const codes = /id="recovery-codes">([^<]*)</.exec(account.text)?.[1]?.split("\n") ?? [];
        assert.equal(codes.length, 10);
        assert.doesNotMatch((await client.get("/account")).text, /id="recovery-codes"/);
        const stored = JSON.stringify([
          await use().database.sql()("recovery_codes").where("user_id", user.id),
          await use().database.sql()("authenticators").where("user_id", user.id),
        ]);
        for (const code of codes) assert.ok(!stored.includes(code));
        assert.match(stored, /"sealed_key":"v2\./);
        const actions = await actionsOf(user);
        assert.deepEqual(actions.sort(), ["authenticator.added", "recovery_codes.created"]);
        assertRedirect((await enterPassword(user)).answer, page);
      });

      it("refuses a key that was offered to another person", async () => {
        const [victim, thief] = [await newPerson(), await newPerson()];
        const offered = await (await site().clientOf(thief)).get("/account/authenticator");
        const sealed = /name="sealed" value="([^"]*)"/.exec(offered.text)?.[1] ?? "";
        const client = await site().clientOf(victim);
        await client.post("/account/authenticator", { sealed, code: codeOfShownKey(offered) });
        assert.match(messagesOn(await client.get("/account/authenticator")), /Scan this new code/);
        assert.equal((await site().acme.store.secondSteps.ofUser(victim.id)).authenticatorAt, null);
      });

      it("is removed with its recovery codes, and new codes replace the former ones", async () => {
        const { user, app } = await withApp();
        const client = await site().clientOf(user);
        assertRedirect(await client.post("/account/recovery-codes"), "/account");
        const old = await enterPassword(user);
        assert.equal((await old.client.post(page, { code: app.recoveryCodes[0] ?? "" })).status, 403);
        assertRedirect(await client.post("/account/authenticator/remove"), "/account");
        const { authenticatorAt, recoveryCodes } = await site().acme.store.secondSteps.ofUser(user.id);
        assert.deepEqual([authenticatorAt, recoveryCodes], [null, 0]);
        assertRedirect((await enterPassword(user)).answer, landingPath);
        assert.ok((await actionsOf(user)).includes("authenticator.removed"));
      });

      it("does not exist for people without a local password", async () => {
        const user = await newPerson();
        await site().acme.store.credentials.remove(user.id);
        const client = await site().clientOf(user);
        assert.equal((await client.get("/account/authenticator")).status, 404);
        assert.equal((await client.get("/account/passkeys/new")).status, 404);
        assert.doesNotMatch((await client.get("/account")).text, /Second step of your sign-in/);
      });
    });

    describe("by the tenant's policy", () => {
      const setPolicy = (secondStep: "admins" | "everyone") =>
        site().acme.store.sessions.changePolicy({ secondStep });
      const setUp = "/login/second-step/set-up";
      async function enrol(client: Client): Promise<Answer> {
        const form = await client.get(setUp);
        const sealed = unescaped(/name="sealed" value="([^"]*)"/.exec(form.text)?.[1] ?? "");
        return await client.post(setUp, { sealed, code: codeOfShownKey(form) });
      }

      it("is set up after the password, before there is a session", async () => {
        await setPolicy("everyone");
        const user = await newPerson();
        const { client, answer } = await enterPassword(user);
        assertRedirect(answer, page);
        assertRedirect(await client.get(page), setUp);
        assert.equal(await isSignedIn(client), false);
        assert.equal((await client.post(setUp, { code: "000000" })).status, 400);
        assertRedirect(await enrol(client), "/account");
        assert.equal(await isSignedIn(client), true);
        assert.match((await client.get("/account")).text, /Your recovery codes/);
      });

      it("limits the attempts at its set-up", async () => {
        await setPolicy("everyone");
        const { client } = await enterPassword(await newPerson());
        const form = await client.get(setUp);
        const sealed = unescaped(/name="sealed" value="([^"]*)"/.exec(form.text)?.[1] ?? "");
        for (let attempt = 0; attempt < 5; attempt++)
          assert.equal((await client.post(setUp, { sealed, code: "no" })).status, 400);
        assert.equal((await client.post(setUp, { sealed, code: codeOfShownKey(form) })).status, 429);
      });

      it("applies to owners and admins, or to everyone", async () => {
        const [member, admin, owner] = [
          await newPerson(),
          await newPerson("admin"),
          await newPerson("owner"),
        ];
        const where = async (user: User) => (await enterPassword(user)).answer.location;
        await setPolicy("admins");
        assert.deepEqual(
          [await where(member), await where(admin), await where(owner)],
          [landingPath, page, page],
        );
        await setPolicy("everyone");
        assert.equal(await where(await newPerson()), page);
      });

      it("lets no password replace a second step that exists", async () => {
        await setPolicy("everyone");
        const user = await newPerson();
        const { client } = await enterPassword(user);
        const form = await client.get(setUp);
        const sealed = unescaped(/name="sealed" value="([^"]*)"/.exec(form.text)?.[1] ?? "");
        const app = await giveAuthenticator(site().acme.store, site().sealer, user);
        assertRedirect(await client.post(setUp, { sealed, code: codeOfShownKey(form) }), page);
        assertRedirect(await client.post(page, { code: app.code() }), landingPath);
      });

      it("refuses to remove the last second step", async () => {
        await setPolicy("everyone");
        const { user } = await withApp();
        const client = await site().clientOf(user);
        await client.post("/account/authenticator/remove");
        assert.match(messagesOn(await client.get("/account")), /Your organisation wants a second step/);
        assert.notEqual((await site().acme.store.secondSteps.ofUser(user.id)).authenticatorAt, null);
      });

      it("is changed by owners only, with an entry in the activity", async () => {
        const admin = await site().clientOf(await newPerson("admin"));
        const change = { secondStep: "admins" };
        const forms = "/admin/sessions/second-step";
        assert.equal((await admin.post(forms, change)).status, 404);
        assert.match((await admin.get("/admin/sessions")).text, /Only owners change this/);
        const owner = await site().clientOf(site().owner);
        assertRedirect(await submit(owner, "/admin/sessions", "/second-step", change), "/admin/sessions");
        assert.equal((await site().acme.store.sessions.policy())?.secondStep, "admins");
        const [entry] = await site().acme.store.activity.latest(1);
        const expected = ["sessions.second_step_changed", ["secondStep: none → admins"]];
        assert.deepEqual([entry?.action, entry?.changed], expected);
      });

      it("does not ask people who come through their identity provider", async () => {
        await setPolicy("everyone");
        const connection = await site().acme.connection();
        const client = await site().clientOf(await newPerson("admin"), connection.id);
        assert.equal((await client.get("/admin")).status, 200);
      });

      it("never locks out the last owner: the operator removes what is lost", async () => {
        await setPolicy("everyone");
        const { store } = site().acme;
        const owner = await newPerson("owner");
        await giveAuthenticator(store, site().sealer, owner);
        const { client } = await enterPassword(owner);
        await store.transaction((inside) => resetSecondSteps(inside, noMails, owner));
        assertRedirect(await client.get(page), setUp);
        assert.equal((await enrol(client)).status, 403, "the sign-in before the removal has ended");
        const again = await enterPassword(owner);
        assertRedirect(await enrol(again.client), "/account");
        assert.equal(await isSignedIn(again.client), true);
      });
    });
  });
});
