import assert from "node:assert/strict";
import { createHmac, hkdfSync } from "node:crypto";
import { blockUser, endSessions } from "../../src/directory/access.ts";
import { changeSessionPolicy } from "../../src/directory/session-policy.ts";
import type { User } from "../../src/model.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { landingPath } from "../../src/web/home.ts";
import { startTestApp } from "../helpers/app.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { formOn, submit } from "../helpers/forms.ts";
import { assertRedirect, headingOf } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant, type TestTenant, testPassword } from "../helpers/people.ts";
import { revocationToken, startRevokingOrg } from "../helpers/revocation.ts";
import { plantSession, sessionSecret, sidOf, useSite } from "../helpers/site.ts";

const email = "ada@acme.example";
const field = "of-organisation";

describe("one browser in several organisations", () => {
  onOneDatabase((use) => {
    const site = useSite(use, { insecureAllowPrivateNetwork: true });
    let beta: TestTenant;
    /** An owner of acme and a member of beta, with the same address. */
    let people: { acme: User; beta: User };
    let client: Client;

    beforeEach(async () => {
      beta = await createTestTenant(use().database);
      await site()
        .acme.store.users.byLoginName(email)
        .then((user) => user && site().acme.store.users.remove(user.id));
      people = {
        acme: await createLocalAccount(site().acme.store, email, "owner"),
        beta: await createLocalAccount(beta.store, email),
      };
      client = site().app.client();
      await signIn(site().acme);
    });

    const signIn = async ({ tenant }: TestTenant, at = client) => {
      await use().database.sql()("rate_limits").delete();
      assertRedirect(await at.signIn(tenant.slug, email, testPassword), landingPath);
    };
    const where = async (at = client) => {
      const answer = await at.get("/me");
      return answer.status === 200 ? JSON.parse(answer.text).tenant.slug : null;
    };
    const switchTo = ({ tenant }: TestTenant, at = client) =>
      at.post("/organisations/switch", { organisation: tenant.id });
    const offered = (page: Answer) =>
      [...page.text.matchAll(/name="organisation" value="([^"]+)"/g)].map(([, id]) => id);
    const listed = async () => offered(await client.get("/account"));
    const sessionCount = async (user: User) =>
      (await use().database.sql()("sessions").where("user_id", user.id)).length;
    const idOf = () => sidOf(client.cookies.get("session"));
    const [acmeSlug, betaSlug] = [() => site().acme.tenant.slug, () => beta.tenant.slug];

    it("keeps the first session at the second sign-in, and switches between the two", async () => {
      assert.deepEqual(await listed(), []);
      await signIn(beta);
      assert.equal(await where(), betaSlug());
      assert.deepEqual(await listed(), [site().acme.tenant.id]);
      assertRedirect(await submit(client, "/account", "/organisations/switch"), landingPath);
      assert.equal(await where(), acmeSlug());
      assert.match((await client.get(landingPath)).text, /You are in .*now\./);
      assert.deepEqual(await listed(), [beta.tenant.id]);
      await switchTo(beta);
      assert.equal(await where(), betaSlug());
      assert.deepEqual([await sessionCount(people.acme), await sessionCount(people.beta)], [1, 1]);
    });

    it("gives each sign-in a new id, and no session the id of another one", async () => {
      const first = idOf();
      await signIn(beta);
      const second = idOf();
      assert.notEqual(second, first);
      await switchTo(site().acme);
      assert.equal(idOf(), first);
      await signIn(beta);
      assert.ok(idOf() !== first && idOf() !== second);
      assert.equal(
        await use().database.sql()("sessions").where("sid_hash", hashToken(second)).first(),
        undefined,
      );
    });

    it("gives a request the rights of one session only", async () => {
      await signIn(beta);
      assert.equal((await client.get("/admin")).status, 404, "a member of beta");
      assert.equal((await client.get(`/admin/people/${people.acme.id}`)).status, 404);
      await switchTo(site().acme);
      assert.equal((await client.get("/admin")).status, 200);
      assert.equal((await client.get(`/admin/people/${people.beta.id}`)).status, 404);
    });

    it("offers sessions of this browser only, not every account with the address", async () => {
      const third = await createTestTenant(use().database);
      await createLocalAccount(third.store, email);
      await signIn(third, site().app.client());
      await signIn(beta);
      assert.deepEqual(await listed(), [site().acme.tenant.id]);
      assertRedirect(await switchTo(third), "/login?another=1&ended=1");
      assert.equal(await where(), betaSlug());
    });

    it("replaces the session of the same organisation instead of keeping both", async () => {
      const other = await createLocalAccount(site().acme.store, `${Date.now()}@acme.example`);
      await client.signIn(acmeSlug(), other.loginName, testPassword);
      assert.deepEqual([await listed(), await sessionCount(people.acme)], [[], 0]);
      await signIn(beta);
      await client.signIn(acmeSlug(), email, testPassword);
      assert.deepEqual([await listed(), await sessionCount(other)], [[beta.tenant.id], 0]);
    });

    describe("a page of the first one, after a switch in another tab", () => {
      const limits = { idle: "1", idleUnit: "hours", absolute: "1", absoluteUnit: "days", fresh: "" };

      it("changes nothing in the second one, and nothing in the first", async () => {
        const [ada, bea] = await Promise.all(
          [site().acme, beta].map(async ({ store }) =>
            createLocalAccount(store, `${Date.now()}-x@acme.example`, "owner"),
          ),
        );
        assert.ok(ada && bea);
        const browser = site().app.client();
        await browser.signIn(acmeSlug(), ada.loginName, testPassword);
        const form = formOn(await browser.get("/admin/sessions"), "/limits");
        await browser.signIn(betaSlug(), bea.loginName, testPassword);
        const refused = await form.send(browser, limits);
        assert.equal(refused.status, 409);
        assert.equal(headingOf(refused), "That page is of another organisation");
        assert.deepEqual(offered(refused), [site().acme.tenant.id]);
        for (const { store } of [site().acme, beta])
          assert.equal((await store.sessions.policy())?.idleMinutes, 480);
        await switchTo(site().acme, browser);
        assertRedirect(await form.send(browser, limits), "/admin/sessions");
        assert.equal((await site().acme.store.sessions.policy())?.idleMinutes, 60);
        await site().acme.store.sessions.changePolicy({ idleMinutes: 480 });
      });

      it("is refused if it does not name one, also as JSON, unless there is only one", async () => {
        const unnamed = () => client.post("/account/sessions/end-others");
        assert.equal((await unnamed()).status, 303);
        await signIn(beta);
        assert.equal((await unnamed()).status, 409);
        const asked = await client.post("/account/sessions/end-others", {}, { accept: "application/json" });
        assert.equal(asked.status, 409);
        const ids = [beta.tenant.id, site().acme.tenant.id] as const;
        const named = (id: string) => client.post("/account/sessions/end-others", {}, { [field]: id });
        assert.deepEqual([(await named(ids[0])).status, (await named(ids[1])).status], [303, 409]);
        const twice = new URLSearchParams([
          [field, ids[1]],
          [field, ids[0]],
        ]);
        assert.equal((await client.post("/account/sessions/end-others", twice)).status, 409);
      });

      it("is refused as well if its form carries a document, which is read later", async () => {
        const connection = await site().acme.connection({ settings: null });
        const path = `/admin/connections/${connection.id}/settings`;
        const document = { issuer: "x".repeat(40_000) };
        await signIn(beta);
        await switchTo(site().acme);
        assert.equal((await client.post(path, { ...document, [field]: beta.tenant.id })).status, 409);
        assert.equal((await client.post(path, document)).status, 409);
        assert.notEqual(
          (await client.post(path, { ...document, [field]: site().acme.tenant.id })).status,
          409,
        );
      });

      it("has the field in every form that is sent to this site", async () => {
        const pages = [
          "/account",
          landingPath,
          "/admin",
          "/admin/sessions",
          "/admin/people",
          "/admin/connections",
        ];
        for (const path of pages) {
          const { text } = await client.get(path);
          const forms = [...text.matchAll(/<form\b[^>]*method="post"[^>]*>(.{0,200})/gs)].map(
            ([, next]) => next,
          );
          assert.ok(forms.length > 0, path);
          for (const next of forms)
            assert.ok(
              next?.startsWith(`<input type="hidden" name="${field}" value="${site().acme.tenant.id}">`),
              path,
            );
        }
      });

      it("signs out of its own organisation, not of the other one", async () => {
        const form = formOn(await client.get("/account"), "/logout");
        await signIn(beta);
        assertRedirect(await form.send(client), "/signed-out");
        assert.deepEqual([await where(), await sessionCount(people.acme)], [betaSlug(), 0]);
        assertRedirect(await form.send(client), "/signed-out");
        assert.equal(await where(), betaSlug());
      });
    });

    it("shows the answer to a form only in its organisation", async () => {
      await client.post("/account/sessions/end-others");
      await signIn(beta);
      assert.doesNotMatch((await client.get("/account")).text, /signed out everywhere else/);
      await switchTo(site().acme);
      await client.get(landingPath);
      // The switch has an answer of its own, which replaces an unread one.
      assert.doesNotMatch((await client.get("/account")).text, /signed out everywhere else/);
    });

    it("keeps a form that waits for a new sign-in in its organisation, and the sign-in itself, too", async () => {
      await changeSessionPolicy(site().acme.store, { adminFreshMinutes: 5 });
      const old = { created_at: Date.now() - 3_600_000 };
      await use().database.sql()("sessions").where("user_id", people.acme.id).update(old);
      const limits = { idle: "2", idleUnit: "hours", absolute: "1", absoluteUnit: "days", fresh: "" };
      assertRedirect(await client.post("/admin/sessions/limits", limits), "/login/again");
      await signIn(beta);
      assertRedirect(await client.get("/login/again"), landingPath);
      await switchTo(site().acme);
      assertRedirect(await client.get("/admin"), "/login/again?returnTo=%2Fadmin");
      await switchTo(beta);
      // They sign in to acme again from the page of beta.
      await client.signIn(acmeSlug(), email, testPassword);
      assert.equal(headingOf(await client.get("/login/again")), "Send the form now?");
      assertRedirect(await submit(client, "/login/again", "/admin/sessions/limits"), "/admin/sessions");
      await site().acme.store.sessions.changePolicy({ idleMinutes: 480, adminFreshMinutes: null });
    });

    it("leaves no waiting form for another person of the same organisation", async () => {
      const other = await createLocalAccount(site().acme.store, `${Date.now()}-o@acme.example`, "owner");
      await changeSessionPolicy(site().acme.store, { adminFreshMinutes: 5 });
      const old = { created_at: Date.now() - 3_600_000 };
      await use().database.sql()("sessions").where("user_id", people.acme.id).update(old);
      assertRedirect(await client.post("/admin/sessions/limits", { idle: "2" }), "/login/again");
      await signIn(beta);
      await client.signIn(acmeSlug(), other.loginName, testPassword);
      assertRedirect(await client.get("/login/again"), landingPath);
      await site().acme.store.sessions.changePolicy({ adminFreshMinutes: null });
    });

    describe("the end of one session", () => {
      const ends: Record<string, () => Promise<unknown>> = {
        "a block": () => blockUser(site().acme.store, people.acme.id),
        "a sign-out by an administrator": () => endSessions(site().acme.store, people.acme.id),
        "its tenant's limit": () =>
          use()
            .database.sql()("sessions")
            .where("user_id", people.acme.id)
            .update({ created_at: Date.now() - 25 * 3_600_000 }),
        "Universal Logout": async () => {
          const org = await startRevokingOrg();
          await site().acme.connection({ settings: { issuer: org.issuer, clientId: "revoker" } });
          const path = "/global-token-revocation";
          const token = await revocationToken(org, "revoker", site().app.url + path);
          const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
          const subject = JSON.stringify({ sub_id: { format: "email", email } });
          const { status } = await site().app.client().send("POST", path, headers, subject);
          await org.close();
          assert.equal(status, 204);
        },
      };
      for (const [what, end] of Object.entries(ends)) {
        it(`by ${what} takes the organisation from the list, and leaves the other one`, async () => {
          await signIn(beta);
          assert.equal((await listed()).length, 1);
          await end();
          assert.deepEqual(await listed(), []);
          assertRedirect(await switchTo(site().acme), "/login?another=1&ended=1");
          assert.equal(await where(), betaSlug());
        });

        it(`by ${what} leads to the sign-in page, which offers the other one`, async () => {
          await signIn(beta);
          await switchTo(site().acme);
          await end();
          const left = await client.get("/account");
          assert.match(left.location ?? "", /^\/login\?/);
          const page = await client.get(left.location ?? "");
          assert.deepEqual(offered(page), [beta.tenant.id]);
          assertRedirect(await submit(client, "/login", "/organisations/switch"), landingPath);
          assert.equal(await where(), betaSlug());
        });
      }

      it("by signing out of one keeps the others, and says so", async () => {
        await signIn(beta);
        assertRedirect(await submit(client, "/account", "/logout"), "/signed-out");
        assert.equal(await where(), null);
        const page = await client.get("/signed-out");
        assert.match(page.text, /still signed in to an organisation/);
        assert.deepEqual([offered(page), await sessionCount(people.beta)], [[site().acme.tenant.id], 0]);
        assertRedirect(await submit(client, "/signed-out", "/organisations/switch"), landingPath);
        assert.equal(await where(), acmeSlug());
      });

      it("by signing out of all leaves none, from a stale page as well", async () => {
        const stale = formOn(await client.get("/account"), "/logout");
        await signIn(beta);
        await stale.send(client, { all: "on" });
        assert.equal(await where(), null);
        assert.deepEqual([await sessionCount(people.acme), await sessionCount(people.beta)], [0, 0]);
        assert.ok(!client.cookies.has("parked-sessions"));
        assert.deepEqual(offered(await client.get("/signed-out")), []);
      });
    });

    describe("the cookie", () => {
      it("is refused if it was made up, or signed for another use or with another secret", async () => {
        await signIn(beta);
        const cookie = client.cookies.get("parked-sessions") ?? assert.fail();
        const sid = sidOf(await plantSession(use(), site().acme.tenant, people.acme));
        const macs = [sessionSecret, "another secret: 0123456789 abcdefghijklmnop"].map((secret) =>
          createHmac("sha256", secret).update(sid).digest("base64url"),
        );
        const device = Buffer.from(hkdfSync("sha256", sessionSecret, "", "known-device", 32));
        macs.push(createHmac("sha256", device).update(sid).digest("base64url"), cookie.split(".")[1] ?? "");
        for (const forged of [sid, "", ".", "~", ...macs.map((mac) => `${sid}.${mac}`), `${sid}~${cookie}`]) {
          client.cookies.set("parked-sessions", forged);
          assert.deepEqual(await listed(), [], forged);
          assertRedirect(await switchTo(site().acme), "/login?another=1&ended=1");
        }
        client.cookies.set("parked-sessions", cookie);
        assert.deepEqual(await listed(), [site().acme.tenant.id]);
      });

      it("is as hard to steal as that of the session", async () => {
        const app = await startTestApp(use().database, {
          sessionSecret,
          baseUrl: "https://product.example",
          trustProxy: 1,
        });
        try {
          const browser = app.client();
          const manners = {
            accept: "text/html",
            origin: "https://product.example",
            "x-forwarded-proto": "https",
          };
          const enter = ({ tenant }: TestTenant) =>
            browser.send(
              "POST",
              `/login/password/${tenant.slug}`,
              { ...manners, "sec-fetch-site": "same-origin" },
              new URLSearchParams({ loginName: email, password: testPassword }),
            );
          await enter(site().acme);
          const set = (await enter(beta)).headers.getSetCookie();
          for (const name of ["__Host-session", "__Host-parked-sessions"]) {
            const line = set.find((one) => one.startsWith(`${name}=`)) ?? assert.fail(set.join("\n"));
            for (const attribute of ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"])
              assert.ok(line.includes(`; ${attribute}`), line);
            assert.doesNotMatch(line, /Domain|Expires|Max-Age/);
          }
          const body = new URLSearchParams({ organisation: site().acme.tenant.id });
          const switched = await browser.send(
            "POST",
            "/organisations/switch",
            { ...manners, "sec-fetch-site": "same-origin" },
            body,
          );
          const line = switched.headers.getSetCookie().find((one) => one.startsWith("__Host-session="));
          assert.match(line ?? "", /; Path=\/; HttpOnly; Secure; SameSite=Lax/);
        } finally {
          await app.close();
        }
      });

      it("switches nothing for another site", async () => {
        await signIn(beta);
        const form = { organisation: site().acme.tenant.id };
        const sent = await client.post("/organisations/switch", form, { "sec-fetch-site": "cross-site" });
        assert.deepEqual([sent.status, await where()], [403, betaSlug()]);
      });
    });
  });
});
