import assert from "node:assert/strict";
import { revokeInvitation } from "../../src/directory/invitations.ts";
import { approveOwner } from "../../src/directory/owners.ts";
import { provisionUser, updateProvisionedUser } from "../../src/directory/provisioning.ts";
import { createToken, revokeToken } from "../../src/directory/provisioning-tokens.ts";
import { personOfAssertion, signIn } from "../../src/directory/sign-in.ts";
import type { Role, User } from "../../src/model.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { landingPath } from "../../src/web/home.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { lastMailTo, type MailCatcher, mailServerOf, sendMail, startMailCatcher } from "../helpers/mail.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, identityOf, provisioned } from "../helpers/people.ts";
import { plantSession, useSite } from "../helpers/site.ts";
import { conflict, refused } from "../helpers/thrown.ts";

const page = "/admin/people/invitations";
const password = "some words to remember";
const form = { password, repeated: password };

describe("invitations", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    const mailed = useSite(use, { mail: mailServerOf({ url: "smtp://127.0.0.1:1" }) });
    let [owner, admin]: Client[] = [];
    let count = 0;
    before(async () => {
      owner = await site().clientOf(site().owner);
      admin = await site().clientOf(
        await createLocalAccount(site().acme.store, "admin@acme.example", "admin"),
      );
    });

    const address = () => `new-${count++}@guests.example`;
    async function invite(email: string, role: Role = "member", client = owner as Client): Promise<Answer> {
      const answer = await client.post(page, { email, givenName: "Nina", familyName: "", role });
      assertRedirect(answer, page);
      return await client.get(page);
    }
    const linkIn = ({ text }: Answer) => /id="invitation-link">[^<]*(\/setup\/[\w-]+)</.exec(text)?.[1] ?? "";
    async function invited(role: Role = "member"): Promise<{ user: User; link: string }> {
      const email = address();
      const link = linkIn(await invite(email, role));
      const user = await site().acme.store.users.byLoginName(email);
      assert.ok(user && link, "an invitation with a link");
      return { user, link };
    }
    const pending = async (user: User) => (await site().acme.store.invitations.find(user.id)) !== null;
    const problemIn = ({ text }: Answer) =>
      /class="notice answer problem"[^>]*>([^<]*)</.exec(text)?.[1] ?? "";

    it("are listed with who sent them, and show the link once where there is no mail", async () => {
      const empty = await (await site().clientOf(site().owner)).get(page);
      assert.match(empty.text, /No open invitations/);
      const email = address();
      const answer = await invite(email);
      const link = linkIn(answer);
      assert.match(link, /^\/setup\/[\w-]{43}$/);
      assert.match(answer.text, /Send this link to Nina/);
      assert.match(answer.headers.get("cache-control") ?? "", /no-transform/);
      const again = await (owner as Client).get(page);
      assert.ok(!again.text.includes(link));
      assert.ok(again.text.includes(email) && again.text.includes(`by ${site().owner.loginName}`));
      const hashes = await use().database.sql()("one_time_links").select("token_hash");
      assert.ok(hashes.some(({ token_hash }) => token_hash === hashToken(link.replace("/setup/", ""))));
      const list = await (owner as Client).get(`/admin/people?q=${email}`);
      assert.match(list.text, /<span class="badge">Invited<\/span>/);
    });

    it("are accepted once, by a POST: the person sets a password, has the role, and is signed in", async () => {
      const { user, link } = await invited("admin");
      const client = site().app.client();
      for (const _time of [1, 2]) assert.equal((await client.get(link)).status, 200);
      assert.ok(await pending(user), "opening it accepts nothing");
      assertRedirect(
        await client.post(link, { ...form, givenName: "Nina", familyName: "Simone" }),
        landingPath,
      );
      assert.equal((await client.get("/admin")).status, 200);
      assert.equal(await pending(user), false);
      assert.equal((await site().app.client().post(link, form)).status, 403);
      const activity = await site().acme.store.activity.page({ person: user.id }, null, 10);
      assert.deepEqual(activity.map(({ action, actor }) => [action, actor]).sort(), [
        ["sign_in.succeeded", user.loginName],
        ["user.invited", site().owner.loginName],
      ]);
    });

    it("expire after seven days", async () => {
      const { user, link } = await invited();
      const links = use().database.sql()("one_time_links").where("user_id", user.id);
      const [{ expires_at }] = await links.clone().select("expires_at");
      assert.ok(Math.abs(expires_at - Date.now() - 7 * 86_400_000) < 60_000);
      await links.update({ expires_at: Date.now() - 1 });
      assert.equal((await site().app.client().post(link, form)).status, 403);
      await site().acme.store.invitations.set({ userId: user.id, invitedBy: "x", sentAt: 1, expiresAt: 2 });
      assert.match((await (owner as Client).get(page)).text, /Expired/);
    });

    it("can be sent again, which revokes the earlier link", async () => {
      const { user, link } = await invited();
      assertRedirect(await (admin as Client).post(`${page}/${user.id}/resend`), page);
      const second = linkIn(await (admin as Client).get(page));
      assert.ok(second && second !== link);
      assert.equal((await site().app.client().post(link, form)).status, 403);
      assertRedirect(await site().app.client().post(second, form), landingPath);
      assertRedirect(await (admin as Client).post(`${page}/${user.id}/resend`), page);
      assert.match(problemIn(await (admin as Client).get(page)), /accepted already/);
    });

    it("are sent again only after a recent sign-in: without mail, the answer shows a link into the account", async () => {
      const { user, link } = await invited("admin");
      const createdAt = Date.now() - 16 * 60_000;
      const late = site().app.client();
      late.cookies.set("session", await plantSession(use(), site().acme.tenant, site().owner, { createdAt }));
      assertRedirect(await late.post(`${page}/${user.id}/resend`), "/login/again");
      assert.equal(linkIn(await late.get(page)), "");
      assertRedirect(await site().app.client().post(link, form), landingPath);
    });

    it("can be revoked with the account, but not once they were accepted", async () => {
      const [revoked, accepted] = [await invited(), await invited()];
      assertRedirect(await (admin as Client).post(`${page}/${revoked.user.id}/revoke`), page);
      assert.equal((await site().app.client().post(revoked.link, form)).status, 403);
      assert.equal(await site().acme.store.users.byId(revoked.user.id), null);
      assertRedirect(await site().app.client().post(accepted.link, form), landingPath);
      await (admin as Client).post(`${page}/${accepted.user.id}/revoke`);
      assert.ok(await site().acme.store.users.byId(accepted.user.id));
    });

    it("of owners are for owners only, also to send again and to revoke", async () => {
      const email = address();
      await invite(email, "owner", admin);
      assert.equal(await site().acme.store.users.byLoginName(email), null);
      assert.ok(!(await (admin as Client).get(page)).text.includes('value="owner"'));
      const { user, link } = await invited("owner");
      for (const act of ["resend", "revoke"]) {
        await (admin as Client).post(`${page}/${user.id}/${act}`);
        assert.match(problemIn(await (admin as Client).get(page)), /Only an owner/);
      }
      assertRedirect(await site().app.client().post(link, form), landingPath);
      assert.equal(await site().acme.store.roles.effective(user.id), "owner");
    });

    it("keep what was entered if they are refused", async () => {
      const answer = await (owner as Client).post(page, {
        email: "not an address",
        givenName: "Nina",
        role: "admin",
      });
      assertRedirect(answer, page);
      const shown = await (owner as Client).get(page);
      assert.match(shown.text, /is not an e-mail address/);
      assert.ok(shown.text.includes('value="not an address"') && shown.text.includes('value="Nina"'));
      const taken = await invite(site().owner.loginName);
      assert.match(problemIn(taken), /Another user of this tenant has this login name/);
    });

    it("are refused for the domain of another tenant, unless it is also this tenant's", async () => {
      const other = await createTestTenant(use().database);
      const own = site().acme.store;
      await other.store.domains.add("claimed.example", "proof");
      assert.equal(
        problemIn(await invite(`a${address()}`.replace("guests", "claimed"))),
        "",
        "not verified yet",
      );
      await other.store.domains.markVerified("claimed.example");
      const email = `ada-${count++}@Claimed.example`;
      assert.match(problemIn(await invite(email)), /claimed\.example belongs to another organisation/);
      assert.equal(await own.users.byLoginName(email), null);
      await own.domains.add("claimed.example", "proof");
      await own.domains.markVerified("claimed.example");
      assert.equal(problemIn(await invite(email)), "");
    });

    it("are refused where the identity provider decides about the domain, except for owners", async () => {
      const { acme } = site();
      const connection = await acme.connection();
      await acme.store.domains.add("managed.example", "proof");
      await acme.store.domains.markVerified("managed.example");
      const email = () => `person-${count++}@managed.example`;
      assert.equal(problemIn(await invite(email())), "");
      const { id } = await createToken(acme.store);
      assert.match(problemIn(await invite(email())), /provisions the people of managed\.example/);
      assert.equal(problemIn(await invite(address())), "", "people of other domains are welcome");
      await revokeToken(acme.store, id);
      assert.equal(problemIn(await invite(email())), "");
      await acme.store.domains.enforce("managed.example", connection.id);
      assert.match(problemIn(await invite(email(), "admin")), /sign in through your identity provider/);
      assert.equal(problemIn(await invite(email(), "owner")), "");
      await acme.store.domains.remove("managed.example");
    });

    it("bring back a person who was kept out", async () => {
      const { acme } = site();
      const email = address();
      await acme.store.tombstones.add("tombstone", email, []);
      assert.equal(problemIn(await invite(email)), "");
      assert.ok(!(await acme.store.tombstones.list()).some(({ loginName }) => loginName === email));
    });

    it("are not for members, and a lost role counts at once", async () => {
      const member = await createLocalAccount(site().acme.store, `member-${count++}@acme.example`);
      const client = await site().clientOf(member);
      assert.equal((await client.get(page)).status, 404);
      assert.equal((await client.post(page, { email: address(), role: "member" })).status, 404);
    });

    it("are limited to a hundred a day in a tenant", async () => {
      const key = `invitations:${site().acme.tenant.id}`;
      const counter = use().database.sql()("rate_limits").where({ key });
      await counter.clone().update({ points: 100, expires_at: Date.now() + 7_200_000 });
      assert.match(problemIn(await invite(address())), /100 invitations were sent in a day\. .* in 2 hours/);
      await counter.delete();
    });

    describe("and single sign-on", () => {
      it("link by the login name, which accepts the invitation and ends its link", async () => {
        const { user, link } = await invited("admin");
        const connection = await site().acme.connection();
        const { user: found, by } = await signIn(site().acme.store, identityOf(connection, user.loginName));
        assert.deepEqual([found.id, by], [user.id, "login-name"]);
        assert.equal(await pending(user), false);
        assert.equal((await site().app.client().post(link, form)).status, 403);
        assert.equal(await site().acme.store.roles.effective(user.id), "admin");
      });

      it("link no second identity, and no look-alike", async () => {
        const { user } = await invited();
        const [first, second] = [await site().acme.connection(), await site().acme.connection()];
        const { store } = site().acme;
        const lookAlike = identityOf(first, user.loginName.replace("n", "ｎ"));
        await assert.rejects(signIn(store, lookAlike), refused("account-conflict"));
        await signIn(store, identityOf(first, user.loginName));
        const other = identityOf(second, user.loginName, { subject: "another" });
        await assert.rejects(signIn(store, other), refused("account-conflict"));
      });

      it("link an owner only after an owner approved it", async () => {
        const { user } = await invited("owner");
        const { store } = site().acme;
        const connection = await site().acme.connection();
        const identity = identityOf(connection, user.loginName);
        await assert.rejects(signIn(store, identity), refused("owner-not-approved"));
        await approveOwner(store, connection.id, user.id);
        assert.equal((await signIn(store, identity)).user.id, user.id);
      });

      it("let no agent act for a person whom only an address names", async () => {
        const { user } = await invited();
        const connection = await site().acme.connection();
        const person = { subject: "unknown", email: user.loginName };
        await assert.rejects(
          site().acme.store.transaction((inside) => personOfAssertion(inside, connection, person)),
          refused("account-conflict"),
        );
      });
    });

    describe("and provisioning", () => {
      it("hand the person over: same id, no invitation, no password, no session", async () => {
        const { user, link } = await invited();
        const { store, writer } = site().acme;
        const client = site().app.client();
        assertRedirect(await client.post(link, form), landingPath);
        const sent = provisioned(user.loginName, { sourceKey: `key-${count}` });
        await assert.rejects(provisionUser(store, writer, sent), conflict("login-name-taken"));
        const { user: adopted, adopted: wasAdopted } = await updateProvisionedUser(
          store,
          writer,
          user.id,
          sent,
        );
        assert.deepEqual([adopted.id, adopted.origin, wasAdopted], [user.id, "scim", true]);
        // The tenant accepts passwords that provisioning sets, but not the one from before.
        await store.settings.change({ passwordSync: true });
        assert.equal(await store.credentials.passwordHash(user.id), null);
        assert.equal((await client.get("/me")).status, 401);
        const { slug } = site().acme.tenant;
        assert.equal((await site().app.client().signIn(slug, user.loginName, password)).status, 403);
      });

      it("end an invitation that was not accepted", async () => {
        const { user, link } = await invited();
        const { store, writer } = site().acme;
        await updateProvisionedUser(store, writer, user.id, provisioned(user.loginName));
        assert.equal(await pending(user), false);
        assert.equal((await site().app.client().post(link, form)).status, 403);
      });

      it("are not revoked by an administrator who has lost the role", async () => {
        const { user } = await invited();
        const { store } = site().acme;
        const by = { userId: (await createLocalAccount(store, "former-admin@acme.example")).id };
        await assert.rejects(revokeInvitation(store, by, user.id), conflict("not-an-administrator"));
        assert.ok(await pending(user));
      });

      it("never hand an owner over", async () => {
        const { user, link } = await invited("owner");
        const { store, writer } = site().acme;
        const change = updateProvisionedUser(store, writer, user.id, provisioned(user.loginName));
        await assert.rejects(change, conflict("owner-protected"));
        assertRedirect(await site().app.client().post(link, form), landingPath);
      });
    });

    describe("where mail is configured", () => {
      let catcher: MailCatcher;
      before(async () => {
        catcher = await startMailCatcher();
      });
      after(() => catcher.close());

      it("go out by mail, and the console shows no link", async () => {
        const client = await mailed().clientOf(mailed().owner);
        const email = address();
        assertRedirect(await client.post(page, { email, role: "member" }), page);
        const answer = await client.get(page);
        assert.match(answer.text, /gets a mail with a link/);
        assert.ok(!answer.text.includes("/setup/"));
        const deliver = () => sendMail(use().database, mailServerOf(catcher), { baseUrl: mailed().app.url });
        await deliver();
        const first = lastMailTo(catcher, email);
        assert.match(first.text, /owner@acme\.example invites you to Tenant/);
        const user = await mailed().acme.store.users.byLoginName(email);
        await client.post(`${page}/${user?.id}/resend`);
        await deliver();
        const second = lastMailTo(catcher, email);
        assert.equal((await mailed().app.client().post(first.path, form)).status, 403);
        assertRedirect(await mailed().app.client().post(second.path, form), landingPath);
      });
    });
  });
});
