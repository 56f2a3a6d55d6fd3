import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import type { Answer } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant, testPassword } from "../helpers/people.ts";
import {
  type RevokingOrg,
  revocationToken,
  startRevokingOrg,
  strangersKey,
  type TokenParts,
} from "../helpers/revocation.ts";

const path = "/global-token-revocation";
const email = "ada@acme.example";
const now = () => Math.floor(Date.now() / 1000);
const sub_id = { format: "email", email };

describe("a call to Universal Logout that is refused", () => {
  onEachDatabase((use) => {
    let org: RevokingOrg;
    let app: TestApp;
    let acme: TestTenant;
    let session: ReturnType<TestApp["client"]>;

    before(async () => {
      org = await startRevokingOrg();
      const { database } = use();
      app = await startTestApp(database, { insecureAllowPrivateNetwork: true });
      acme = await createTestTenant(database);
      const other = await createTestTenant(database);
      const known = await acme.connection({ settings: { issuer: org.issuer, clientId: "app" } });
      await acme.connection({ settings: { issuer: org.issuer, clientId: "off", universalLogout: false } });
      await acme.connection({ settings: { issuer: org.issuer, clientId: "draft" }, draft: true });
      await acme.connection({ settings: { issuer: "http://127.0.0.1:1", clientId: "elsewhere" } });
      const disabled = await acme.connection({ settings: { issuer: org.issuer, clientId: "disabled" } });
      await acme.store.connections.update(disabled.id, { status: "disabled" });
      const ada = await createLocalAccount(acme.store, email);
      await acme.store.identities.add(known.id, "00u1", ada.id);
      await createLocalAccount(other.store, "eve@other.example");
      session = app.client();
      await session.signIn(acme.tenant.slug, email, testPassword);
    });

    after(async () => {
      await app.close();
      await org.close();
    });

    const send = (authorization: string | null, body: unknown = { sub_id }, type = "application/json") =>
      app
        .client()
        .send(
          "POST",
          path,
          { "content-type": type, ...(authorization ? { authorization } : {}) },
          typeof body === "string" ? body : JSON.stringify(body),
        );
    const token = (parts: TokenParts = {}, sub = "app", aud = app.url + path) =>
      revocationToken(org, sub, aud, parts);
    const call = async (parts: TokenParts = {}, body?: unknown, sub = "app", aud?: string, type?: string) =>
      await send(`Bearer ${await token(parts, sub, aud)}`, body, type);
    const claims = (changed: Record<string, unknown>) => () => call({ claims: changed });
    /** Relative to the time of the test, because much may run between loading this file and its tests. */
    const fromNow = (claim: string, by: number) => () => call({ claims: { [claim]: now() + by } });
    const publicPem = () =>
      Buffer.from(createPublicKey(org.privateKey).export({ type: "spki", format: "pem" }) as string);
    const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const unsigned = async () =>
      `${base64({ typ: "global-token-revocation+jwt", alg: "none" })}.${(await token()).split(".")[1]}.`;

    const cases: [string, number, () => Promise<Answer>][] = [
      ["no authorization", 401, () => send(null)],
      ["no authorization and no JSON", 401, () => send(null, "{", "text/plain")],
      ["Basic", 401, () => send("Basic YTpi")],
      ["not a JWT", 401, () => send("Bearer nonsense")],
      ["another type of token", 401, () => call({ header: { typ: "JWT" } })],
      ["no type", 401, () => call({ header: { typ: undefined } })],
      ["alg none", 401, async () => send(`Bearer ${await unsigned()}`)],
      ["HS256 with the public key", 401, () => call({ header: { alg: "HS256" }, key: publicPem() })],
      ["RS512", 401, () => call({ header: { alg: "RS512" } })],
      ["a stranger's key", 401, () => call({ key: strangersKey })],
      ["an unknown key id", 401, () => call({ header: { kid: "k9" }, key: strangersKey })],
      ["another issuer", 401, claims({ iss: "https://evil.example" })],
      ["another org's application, whose keys cannot be read", 401, () => call({}, undefined, "elsewhere")],
      ["another application", 401, () => call({}, undefined, "unknown")],
      ["audience with a query", 401, () => call({}, undefined, "app", `${app.url}${path}?a=b`)],
      ["audience of another host", 401, () => call({}, undefined, "app", `https://evil.example${path}`)],
      ["audience of another path", 401, () => call({}, undefined, "app", `${app.url}/scim/v2`)],
      ["no audience", 401, claims({ aud: undefined })],
      ["expired", 401, fromNow("exp", -120)],
      ["no expiry", 401, claims({ exp: undefined })],
      ["not yet valid", 401, fromNow("nbf", 300)],
      ["issued long ago", 401, fromNow("iat", -3600)],
      ["no time of issue", 401, claims({ iat: undefined })],
      ["no id", 401, claims({ jti: undefined })],
      ["an id that is a number", 401, claims({ jti: 42 })],
      ["an application that is an object", 401, claims({ sub: { app: 1 } })],
      ["an application that is a list", 401, claims({ sub: ["app"] })],
      ["an application with a NUL", 401, claims({ sub: "app\0" })],
      ["an issuer that is a list", 401, () => call({ claims: { iss: [org.issuer] } })],
      ["an expiry that is text", 401, claims({ exp: "tomorrow" })],
      ["a draft connection", 401, () => call({}, undefined, "draft")],
      ["a disabled connection", 401, () => call({}, undefined, "disabled")],
      ["switched off", 403, () => call({}, undefined, "off")],
      ["no subject", 400, () => call({}, {})],
      ["a list", 400, () => call({}, [])],
      ["broken JSON", 400, () => call({}, "{")],
      ["an unknown format", 400, () => call({}, { sub_id: { format: "phone", phone: "1" } })],
      ["an address with a NUL", 400, () => call({}, { sub_id: { format: "email", email: "a\0@b" } })],
      ["an address of 2 kB", 400, () => call({}, { sub_id: { format: "email", email: "x".repeat(2000) } })],
      ["a subject that is a list", 400, () => call({}, { sub_id: { format: "opaque", id: ["00u1"] } })],
      ["an empty address", 400, () => call({}, { sub_id: { format: "email", email: "" } })],
      ["another content type", 415, () => call({}, "sub_id=1", "app", undefined, "text/plain")],
      ["a form", 415, () => call({}, "{}", "app", undefined, "application/x-www-form-urlencoded")],
      ["JSON in UTF-16", 415, () => call({}, "{}", "app", undefined, "application/json; charset=utf-16")],
      ["a huge body", 413, () => call({}, { sub_id, more: "x".repeat(20_000) })],
      [
        "an unknown person",
        404,
        () => call({}, { sub_id: { format: "email", email: "unknown@acme.example" } }),
      ],
      [
        "another tenant's person",
        404,
        () => call({}, { sub_id: { format: "email", email: "eve@other.example" } }),
      ],
      [
        "another issuer's subject",
        404,
        () => call({}, { sub_id: { format: "iss_sub", iss: "https://evil.example", sub: "00u1" } }),
      ],
      ["GET", 405, () => app.client().get(path)],
    ];

    for (const [name, status, send] of cases) {
      it(`${name}: ${status} without a body, and nothing is revoked`, async () => {
        const answer = await send();
        assert.equal(answer.status, status);
        assert.equal(answer.text, "");
        assert.ok(answer.headers.get("x-request-id"));
        assert.equal((await session.get("/account")).status, 200);
      });
    }

    it("the log names the check that failed, but not the token", async () => {
      const sent = await token({}, "app", "https://evil.example/global-token-revocation");
      await send(`Bearer ${sent}`);
      const { reason } = app.logged.findLast(({ event }) => event === "universal_logout.refused") ?? {};
      assert.equal(reason, 'no connection accepts the token; unexpected "aud" claim value');
      assert.ok(!JSON.stringify(app.logged).includes(sent));
    });

    it("keys that cannot be read: 503 with Retry-After, so that Okta retries", async () => {
      const lost = await startRevokingOrg();
      await acme.connection({ settings: { issuer: lost.issuer, clientId: "lost" } });
      lost.down = true;
      const sent = await revocationToken(lost, "lost", app.url + path);
      const answer = await send(`Bearer ${sent}`);
      await lost.close();
      assert.equal(answer.status, 503);
      assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/);
      assert.equal(answer.text, "");
      assert.equal((await session.get("/account")).status, 200);
    });

    it("a token may be used again after a call that found no one, but not after a revocation", async () => {
      const bearer = `Bearer ${await token()}`;
      assert.equal((await send(bearer, { sub_id: { format: "opaque", id: "unknown" } })).status, 404);
      assert.equal((await send(bearer)).status, 204);
      const again = app.client();
      await again.signIn(acme.tenant.slug, email, testPassword);
      assert.equal((await send(bearer)).status, 401);
      assert.equal((await again.get("/account")).status, 200);
    });

    it("an internal error does not look like an unknown person, and does not consume the token", async () => {
      const bearer = `Bearer ${await token()}`;
      const rename = (from: string, to: string) => use().database.sql().schema.renameTable(from, to);
      await rename("used_tokens", "tokens_away");
      const failed = await send(bearer);
      await rename("tokens_away", "used_tokens");
      assert.equal(failed.status, 500);
      assert.equal((await send(bearer)).status, 204);
    });

    it("calls above the rate limit get 429 and Retry-After", async () => {
      assert.equal((await send(null)).status, 401);
      // Simulates an address that has one call left in this minute.
      const counts = use().database.sql()("rate_limits").where("key", "like", "universal-logout:%");
      assert.ok((await counts.update({ points: 599, expires_at: Date.now() + 60_000 })) > 0);
      assert.equal((await send(null)).status, 401);
      const last = await send(null);
      assert.equal(last.status, 429);
      assert.match(last.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
    });
  });
});
