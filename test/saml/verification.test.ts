import assert from "node:assert/strict";
import { RefusedError } from "../../src/errors.ts";
import { verifyOnThread } from "../../src/saml/verification.ts";
import { createSigningKey, type SigningKey } from "../helpers/certificates.ts";
import { samlResponse } from "../helpers/saml-response.ts";

const urls = { acsUrl: "https://app.example/acs", entityId: "https://app.example/metadata" };

describe("verification of signatures on threads", () => {
  let [ours, foreign]: SigningKey[] = [];
  before(async () => {
    [ours, foreign] = await Promise.all([createSigningKey("acme"), createSigningKey("foreign")]);
  });

  const verify = (response: string, idpCert: unknown) =>
    verifyOnThread({
      response,
      options: {
        issuer: urls.entityId,
        callbackUrl: urls.acsUrl,
        idpCert: idpCert as string[],
        wantAuthnResponseSigned: true,
        wantAssertionsSigned: true,
      },
    });
  const responseFor = (key: SigningKey, name: string) =>
    samlResponse({ ...urls, idpEntityId: "acme", key, requestId: null }, name);

  it("answers each of many at once with its own", async () => {
    const cases = Array.from({ length: 30 }, (_, number) => {
      const [key, other] = (number % 2 === 0 ? [ours, foreign] : [foreign, ours]) as [SigningKey, SigningKey];
      return { name: `person${number}@acme.example`, key, trusted: number % 3 === 0 ? other : key };
    });
    const responses = await Promise.all(cases.map(({ key, name }) => responseFor(key, name)));
    const verdicts = await Promise.allSettled(
      cases.map(({ trusted }, number) => verify(responses[number] ?? "", [trusted.certificate])),
    );
    for (const [number, { name, key, trusted }] of cases.entries()) {
      const verdict = verdicts[number];
      if (key === trusted) assert.match(verdict?.status === "fulfilled" ? verdict.value : "", namedIn(name));
      else assert.equal(verdict?.status === "rejected" && verdict.reason.reason, "saml-signature-not-valid");
    }
  });

  it("does not call a fault of ours a refusal", async () => {
    const response = await responseFor(ours as SigningKey, "ada@acme.example");
    const notCopied = verify(response, () => []);
    await assert.rejects(notCopied, (error) => !(error instanceof RefusedError));
    assert.match(await verify(response, [ours?.certificate]), namedIn("ada@acme.example"));
  });
});

function namedIn(name: string): RegExp {
  return new RegExp(`<saml2:NameID[^>]*>${name}</saml2:NameID>`);
}
