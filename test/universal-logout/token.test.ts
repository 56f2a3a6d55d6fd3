import assert from "node:assert/strict";
import { InvalidError, UnavailableError } from "../../src/errors.ts";
import { readClaims, tokenVerifier } from "../../src/universal-logout/token.ts";
import { alias, audience, connection, type Fields, issuer, useTokens, wrongTokens } from "./tokens.ts";

const seconds = () => Math.floor(Date.now() / 1000);

/** Each check of a token by itself; refusals.test.ts tests the endpoint. */
describe("a revocation token", () => {
  const { verify, asked, tokenOf } = useTokens();
  const oidc = connection({ issuer, issuerAlias: alias, clientId: "0oa1" });

  it("is valid as Okta issues it, under either name of the org", async () => {
    for (const iss of [issuer, alias])
      assert.equal(await verify(await tokenOf({ iss }), oidc, audience), null);
    assert.deepEqual(asked(), [`${issuer}/keys`, `${issuer}/keys`]);
  });

  it("is valid up to a minute early or late, because clocks differ", async () => {
    const late = await tokenOf({ exp: seconds() - 30, nbf: seconds() + 30 });
    assert.equal(await verify(late, oidc, audience), null);
  });

  for (const [what, given, header, problem] of wrongTokens) {
    it(`is invalid with ${what}`, async () => {
      // Made here, because much may run between loading this file and its tests.
      const claims = typeof given === "function" ? given() : given;
      const finding = await verify(await tokenOf(claims, header), oidc, audience);
      assert.match(finding?.found ?? "valid", problem);
    });
  }

  it("is invalid for a connection without settings", async () => {
    assert.notEqual(await verify(await tokenOf(), connection(null), audience), null);
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
