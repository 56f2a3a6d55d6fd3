import assert from "node:assert/strict";
import { hashToken } from "../../src/store/secrets.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../helpers/people.ts";
import { plantSession, sidOf, useSite } from "../helpers/site.ts";

describe("the lists of sessions", () => {
  onEachDatabase((use) => {
    const site = useSite(use, { trustProxy: 1 });
    const planted = async (more: Parameters<typeof plantSession>[3] = {}, user = site().owner) => {
      const cookie = await plantSession(use(), site().acme.tenant, user, more);
      const client = site().app.client();
      client.cookies.set("session", cookie);
      return { client, id: hashToken(sidOf(cookie)) };
    };
    const sessionOf = async (userId: string) => await site().acme.store.sessions.ofUser(userId);
    beforeEach(() => site().acme.store.sessions.remove(site().owner.id, null));

    it("show the network address of the sign-in, of either family, as the trusted proxy says", async () => {
      const { acme, owner, app } = site();
      for (const address of ["203.0.113.7", "2001:db8::7"]) {
        const client = app.client();
        const form = { loginName: owner.loginName, password: testPassword };
        const from = { "x-forwarded-for": `198.51.100.9, ${address}` };
        assert.equal((await client.post(`/login/password/${acme.tenant.slug}`, form, from)).status, 303);
        assert.match(
          (await client.get("/account")).text,
          new RegExp(`from <code>${address}</code> with a password`),
        );
      }
    });

    it("show the connection, and the identity provider's words for the methods", async () => {
      const { id, key } = await site().acme.connection();
      const proof = { at: Date.now(), methods: ["pwd", "<b>hwk"], context: "urn:okta:loa:2fa:any" };
      const { client } = await planted({ connectionId: id, data: { proof } });
      const shown = `OpenID Connect (${key}): pwd, &lt;b&gt;hwk, urn:okta:loa:2fa:any`;
      for (const path of ["/account", "/admin/sessions", `/admin/people/${site().owner.id}`])
        assert.ok((await client.get(path)).text.includes(shown), path);
    });

    it("are cut on the pages of a person who has very many", async () => {
      const sessions = await Promise.all(Array.from({ length: 51 }, () => planted()));
      const client = sessions[0]?.client ?? assert.fail();
      for (const path of ["/account", `/admin/people/${site().owner.id}`]) {
        const { text } = await client.get(path);
        assert.equal(text.match(/Last seen/g)?.length, 50, path);
        assert.match(text, /These are the 50 that were used last\./);
      }
      assert.match((await client.get(`/admin/people/${site().owner.id}`)).text, /Ends all their sessions/);
      await submit(client, "/account", "/sessions/end-others", {});
      assert.deepEqual((await sessionOf(site().owner.id)).length, 1, "also those that were not listed");
      assert.doesNotMatch((await client.get("/account")).text, /that were used last/);
    });

    it("let a person end one of their sessions, and no one else's", async () => {
      const [{ client, id: own }, { client: other, id }] = [await planted(), await planted()];
      const member = await createLocalAccount(site().acme.store, "member@acme.example");
      const { client: theirs, id: theirId } = await planted({}, member);
      assert.doesNotMatch((await client.get("/account")).text, new RegExp(`value="${own}"`));
      assertRedirect(await submit(client, "/account", "/sessions/end", { session: id }), "/account");
      assert.match((await client.get("/account")).text, /The session has ended/);
      assert.equal((await other.get("/me")).status, 401);
      assert.equal((await client.get("/me")).status, 200);
      await client.post("/account/sessions/end", { session: theirId });
      assert.match((await client.get("/account")).text, /had ended already/);
      assert.equal((await theirs.get("/me")).status, 200);
    });

    it("let an administrator end any session but an owner's, with an entry in the activity", async () => {
      const { acme, owner } = site();
      const admin = await createLocalAccount(acme.store, "admin@acme.example", "admin");
      const ada = await createLocalAccount(acme.store, "ada@acme.example");
      const [{ client }, { client: adas, id }] = [await planted({}, admin), await planted({}, ada)];
      const page = "/admin/sessions";
      assertRedirect(await client.post(`${page}/end`, { user: ada.id, session: id }), page);
      assert.match((await client.get(page)).text, /The session has ended/);
      assertRedirect(await adas.get("/account"), "/login?ended=organisation&returnTo=%2Faccount");
      const [entry] = await acme.store.activity.latest(1);
      assert.deepEqual([entry?.action, entry?.targetId], ["user.session_ended", ada.id]);
      const { client: owners, id: ownersId } = await planted();
      await client.post(`/admin/people/${owner.id}/end-session`, { user: owner.id, session: ownersId });
      assert.match((await client.get(`/admin/people/${owner.id}`)).text, /Only an owner can do that/);
      assert.equal((await owners.get("/me")).status, 200);
      await client.post(`${page}/end`, { user: ada.id, session: id });
      assert.match((await client.get(page)).text, /has ended already/);
    });

    it("keep nothing of a session that the organisation ended", async () => {
      const { id } = await planted({ data: { address: "203.0.113.7", userAgent: "Firefox/1" } });
      assert.equal(await site().acme.store.sessions.revokeOne(site().owner.id, id), true);
      const row = await use().database.sql()("sessions").where("sid_hash", id).first();
      assert.equal(row.data, "{}");
      assert.deepEqual(await sessionOf(site().owner.id), []);
    });

    it("have pages for a tenant with many sessions, and no other tenant's", async () => {
      const { store } = site().acme;
      const other = await createTestTenant(use().database);
      const stranger = await createLocalAccount(other.store, "stranger@other.example");
      await plantSession(use(), other.tenant, stranger);
      const crowd = await createLocalAccount(store, "crowd@acme.example");
      const createdAt = Date.now();
      for (let age = 0; age < 55; age++) await planted({ createdAt: createdAt - age * 1000 }, crowd);
      const { client } = await planted();
      const first = await client.get("/admin/sessions");
      const next = /href="(\/admin\/sessions\?after=[^"]+)" rel="next"/.exec(first.text)?.[1];
      const second = await client.get(next ?? assert.fail("there is no next page"));
      const ids = [first, second].flatMap(({ text }) => [
        ...text.matchAll(/name="session" value="([^"]+)"/g),
      ]);
      const own = (await sessionOf(crowd.id)).map(({ id }) => id);
      const listed = ids.map(([, id]) => id);
      assert.equal(new Set(listed).size, listed.length, "none twice");
      assert.deepEqual(
        own.filter((id) => !listed.includes(id)),
        [],
      );
      assert.doesNotMatch(first.text + second.text, /stranger@other/);
    });
  });
});
