import assert from "node:assert/strict";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { blockUser } from "../../src/directory/access.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import { landingPath } from "../../src/web/home.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { assertRedirect, comparable, headingOf } from "../helpers/pages.ts";
import {
  createLocalAccount,
  createTestTenant,
  newUser,
  type TestTenant,
  testPassword,
} from "../helpers/people.ts";
import { sidOf, signedCookie, useSite } from "../helpers/site.ts";

describe("/login", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    async function withDomain(domain: string, verified: boolean): Promise<TestTenant> {
      const tenant = await createTestTenant(use().database);
      await addDomain(tenant.store, domain);
      if (verified) await tenant.store.domains.markVerified(domain);
      return tenant;
    }
    const enter = (email: string, more = {}) =>
      site()
        .app.client()
        .post("/login", { email, ...more });

    it("leads an address of a verified domain to that tenant's sign-in option", async () => {
      const { tenant } = await withDomain("one.example", true);
      const page = await enter("Ada@ONE.example", { returnTo: "/account?x=1" });
      assert.equal(page.status, 200);
      assert.ok(page.text.includes(`action="/login/password/${tenant.slug}"`));
      assert.ok(page.text.includes('value="Ada@ONE.example"'), "the login name is filled in");
      assert.ok(page.text.includes('name="returnTo" value="/account?x=1"'));
    });

    it("says that it does not know a domain, and keeps the address; likewise for an unverified domain", async () => {
      await withDomain("unverified.example", false);
      const [unverified, unknown] = [
        await enter("ada@unverified.example"),
        await enter("ada@unknown.example"),
      ];
      assert.equal(unknown.status, 404);
      assert.match(
        unknown.text,
        /We don’t know unknown\.example\. Ask your IT, or <a href="\/login\/password">/,
      );
      assert.match(unknown.text, /name="email" type="email" value="ada@unknown\.example"/);
      assert.deepEqual(
        comparable(unverified, ["unverified.example"]),
        comparable(unknown, ["unknown.example"]),
      );
    });

    it("leads from an unknown domain to the password form, and keeps the page to return to", async () => {
      const client = site().app.client();
      const back = encodeURIComponent("/account?x=1");
      const unknown = await client.post("/login", { email: "ada@unknown.example", returnTo: "/account?x=1" });
      assert.ok(unknown.text.includes(`href="/login/password?returnTo=${back}"`));
      assert.match((await client.get("/login/password")).text, /<label for="tenant">Organisation<\/label>/);
      const next = await client.post("/login/password", { tenant: " ACME ", returnTo: "/account?x=1" });
      assertRedirect(next, `/login/password/acme?returnTo=${back}`);
    });

    it("lets the person choose among several tenants of one domain, verified ones only", async () => {
      const first = await withDomain("shared.example", true);
      const second = await withDomain("shared.example", true);
      const third = await withDomain("shared.example", false);
      const page = await enter("ada@shared.example", { returnTo: "/account" });
      assert.equal(headingOf(page), "Choose how to sign in");
      for (const { tenant } of [first, second]) {
        const option = `/login/password/${tenant.slug}`;
        assert.ok(
          page.text.includes(`name="option" value="${option}"`) && page.text.includes("with a password"),
        );
        const form = await enter("ada@shared.example", { returnTo: "/account", option });
        assert.match(form.text, new RegExp(`action="${option}"`));
        assert.match(form.text, /value="ada@shared\.example"/);
        assert.match(form.text, /name="returnTo" value="\/account"/);
      }
      assert.ok(!page.text.includes(third.tenant.slug));
    });

    it("accepts only the options of the address's domain", async () => {
      await withDomain("own.example", true);
      await withDomain("own.example", true);
      const foreign = await withDomain("foreign.example", true);
      for (const option of [
        `/login/password/${foreign.tenant.slug}`,
        "https://evil.example",
        "//evil.example",
      ]) {
        const page = await enter("ada@own.example", { option });
        assert.equal(headingOf(page), "Choose how to sign in");
        assert.ok(!page.text.includes("evil.example") && !page.text.includes(foreign.tenant.slug));
      }
    });

    for (const email of ["", "ada", "ada@"]) {
      it(`asks again when "${email}" is entered as an e-mail address`, async () => {
        const page = await enter(email);
        assert.equal(page.status, 400);
        assert.match(page.text, /id="problem" role="alert">Enter your e-mail address/);
      });
    }

    it("refuses an invalid organisation name", async () => {
      const page = await site().app.client().post("/login/password", { tenant: "../admin" });
      assert.equal(page.status, 400);
      assert.match(page.text, /only lower-case letters, digits and hyphens/);
    });

    it("shows the password form for any name, and escapes the name", async () => {
      const client = site().app.client();
      assert.equal((await client.get("/login/password/no-such-tenant")).status, 200);
      const page = await client.get("/login/password/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E");
      assert.ok(!page.text.includes("<script>alert"));
      assert.ok(page.text.includes("&lt;script&gt;alert(1)"));
    });

    it("shows an organisation's name to an address of its domain only", async () => {
      const { tenant } = await withDomain("named.example", true);
      const client = site().app.client();
      const path = `/login/password/${tenant.slug}`;
      const named = `Sign in to ${tenant.name}`;
      assert.equal(headingOf(await enter("ada@named.example")), named);
      assert.equal(headingOf(await client.get(`${path}?login_hint=ada@named.example`)), named);
      const wrong = { loginName: "ada@named.example", password: "wrong" };
      assert.equal(headingOf(await client.post(path, wrong)), named);
      for (const hint of [
        "",
        "?login_hint=ada",
        "?login_hint=ada@unknown.example",
        "?login_hint=a&login_hint=b",
      ])
        assert.equal(headingOf(await client.get(path + hint)), "Sign in with a password");
    });
  });
});

