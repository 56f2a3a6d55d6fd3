import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import { InvalidError, UnavailableError } from "../../src/errors.ts";
import type { Connection, OidcSettings, SamlSettings } from "../../src/model.ts";
import type { KeyStore } from "../../src/trust/jwks.ts";
import { readClaims, tokenVerifier } from "../../src/universal-logout/token.ts";
import { createSigningKey, type SigningKey } from "../helpers/certificates.ts";
import { samlSettings } from "../helpers/people.ts";

const issuer = "https://acme.okta.example";
const alias = "https://login.acme.example";
const audience = "https://product.example/global-token-revocation";
const seconds = () => Math.floor(Date.now() / 1000);

type Fields = Record<string, unknown>;

const connection = (settings: OidcSettings | SamlSettings | null) => ({ settings }) as Connection;

/** Each check of a token by itself; refusals.test.ts tests the endpoint. */
describe("a revocation token", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  let certified: SigningKey;
  let asked: string[] = [];
  before(async () => {
    certified = await createSigningKey("okta");
  });
  beforeEach(() => {
    asked = [];
  });

  /** Has the org's one key, like trust/jwks.ts. */
  const keys: KeyStore = {
    async verify(token, jwksUri, options) {
      asked.push(jwksUri);
      return (await jwtVerify(token, publicKey, { ...options, algorithms: ["RS256"] })).payload;
    },
  };
  const verify = tokenVerifier(keys, () => Promise.resolve(`${issuer}/keys`));

  const oidc = connection({ issuer, issuerAlias: alias, clientId: "0oa1" });
  const saml = (certificates: string[]) =>
    connection({ ...samlSettings, certificates, appInstanceId: "0oa1", orgUrl: issuer });

  async function tokenOf(claims: Fields = {}, header: Fields = {}, key: KeyObject = privateKey) {
    const times = { iat: seconds(), nbf: seconds() - 300, exp: seconds() + 300 };
    const all = { jti: randomUUID(), iss: issuer, sub: "0oa1", aud: audience, ...times, ...claims };
    return await new SignJWT(all as Fields)
      .setProtectedHeader({ typ: "global-token-revocation+jwt", alg: "RS256", kid: "k", ...header } as never)
      .sign(key);
  }

  it("is valid as Okta issues it, under either name of the org", async () => {
    for (const iss of [issuer, alias])
      assert.equal(await verify(await tokenOf({ iss }), oidc, audience), null);
    assert.equal(await verify(await tokenOf(), saml([]), audience), null);
    assert.deepEqual(asked, [`${issuer}/keys`, `${issuer}/keys`, `${issuer}/oauth2/v1/keys`]);
  });

  it("is valid up to a minute early or late, because clocks differ", async () => {
    const late = await tokenOf({ exp: seconds() - 30, nbf: seconds() + 30 });
    assert.equal(await verify(late, oidc, audience), null);
  });

  const wrong: [what: string, claims: Fields | (() => Fields), header: Fields, problem: RegExp][] = [
    ["another type", {}, { typ: "JWT" }, /"typ"/],
    ["another issuer", { iss: "https://evil.example" }, {}, /"iss"/],
    ["no issuer", { iss: undefined }, {}, /"iss"/],
    ["another application", { sub: "0oa2" }, {}, /"sub"/],
    ["no application", { sub: undefined }, {}, /"sub"/],
    ["another audience", { aud: `${audience}?x=1` }, {}, /"aud"/],
    ["no audience", { aud: undefined }, {}, /"aud"/],
    ["no id", { jti: undefined }, {}, /"jti"/],
    ["no expiry", { exp: undefined }, {}, /"exp"/],
    ["no time of issue", { iat: undefined }, {}, /"iat"/],
    ["a time that is over", () => ({ exp: seconds() - 120 }), {}, /"exp"/],
    ["a time to come", () => ({ nbf: seconds() + 120 }), {}, /"nbf"/],
    ["an age of twenty minutes", () => ({ iat: seconds() - 1200 }), {}, /"iat"/],
  ];
  for (const [what, given, header, problem] of wrong) {
    it(`is invalid with ${what}, for every kind of connection`, async () => {
      // Made here, because much may run between loading this file and its tests.
      const claims = typeof given === "function" ? given() : given;
      const token = await tokenOf(claims, header);
      const byCertificate = await tokenOf(claims, header, createPrivateKey(certified.privateKey));
      assert.match((await verify(token, oidc, audience))?.found ?? "valid", problem);
      assert.match((await verify(token, saml([]), audience))?.found ?? "valid", problem);
      assert.notEqual(await verify(byCertificate, saml([certified.certificate]), audience), null);
    });
  }

  it("is valid for SAML by a certificate's key, with RS256 only", async () => {
    const key = createPrivateKey(certified.privateKey);
    const accepted = saml([certified.certificate]);
    assert.equal(await verify(await tokenOf({}, {}, key), accepted, audience), null);
    assert.deepEqual(asked, [], "the org was not asked");
    for (const alg of ["RS512", "PS256"])
      assert.notEqual(await verify(await tokenOf({}, { alg }, key), accepted, audience), null, alg);
  });

  it("is valid for SAML by one of several certificates, even next to one without an RSA key", async () => {
    const accepted = saml([ellipticCertificate(), certified.certificate]);
    const token = await tokenOf({}, {}, createPrivateKey(certified.privateKey));
    assert.equal(await verify(token, accepted, audience), null);
  });

  it("is invalid for a connection without settings, or without the application's id", async () => {
    assert.notEqual(await verify(await tokenOf(), connection(null), audience), null);
    const nameless = connection({ ...samlSettings, certificates: [certified.certificate], orgUrl: issuer });
    for (const sub of ["0oa1", ""]) {
      const token = await tokenOf({ sub }, {}, createPrivateKey(certified.privateKey));
      assert.notEqual(await verify(token, nameless, audience), null, sub);
    }
  });

  it("is neither valid nor invalid while the keys cannot be read", async () => {
    const away = tokenVerifier({ verify: () => Promise.reject(new InvalidError("away")) }, () =>
      Promise.resolve(issuer),
    );
    await assert.rejects(away(await tokenOf(), oidc, audience), UnavailableError);
  });

  it("is readable without verification if its type and its required claims are there", async () => {
    const read = async (claims: Fields = {}, header: Fields = {}) =>
      readClaims(await tokenOf(claims, header));
    assert.equal((await read())?.sub, "0oa1");
    for (const name of ["iss", "sub", "jti", "exp"]) {
      for (const value of [undefined, null, "", ["x"], {}, "a\0", "x".repeat(1001)])
        assert.equal(await read({ [name]: value }), null, `${name}: ${JSON.stringify(value)}`);
    }
    for (const typ of [undefined, "JWT", "logout+jwt"]) assert.equal(await read({}, { typ }), null);
    for (const text of ["", "a.b.c", "e30.e30."]) assert.equal(readClaims(text), null);
  });
});

function ellipticCertificate(): string {
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const rest = ["-subj", "/CN=okta", "-days", "2", "-keyout", "/dev/null"];
  const pem = execFileSync("openssl", [...args, ...rest], { stdio: "pipe" }).toString();
  return pem.replace(/-----[^-]+-----|\s/g, "");
}
