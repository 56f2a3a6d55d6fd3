import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { createSigningKey, type SigningKey } from "../helpers/certificates.ts";
import { samlSettings } from "../helpers/saml-settings.ts";
import { audience, connection, issuer, useTokens, wrongTokens } from "./tokens.ts";

/** token.test.ts has the checks that do not depend on the protocol. */
describe("a revocation token for a SAML connection", () => {
  const { verify, asked, tokenOf } = useTokens();
  let certified: SigningKey;
  before(async () => {
    certified = await createSigningKey("okta");
  });
  const saml = (certificates: string[]) =>
    connection({ ...samlSettings, certificates, appInstanceId: "0oa1", orgUrl: issuer });

  it("is valid as Okta issues it, by the keys that the org publishes", async () => {
    assert.equal(await verify(await tokenOf(), saml([]), audience), null);
    assert.deepEqual(asked(), [`${issuer}/oauth2/v1/keys`]);
  });

  for (const [what, given, header, problem] of wrongTokens) {
    it(`is invalid with ${what}, by the org's key and by a certificate's`, async () => {
      // Made here, because much may run between loading this file and its tests.
      const claims = typeof given === "function" ? given() : given;
      const token = await tokenOf(claims, header);
      const byCertificate = await tokenOf(claims, header, createPrivateKey(certified.privateKey));
      assert.match((await verify(token, saml([]), audience))?.found ?? "valid", problem);
      assert.notEqual(await verify(byCertificate, saml([certified.certificate]), audience), null);
    });
  }

  it("is valid by a certificate's key, with RS256 only", async () => {
    const key = createPrivateKey(certified.privateKey);
    const accepted = saml([certified.certificate]);
    assert.equal(await verify(await tokenOf({}, {}, key), accepted, audience), null);
    assert.deepEqual(asked(), [], "the org was not asked");
    for (const alg of ["RS512", "PS256"])
      assert.notEqual(await verify(await tokenOf({}, { alg }, key), accepted, audience), null, alg);
  });

  it("is valid by one of several certificates, even next to one without an RSA key", async () => {
    const accepted = saml([ellipticCertificate(), certified.certificate]);
    const token = await tokenOf({}, {}, createPrivateKey(certified.privateKey));
    assert.equal(await verify(token, accepted, audience), null);
  });

  it("is invalid for a connection without the application's id", async () => {
    const nameless = connection({ ...samlSettings, certificates: [certified.certificate], orgUrl: issuer });
    for (const sub of ["0oa1", ""]) {
      const token = await tokenOf({ sub }, {}, createPrivateKey(certified.privateKey));
      assert.notEqual(await verify(token, nameless, audience), null, sub);
    }
  });
});

function ellipticCertificate(): string {
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const rest = ["-subj", "/CN=okta", "-days", "2", "-keyout", "/dev/null"];
  const pem = execFileSync("openssl", [...args, ...rest], { stdio: "pipe" }).toString();
  return pem.replace(/-----[^-]+-----|\s/g, "");
}
