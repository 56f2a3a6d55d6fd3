import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createLocalJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify } from "jose";
import { revokeUserAccess } from "../../src/directory/access.ts";
import { identityKeys } from "../../src/forward-auth/signing-keys.ts";
import type { User } from "../../src/model.ts";
import { forwardAuthKeyStore } from "../../src/store/forward-auth-keys.ts";
import { sealer } from "../../src/store/secrets.ts";
import { pooledKeys } from "../helpers/certificates.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onEachDatabase, onOneDatabase } from "../helpers/databases.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

const asked = "/forward-auth/reports";
const pageHeaders = {
  accept: "text/html",
  "x-forwarded-method": "GET",
  "x-forwarded-uri": "/reports/7?year=2026",
};
const minute = 60_000;
const day = 24 * 60 * minute;

describe("forward authentication", () => {
  onOneDatabase((use) => {
    const site = useSite(use, { forwardAuthAudiences: ["reports", "notes"] });
    let ada: User;
    let browser: Client;
    beforeEach(async () => {
      const { store } = site().acme;
      ada = await createLocalAccount(store, `ada-${randomBytes(4).toString("hex")}@acme.example`);
      await store.users.update(ada.id, { entitlements: ["task-export"] });
      browser = await site().clientOf(ada);
    });

    const ask = (client = browser, path = asked, headers = {}) =>
      client.send("GET", path, { accept: "*/*", ...headers });
    const tokenOf = ({ headers }: Answer) => headers.get("identity-token") ?? "";

    /** Verifies like a product that has jose and the addresses of the keys and of the issuer. */
    async function verify(
      token: string,
      audience = "reports",
      currentDate = new Date(),
    ): Promise<JWTPayload> {
      const published = await site().app.client().get("/forward-auth/jwks.json");
      assert.equal(published.status, 200);
      assert.doesNotMatch(published.text, /"(d|p|q|dp|dq|qi)"/, "the private key is not published");
      const { payload } = await jwtVerify(token, createLocalJWKSet(JSON.parse(published.text)), {
        issuer: site().app.url,
        audience,
        algorithms: ["RS256"],
        typ: "identity+jwt",
        currentDate,
      });
      return payload;
    }

    it("gives a signed-in person a token of 60 seconds with tenant, role and entitlements", async () => {
      const answer = await ask();
      assert.deepEqual([answer.status, answer.text], [200, ""]);
      assert.equal(answer.headers.get("cache-control"), "no-store");
      const { iat = 0, exp = 0, ...claims } = await verify(tokenOf(answer));
      assert.equal(exp - iat, 60);
      assert.ok(Math.abs(iat * 1000 - Date.now()) < minute);
      const { id, slug, name } = site().acme.tenant;
      assert.deepEqual(claims, {
        iss: site().app.url,
        aud: "reports",
        sub: ada.id,
        tenant: { id, slug, name },
        login_name: ada.loginName,
        email: ada.email,
        given_name: null,
        family_name: null,
        role: "member",
        entitlements: ["task-export"],
      });
    });

    it("gives tokens that another audience refuses, and that are refused after their time", async () => {
      const token = tokenOf(await ask());
      await assert.rejects(verify(token, "notes"), /unexpected "aud"/);
      await assert.rejects(verify(token, "reports", new Date(Date.now() + 61_000)), /"exp"/);
      assert.equal(decodeProtectedHeader(token).typ, "identity+jwt");
      assert.equal((await verify(tokenOf(await ask(browser, "/forward-auth/notes")), "notes")).aud, "notes");
    });

    it("answers 401 as JSON, with the sign-in page that leads back, to someone who is not signed in", async () => {
      const answer = await ask(site().app.client(), asked, pageHeaders);
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get("content-type"), "application/problem+json");
      assert.equal(JSON.parse(answer.text).detail, "You are not signed in.");
      assert.equal(answer.location, "/login?returnTo=%2Freports%2F7%3Fyear%3D2026");
      assert.equal(tokenOf(answer), "");
    });

    it("redirects a page to the sign-in page where the proxy asks for it, and nothing else", async () => {
      const stranger = site().app.client();
      const path = `${asked}?signed-out=redirect`;
      const page = await ask(stranger, path, pageHeaders);
      assert.deepEqual([page.status, page.location], [303, "/login?returnTo=%2Freports%2F7%3Fyear%3D2026"]);
      for (const headers of [
        { accept: "application/json" },
        { accept: "*/*" },
        { "x-forwarded-method": "POST" },
      ])
        assert.equal((await ask(stranger, path, { ...pageHeaders, ...headers })).status, 401);
    });

    it("never leads to another site after the sign-in", async () => {
      for (const uri of [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "evil",
        "/.//evil.example",
      ]) {
        const { location } = await ask(site().app.client(), asked, {
          ...pageHeaders,
          "x-forwarded-uri": uri,
        });
        assert.equal(location, "/login", uri);
      }
    });

    it("refuses at the next request after a sign-out, a revocation, a deactivation and a block", async () => {
      const { store } = site().acme;
      const ends: Record<string, () => Promise<unknown>> = {
        "sign-out": () => browser.post("/logout"),
        revocation: () => store.transaction((inside) => revokeUserAccess(inside, ada.id)),
        deactivation: () => store.users.update(ada.id, { active: false }),
        block: () => store.users.update(ada.id, { blocked: true }),
      };
      for (const [name, end] of Object.entries(ends)) {
        ada = await createLocalAccount(store, `${name}@acme.example`);
        browser = await site().clientOf(ada);
        assert.equal((await ask()).status, 200, name);
        await end();
        const refused = await ask();
        assert.deepEqual([refused.status, tokenOf(refused)], [401, ""], name);
      }
    });

    it("does not know other audiences", async () => {
      for (const path of ["/forward-auth/billing", "/forward-auth/", "/forward-auth/constructor"])
        assert.equal((await ask(browser, path)).status, 404, path);
    });

    it("is not told by the header of a caller who the person is", async () => {
      const forged = tokenOf(await ask());
      const answer = await ask(site().app.client(), asked, { "identity-token": forged });
      assert.equal(answer.status, 401);
      assert.equal((await site().app.client().get("/me", { "identity-token": forged })).status, 401);
    });
  });

  onOneDatabase((use) => {
    const site = useSite(use);
    it("is off without audiences, and makes no key", async () => {
      const browser = await site().clientOf(site().owner);
      for (const path of [asked, "/forward-auth/jwks.json"])
        assert.equal((await browser.get(path)).status, 404);
      assert.deepEqual(await forwardAuthKeyStore(use().database).list(), []);
    });

    it("is not needed to read /me: person, tenant, role, groups and entitlements", async () => {
      const { store, tenant } = site().acme;
      const ada = await createLocalAccount(store, "ada@acme.example", "admin");
      await store.users.update(ada.id, { entitlements: ["task-export"] });
      const group = { id: "group-1", displayName: "Engineers", sourceId: null, sourceKey: null };
      await store.groups.create(group);
      await store.groups.create({ ...group, id: "group-2", displayName: "Others" });
      await store.groupMembers.add(group.id, [ada.id]);
      const { id, loginName, email, givenName, familyName } = ada;
      assert.deepEqual(JSON.parse((await (await site().clientOf(ada)).get("/me")).text), {
        tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name },
        user: { id, loginName, email, givenName, familyName, role: "admin" },
        groups: [{ id: "group-1", displayName: "Engineers" }],
        entitlements: ["task-export"],
        connection: null,
      });
    });
  });
});

