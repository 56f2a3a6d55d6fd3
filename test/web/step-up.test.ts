import assert from "node:assert/strict";
import { landingPath } from "../../src/web/home.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { formOn, submit } from "../helpers/forms.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, testPassword } from "../helpers/people.ts";
import { plantSession, useSite } from "../helpers/site.ts";

const minute = 60_000;

describe("an administrator whose sign-in is too old for the console", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    beforeEach(() => site().acme.store.sessions.changePolicy({ adminFreshMinutes: 15 }));
    afterEach(() => site().acme.store.sessions.changePolicy({ adminFreshMinutes: null, idleMinutes: 480 }));

    /** A browser of the owner, who signed in with their password `age` ms ago. */
    async function owner(age: number, data = {}) {
      const client = site().app.client();
      const { acme, owner: user } = site();
      const createdAt = Date.now() - age;
      client.cookies.set("session", await plantSession(use(), acme.tenant, user, { createdAt, data }));
      return client;
    }
    const formOfLimits = { idle: "1", idleUnit: "hours", absolute: "1", absoluteUnit: "days", fresh: "" };
    const signInAgain = async (client: Awaited<ReturnType<typeof owner>>, page: string) =>
      await submit(client, page, `/login/password/${site().acme.tenant.slug}`, { password: testPassword });

    it("signs in with their password, and gets back to the page", async () => {
      const client = await owner(15 * minute);
      const asked = await client.get("/admin/people?q=a");
      assertRedirect(asked, "/login/again?returnTo=%2Fadmin%2Fpeople%3Fq%3Da");
      const page = await client.get(asked.location ?? "");
      assert.match(page.text, /asks administrators to sign in again after 15 minutes/);
      assertRedirect(await signInAgain(client, asked.location ?? ""), "/admin/people?q=a");
      assert.equal((await client.get("/admin/people?q=a")).status, 200);
      assertRedirect(await client.get(asked.location ?? ""), "/admin/people?q=a");
    });

    it("is not asked while the sign-in is recent, nor outside the console, nor if the tenant does not want it", async () => {
      assert.equal((await (await owner(14 * minute)).get("/admin")).status, 200);
      const stale = await owner(15 * minute);
      for (const path of [landingPath, "/account", "/me"])
        assert.equal((await stale.get(path)).status, 200, path);
      await site().acme.store.sessions.changePolicy({ adminFreshMinutes: null });
      assert.equal((await stale.get("/admin")).status, 200);
    });

    it("counts from the sign-in at the identity provider, if that is known", async () => {
      const proof = (age: number) => ({ proof: { at: Date.now() - age, methods: [], context: null } });
      assert.equal((await (await owner(0, proof(15 * minute))).get("/admin")).status, 303);
      assert.equal((await (await owner(0, proof(14 * minute))).get("/admin")).status, 200);
      const unknown = { proof: { at: null, methods: [], context: null } };
      assert.equal((await (await owner(15 * minute, unknown)).get("/admin")).status, 303);
    });

    it("loses no form: it waits, and is sent afterwards", async () => {
      const { sessions } = site().acme.store;
      const client = await owner(14 * minute);
      const form = formOn(await client.get("/admin/sessions"), "/limits");
      await use()
        .database.sql()("sessions")
        .where("user_id", site().owner.id)
        .update({ created_at: Date.now() - 15 * minute });
      assertRedirect(await form.send(client, formOfLimits), "/login/again");
      assert.equal((await sessions.policy())?.idleMinutes, 480, "nothing was changed");
      const stored = await use().database.sql()("sessions").where("user_id", site().owner.id);
      for (const { data } of stored) assert.doesNotMatch(data, /idleUnit|hours/, "the form is sealed");
      assert.match((await client.get("/login/again")).text, /Your form is kept/);
      assertRedirect(await signInAgain(client, "/login/again"), "/login/again");
      assert.match((await client.get("/login/again")).text, /<strong>Idle unit<\/strong>: hours/);
      assert.equal((await sessions.policy())?.idleMinutes, 480, "nothing is sent by itself");
      assertRedirect(await submit(client, "/login/again", "/admin/sessions/limits"), "/admin/sessions");
      assert.match((await client.get("/admin/sessions")).text, /The limits are saved/);
      const policy = await sessions.policy();
      assert.deepEqual([policy?.idleMinutes, policy?.adminFreshMinutes], [60, null]);
      assertRedirect(await client.get("/login/again"), landingPath);
    });

    it("enters secrets again: a form that waits does not have them", async () => {
      const { connection } = site().acme;
      const { id } = await connection();
      const client = await owner(15 * minute);
      const settings = `/admin/connections/${id}/settings`;
      await client.post(settings, { clientId: "0oa1", clientSecret: "a secret of the client" });
      await signInAgain(client, "/login/again");
      const page = await client.get("/login/again");
      assert.match(page.text, /<input id="clientSecret" name="clientSecret" type="password"/);
      assert.match(page.text, /name="clientId" value="0oa1"/);
      assert.doesNotMatch(page.text, /a secret of the client/);
    });

    it("is told if a form is too large to wait", async () => {
      const { id } = await site().acme.connection();
      const client = await owner(15 * minute);
      const large = { issuer: "x".repeat(70_000) };
      assertRedirect(await client.post(`/admin/connections/${id}/settings`, large), "/login/again");
      await signInAgain(client, "/login/again");
      assert.match((await client.get("/login/again")).text, /your form was too large to keep/);
    });

    it("leaves no form for another person who signs in at the same browser", async () => {
      const other = await createLocalAccount(site().acme.store, "other-admin@acme.example", "admin");
      const client = await owner(15 * minute);
      await client.post("/admin/sessions/limits", formOfLimits);
      await client.signIn(site().acme.tenant.slug, other.loginName, testPassword);
      assertRedirect(await client.get("/login/again"), landingPath);
    });

    it("does not learn of the console as a member", async () => {
      const member = await createLocalAccount(site().acme.store, "stale@acme.example");
      const client = site().app.client();
      const createdAt = Date.now() - 15 * minute;
      client.cookies.set("session", await plantSession(use(), site().acme.tenant, member, { createdAt }));
      assert.equal((await client.get("/admin")).status, 404);
    });
  });
});