/** Every way in which a password sign-in fails, as [slug, login name, password]. The first one is the reference. */
type Refusals = Record<string, (tenant: TestTenant) => Promise<[string, string, string]>>;
const refusals: Refusals = {
  "a wrong password": async ({ tenant, store }) => {
    await createLocalAccount(store, "right@acme.example");
    return [tenant.slug, "right@acme.example", "not the password"];
  },
  "an unknown tenant": async () => ["no-such-tenant", "owner@acme.example", testPassword],
  "an unknown account": async ({ tenant }) => [tenant.slug, "unknown@acme.example", testPassword],
  "an account without a password": async ({ tenant, store }) => {
    await store.users.create(newUser("provisioned@acme.example"));
    return [tenant.slug, "provisioned@acme.example", testPassword];
  },
  "an inactive account": async ({ tenant, store }) => {
    const user = await createLocalAccount(store, "inactive@acme.example");
    await store.users.update(user.id, { active: false });
    return [tenant.slug, "inactive@acme.example", testPassword];
  },
  "a blocked account": async ({ tenant, store }) => {
    await blockUser(store, (await createLocalAccount(store, "blocked@acme.example")).id);
    return [tenant.slug, "blocked@acme.example", testPassword];
  },
  "an account of another tenant": async ({ tenant }) => [tenant.slug, "owner@other.example", testPassword],
};

describe("/login/password/{tenant}", () => {
  onOneDatabase((use) => {
    let app: TestApp;
    let acme: TestTenant;
    const attempts = new Map<string, [string, string, string]>();
    before(async () => {
      app = await startTestApp(use().database, { trustProxy: 1 });
      acme = await createTestTenant(use().database);
      await createLocalAccount((await createTestTenant(use().database)).store, "owner@other.example");
      for (const [name, prepare] of Object.entries(refusals)) attempts.set(name, await prepare(acme));
    });
    after(() => app.close());

    let addresses = 0;
    /** One attempt from a new address, and the costs of the keys that scrypt derived for it. */
    async function attempt(name: string) {
      const [slug, loginName, password] = attempts.get(name) as [string, string, string];
      const number = ++addresses;
      const address = `198.51.${100 + (number >> 8)}.${number & 255}`;
      const { result: answer, costs } = await scryptCosts(() =>
        app.client().post(`/login/password/${slug}`, { loginName, password }, { "x-forwarded-for": address }),
      );
      return { page: comparable(answer, [slug, loginName]), costs, text: answer.text };
    }

    for (const name of Object.keys(refusals).slice(1)) {
      it(`answers ${name} like a wrong password, at the same cost`, async () => {
        const wrong = await attempt("a wrong password");
        const tried = await attempt(name);
        assert.equal(tried.page.status, 403);
        assert.match(tried.text, /You could not be signed in/);
        assert.deepEqual(tried, { ...wrong, text: tried.text });
        assert.equal(tried.costs.length, 1);
      });
    }
  });
});

describe("signing in with a password", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    const form = { loginName: "Owner@acme.example", password: testPassword };

    it("gives the browser a new session id, in a cookie that scripts and other sites cannot read", async () => {
      const client = site().app.client();
      const planted = signedCookie("planted-by-an-attacker");
      client.cookies.set("session", planted);
      const answer = await client.post(`/login/password/${site().acme.tenant.slug}`, form);
      assertRedirect(answer, landingPath);
      const lines = answer.headers.getSetCookie();
      const [line = "", ...others] = lines.filter((one) => !one.startsWith("known-device="));
      assert.deepEqual(others, []);
      assert.deepEqual(new Set(line.split("; ").slice(1)), new Set(["Path=/", "HttpOnly", "SameSite=Lax"]));
      assert.notEqual(sidOf(client.cookies.get("session")), "planted-by-an-attacker");
      assert.equal((await client.get("/me")).status, 200);
      client.cookies.set("session", planted);
      assert.equal((await client.get("/me")).status, 401, "the planted id stays worthless");
    });

    it("does not keep the id of an earlier session", async () => {
      const client = await site().clientOf(site().owner);
      const before = client.cookies.get("session") as string;
      await client.post(`/login/password/${site().acme.tenant.slug}`, form);
      assert.notEqual(client.cookies.get("session"), before);
      client.cookies.set("session", before);
      assert.equal((await client.get("/me")).status, 401);
    });

    it("refuses a session id with a foreign signature", async () => {
      const client = await site().clientOf(site().owner);
      const sid = sidOf(client.cookies.get("session"));
      assert.equal((await client.get("/me")).status, 200);
      client.cookies.set("session", signedCookie(sid, "another secret"));
      assert.equal((await client.get("/me")).status, 401);
    });
  });
});

/**
 * Runs work, and lists the cost of each key that scrypt derives meanwhile: deriving it takes nearly all of the time of a
 * sign-in, and unlike time it can be counted exactly.
 */
async function scryptCosts<T>(work: () => Promise<T>): Promise<{ result: T; costs: unknown[] }> {
  const { scrypt } = crypto;
  const costs: unknown[] = [];
  const counting = (...args: Parameters<typeof scrypt>) => {
    costs.push(args[3]);
    scrypt(...args);
  };
  crypto.scrypt = counting as typeof scrypt;
  syncBuiltinESMExports();
  try {
    return { result: await work(), costs };
  } finally {
    crypto.scrypt = scrypt;
    syncBuiltinESMExports();
  }
}