describe("the keys of identity tokens", () => {
  onEachDatabase((use) => {
    let now: number;
    beforeEach(async () => {
      now = Date.UTC(2026, 0, 1);
      await use().database.sql()("forward_auth_keys").delete();
    });
    const dataKey = randomBytes(32);
    const replica = (key = dataKey) =>
      identityKeys({
        database: use().openAnother(),
        sealer: sealer(key),
        generateKeys: pooledKeys,
        now: () => now,
      });
    const kidOf = (token: string) => decodeProtectedHeader(token).kid;
    const signedBy = async (one: ReturnType<typeof replica>) =>
      kidOf(await one.sign("identity+jwt", { sub: "ada" }));
    const kids = async (one: ReturnType<typeof replica>) => (await one.published()).map(({ kid }) => kid);

    it("are made once, also if two replicas begin at once", async () => {
      const [a, b] = [replica(), replica()];
      const [one, other] = await Promise.all([signedBy(a), signedBy(b)]);
      assert.equal(one, other);
      assert.deepEqual([await kids(a), await kids(b)], [[one], [one]]);
    });

    it("are sealed in the database", async () => {
      await signedBy(replica());
      const [stored] = await forwardAuthKeyStore(use().database).list();
      assert.doesNotMatch(JSON.stringify(stored), /PRIVATE KEY/);
      assert.match(sealer(dataKey).open(stored?.sealedKey ?? "", "forward-auth/key"), /PRIVATE KEY/);
    });

    it("get a successor after 90 days, which is published for ten minutes before it signs", async () => {
      const one = replica();
      const first = await signedBy(one);
      now += 89 * day;
      assert.equal(await signedBy(one), first);
      now += day;
      assert.equal(await signedBy(one), first);
      const [, second] = await kids(one);
      assert.ok(second && second !== first);
      now += 9 * minute;
      assert.equal(await signedBy(one), first);
      now += 2 * minute;
      assert.equal(await signedBy(one), second);
      now += 90 * day;
      await signedBy(one);
      assert.equal((await kids(one)).length, 2, "the first one is gone");
      assert.equal((await kids(one))[0], second);
    });

    it("are replaced if DATA_KEY was changed", async () => {
      const before = await signedBy(replica());
      const after = replica(randomBytes(32));
      const signed = await signedBy(after);
      assert.notEqual(signed, before);
      assert.deepEqual(await kids(after), [before, signed]);
    });
  });
});
