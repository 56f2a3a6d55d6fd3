import { createHmac } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import type { RefusalReason } from "../../src/errors.ts";
import type { SamlSettings } from "../../src/model.ts";
import type { SigningKey } from "./certificates.ts";
import { algorithms, type Deviation, type Fields } from "./saml-response.ts";
import { wrappings } from "./signature-wrapping.ts";

type MadeDeviation = Deviation | ((keys: { key: SigningKey; foreignKey: SigningKey }) => Deviation);

/** The reason for a refusal, and the rule of saml-policy that has to refuse; null if no rule sees the response. */
type Refusal = [reason: RefusalReason, rule: string | null];

/** A response that must be refused: how it differs from a valid one, and by which rule. */
export interface HostileResponse {
  name: string;
  deviation: MadeDeviation;
  refusal: Refusal;
  settings?: Partial<SamlSettings>;
}

const hour = 3_600_000;
const { rsaSha1, rsaSha256, sha1, enveloped, withComments } = algorithms;
const hmac = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
const inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

const fields = (name: string, refusal: Refusal, change: Partial<Fields>): HostileResponse => ({
  name,
  refusal,
  deviation: { fields: (all: Fields) => void Object.assign(all, change) },
});
const moved = (
  name: string,
  refusal: Refusal,
  change: (now: number) => Partial<Fields>,
): HostileResponse => ({
  name,
  refusal,
  deviation: { fields: (all: Fields) => void Object.assign(all, change(Date.now())) },
});
const text = (name: string, refusal: Refusal, deviation: MadeDeviation, settings = {}): HostileResponse => ({
  name,
  refusal,
  deviation,
  settings,
});
const misplaced = (name: string, rule: string, signedAssertion: (xml: string) => string) =>
  text(name, ["saml-signature-not-valid", rule], { signedAssertion });
const withAlgorithm = (element: string, algorithm: string) => (xml: string) =>
  xml.replace(new RegExp(`<ds:${element} Algorithm="[^"]*"`), `<ds:${element} Algorithm="${algorithm}"`);

const weakSha1 = { signatureAlgorithm: rsaSha1, digestAlgorithm: sha1 };
const signatureCases: HostileResponse[] = [
  text("SHA-1 in both signatures", ["saml-sha1", "sha1"], {
    signAssertion: weakSha1,
    signResponse: weakSha1,
  }),
  text("a SHA-1 signature of the assertion", ["saml-sha1", "sha1"], {
    signAssertion: { signatureAlgorithm: rsaSha1 },
  }),
  text("a SHA-1 signature of the response", ["saml-sha1", "sha1"], {
    signResponse: { signatureAlgorithm: rsaSha1 },
  }),
  text("a SHA-1 digest of the assertion", ["saml-sha1", "sha1"], {
    signAssertion: { digestAlgorithm: sha1 },
  }),
  text("a SHA-1 digest of the response", ["saml-sha1", "sha1"], { signResponse: { digestAlgorithm: sha1 } }),
  text("no signature", ["saml-signature-missing", "signed"], { signAssertion: null, signResponse: null }),
  text("a signature around an unsigned assertion", ["saml-signature-missing", "signed"], {
    signAssertion: null,
  }),
  text(
    "a signature of the assertion alone, if the response has to be signed",
    ["saml-signature-missing", "signed"],
    { signResponse: null },
    { signed: "response" },
  ),
  text("a foreign key", ["saml-signature-not-valid", "signature"], ({ foreignKey }) => ({
    signAssertion: { key: foreignKey },
    signResponse: { key: foreignKey },
  })),
  text("a foreign key for the assertion", ["saml-signature-not-valid", "signature"], ({ foreignKey }) => ({
    signAssertion: { key: foreignKey },
  })),
  text("a foreign key for the response", ["saml-signature-not-valid", "signature"], ({ foreignKey }) => ({
    signResponse: { key: foreignKey },
  })),
  text(
    "a foreign key with our certificate in KeyInfo",
    ["saml-signature-not-valid", "signature"],
    ({ foreignKey, key }) => ({
      signAssertion: { key: foreignKey, certificate: key.certificatePem },
      signResponse: { key: foreignKey, certificate: key.certificatePem },
    }),
  ),
  text("an assertion that was changed after signing", ["saml-signature-not-valid", "signature"], {
    signedAssertion: (xml) => xml.replaceAll("@acme.example<", "@evil.example<"),
  }),
  text("another IssueInstant than the signed one", ["saml-signature-not-valid", "signature"], {
    signedResponse: (xml) =>
      xml.replace(/ IssueInstant="[^"]*"/, ` IssueInstant="${new Date().toISOString()}"`),
  }),
  text("inclusive canonicalization", ["saml-algorithm", "canonicalization"], {
    signAssertion: { canonicalization: inclusive },
  }),
  text("an inclusive transform", ["saml-algorithm", "transforms"], {
    signAssertion: { transforms: [enveloped, inclusive] },
  }),
  text("an XSLT transform", ["saml-algorithm", "transforms"], {
    signedAssertion: (xml) =>
      xml.replace(
        "<ds:Transforms>",
        '<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>',
      ),
  }),
  text("no transform", ["saml-algorithm", "transforms"], {
    signedAssertion: (xml) => xml.replace(/<ds:Transforms>.*?<\/ds:Transforms>/s, "<ds:Transforms/>"),
  }),
  text("an HMAC with the certificate", ["saml-sha1", "sha1"], ({ key }) => ({
    signedAssertion: (xml) => withHmac(xml, key.certificate),
  })),
  text("HMAC with SHA-256", ["saml-algorithm", "signature-method"], {
    signedAssertion: withAlgorithm("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
  }),
  text("a signature of an unknown kind", ["saml-algorithm", "signature-method"], {
    signedAssertion: withAlgorithm("SignatureMethod", "urn:unknown"),
  }),
  text("an MD5 digest", ["saml-algorithm", "digest-method"], {
    signedAssertion: withAlgorithm("DigestMethod", "http://www.w3.org/2001/04/xmldsig-more#md5"),
  }),
  misplaced("a reference to the whole document", "reference", (xml) =>
    xml.replace(/<ds:Reference URI="[^"]*"/, '<ds:Reference URI=""'),
  ),
  misplaced("a reference to another element", "reference", (xml) =>
    xml.replace(/<ds:Reference URI="[^"]*"/, '<ds:Reference URI="#other"'),
  ),
  misplaced("two signatures in the assertion", "signature-place", (xml) =>
    xml.replace(/(<ds:Signature .*?<\/ds:Signature>)/s, "$1$1"),
  ),
  misplaced("the signature of the assertion, in its subject", "signature-place", (xml) => {
    const [signature = ""] = /<ds:Signature .*?<\/ds:Signature>/s.exec(xml) ?? [];
    return xml.replace(signature, "").replace("</saml2:Subject>", `${signature}</saml2:Subject>`);
  }),
];

const evil = "http://www.okta.com/exkEVIL";
const elsewhere = "https://evil.example/saml/acme/acs";
const addressCases: HostileResponse[] = [
  fields("another issuer of the response", ["saml-issuer", "response-issuer"], { responseIssuer: evil }),
  fields("another issuer of the assertion", ["saml-issuer", "assertion-issuer"], { issuer: evil }),
  fields("another issuer of both", ["saml-issuer", "response-issuer"], {
    issuer: evil,
    responseIssuer: evil,
  }),
  fields("no issuer of the assertion", ["saml-issuer", "assertion-issuer"], { issuer: null }),
  fields("another audience", ["saml-audience", "audience"], {
    audience: "https://evil.example/saml/acme/metadata",
  }),
  fields("no audience", ["saml-audience", "audience"], { audience: null }),
  text("a second audience restriction for another application", ["saml-audience", "audience"], {
    assertion: (xml) =>
      xml.replace(
        "</saml2:AudienceRestriction>",
        "</saml2:AudienceRestriction><saml2:AudienceRestriction><saml2:Audience>other</saml2:Audience></saml2:AudienceRestriction>",
      ),
  }),
  fields("another destination", ["saml-destination", "destination"], { destination: elsewhere }),
  fields("an empty destination", ["saml-destination", "destination"], { destination: "" }),
  fields("no destination in a signed response", ["saml-destination", "signed-destination"], {
    destination: null,
  }),
  fields("another recipient", ["saml-recipient", "recipient"], { recipient: elsewhere }),
  fields("no recipient", ["saml-recipient", "recipient"], { recipient: null }),
];

const formCases: HostileResponse[] = [
  moved("an expired assertion", ["saml-expired", "not-on-or-after"], (now) => ({
    notOnOrAfter: now - 90_000,
  })),
  moved("an old assertion that never ends", ["saml-expired", "not-on-or-after"], (now) => ({
    issueInstant: now - hour,
    notBefore: now - hour,
    notOnOrAfter: now + 1000 * hour,
    confirmedUntil: now + 1000 * hour,
  })),
  moved("an expired confirmation", ["saml-expired", "confirmation-time"], (now) => ({
    confirmedUntil: now - 90_000,
  })),
  moved("a session that has ended at the provider", ["provider-session-ended", "session-end"], (now) => ({
    sessionEndsAt: now - 90_000,
  })),
  text("an end of the session that is not a time", ["saml-conditions", "times"], {
    assertion: (xml) => xml.replace("<saml2:AuthnStatement ", '$&SessionNotOnOrAfter="tomorrow" '),
  }),
  text("a second statement whose session has ended", ["provider-session-ended", "session-end"], {
    assertion: (xml) =>
      xml.replace(
        "</saml2:AuthnStatement>",
        '$&<saml2:AuthnStatement SessionNotOnOrAfter="2020-01-01T00:00:00Z"/>',
      ),
  }),
  text("a confirmation that is not valid yet", ["saml-not-yet-valid", "confirmation-begin"], {
    assertion: (xml) =>
      xml.replace(
        "<saml2:SubjectConfirmationData",
        () => `<saml2:SubjectConfirmationData NotBefore="${new Date(Date.now() + 120_000).toISOString()}"`,
      ),
  }),
  moved("an assertion that is not valid yet", ["saml-not-yet-valid", "not-before"], (now) => ({
    notBefore: now + 120_000,
  })),
  moved("an assertion issued in the future", ["saml-not-yet-valid", "not-before"], (now) => ({
    issueInstant: now + 120_000,
  })),
  text("no conditions", ["saml-conditions", "conditions"], {
    assertion: (xml) => xml.replace(/<saml2:Conditions.*<\/saml2:Conditions>/s, ""),
  }),
  fields("conditions without an end", ["saml-conditions", "times"], { notOnOrAfter: null }),
  text("an end that is not a time", ["saml-conditions", "times"], {
    assertion: (xml) => xml.replace(/(<saml2:Conditions[^>]*NotOnOrAfter=")[^"]*/, "$1tomorrow"),
  }),
  text("no confirmation", ["saml-confirmation", "confirmation"], {
    assertion: (xml) => xml.replace(/<saml2:SubjectConfirmation .*<\/saml2:SubjectConfirmation>/s, ""),
  }),
  fields("a confirmation without an end", ["saml-confirmation", "confirmation"], { confirmedUntil: null }),
  fields("a holder-of-key confirmation", ["saml-confirmation", "confirmation"], {
    method: "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key",
  }),
  text("the right recipient and the right request in two confirmations", ["saml-recipient", "recipient"], {
    assertion: (xml) => {
      const [valid = ""] = /<saml2:SubjectConfirmation .*<\/saml2:SubjectConfirmation>/s.exec(xml) ?? [];
      const otherPlace = valid.replace(/Recipient="[^"]*"/, 'Recipient="https://evil.example/acs"');
      const otherRequest = valid.replace(/( InResponseTo="[^"]*")?( NotOnOrAfter)/, ' InResponseTo="_x"$2');
      return xml.replace(valid, otherPlace + otherRequest.replace("cm:bearer", "cm:holder-of-key"));
    },
  }),
  fields("an empty NameID", ["saml-subject", "name-id"], { nameId: "" }),
  fields("a NameID of spaces", ["saml-subject", "name-id"], { nameId: "   " }),
  fields("a NameID of 10 kB", ["saml-subject", "name-id"], { nameId: "x".repeat(10_000) }),
  fields("a transient NameID", ["saml-subject", "name-id"], {
    nameIdFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
  }),
  text("a NameID with child elements", ["saml-subject", "name-id"], {
    assertion: (xml) => xml.replace(/(<saml2:NameID[^>]*>)/, "$1<x/>"),
  }),
  text("two NameIDs", ["saml-subject", "name-id"], {
    assertion: (xml) => xml.replace(/(<saml2:NameID[^>]*>.*?<\/saml2:NameID>)/, "$1$1"),
  }),
  text("no authentication statement", ["saml-not-a-sign-in", "authn-statement"], {
    assertion: (xml) => xml.replace(/<saml2:AuthnStatement.*<\/saml2:AuthnStatement>/s, ""),
  }),
  fields("version 1.1", ["saml-version", "response-version"], { version: "1.1" }),
  fields("an assertion of version 1.1", ["saml-version", "assertion-version"], { assertionVersion: "1.1" }),
  fields("a status that is not Success around a signed assertion", ["saml-status", "status"], {
    status: "urn:oasis:names:tc:SAML:2.0:status:Responder",
  }),
  text("no e-mail address", ["profile-incomplete", "required-attributes"], {
    fields: (all) => void Object.assign(all, { attributes: { firstName: ["Ada"], lastName: ["Lovelace"] } }),
  }),
  text("an address with child elements", ["profile-incomplete", "required-attributes"], {
    assertion: (xml) => xml.replace(/(Name="email".*?<saml2:AttributeValue[^>]*>)([^<]+)</s, "$1<b>$2</b><"),
  }),
];

const doctype = (declaration: string) => (xml: string) => xml.replace("?>", `?>${declaration}`);
const xmlCases: HostileResponse[] = [
  text("a comment in the NameID", ["saml-comment", "markup"], {
    signedResponse: (xml) =>
      xml.replace("@acme.example</saml2:NameID>", "@acme.example<!-- -->.evil</saml2:NameID>"),
  }),
  text("a comment in the NameID, signed", ["saml-comment", "markup"], {
    assertion: (xml) =>
      xml.replace("@acme.example</saml2:NameID>", "@acme.example<!-- -->.evil</saml2:NameID>"),
  }),
  text("a comment in an attribute", ["saml-comment", "markup"], {
    assertion: (xml) => xml.replace(">Ada<", ">A<!-- -->da<"),
  }),
  ...Object.entries({
    "in the NameID": ["@acme.example</saml2:NameID>", "@acme.example<!-- -->.evil</saml2:NameID>"],
    "in the NameID, around a part of it": ["@acme.example</saml2:NameID>", "<!-- @evil -->$&"],
    "in a digest": ["<ds:DigestValue>", "$&<!-- AAAA -->"],
  } as const).map(([where, [from, to]]) =>
    text(`a comment ${where}, canonicalized with comments`, ["saml-comment", "markup"], {
      signAssertion: { canonicalization: withComments, transforms: [enveloped, withComments] },
      signedResponse: (xml) => xml.replaceAll(from, to),
    }),
  ),
  text("a processing instruction", ["saml-comment", "markup"], {
    signedResponse: (xml) => xml.replace(">Ada<", ">A<?x?>da<"),
  }),
  text("a CDATA section", ["saml-comment", "markup"], {
    assertion: (xml) => xml.replace(">Ada<", "><![CDATA[Ada]]><"),
  }),
  text("a DOCTYPE", ["saml-doctype", "doctype"], { signedResponse: doctype("<!DOCTYPE Response>") }),
  text("entity expansion", ["saml-doctype", "doctype"], {
    signedResponse: doctype('<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'),
  }),
  text("an external entity", ["saml-doctype", "doctype"], {
    signedResponse: doctype('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
  }),
  text("two assertions", ["saml-assertion-count", "assertion-count"], {
    signedAssertion: (xml) => xml + xml.replace(/ ID="[^"]*"/, ' ID="another"'),
  }),
  text("no assertion", ["saml-assertion-count", "assertion-count"], { signedAssertion: () => "" }),
  text("a second, encrypted assertion", ["saml-assertion-count", "assertion-count"], {
    signedAssertion: (xml) =>
      `${xml}<saml2:EncryptedAssertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion"/>`,
  }),
  text("duplicate IDs", ["saml-duplicate-id", "unique-ids"], {
    fields: (all) => void Object.assign(all, { assertionId: all.responseId }),
  }),
  text("a reference to a NUL in the NameID", ["saml-malformed", "characters"], {
    signedAssertion: (xml) => xml.replaceAll("@acme.example<", "@acme.example&#0;<"),
  }),
  text("deep nesting", ["saml-malformed", "nesting"], {
    signedResponse: (xml) =>
      xml.replace("</saml2p:Response>", `${"<a>".repeat(2_000)}${"</a>".repeat(2_000)}</saml2p:Response>`),
  }),
  text("30,000 tags", ["saml-malformed", "nesting"], {
    signedResponse: (xml) => xml.replace("</saml2p:Response>", `${"<a/>".repeat(30_000)}</saml2p:Response>`),
  }),
  text("more than 256 KB", ["saml-malformed", "size"], {
    fields: (all) => void Object.assign(all.attributes, { more: ["x".repeat(270_000)] }),
  }),
  text("5 MB", ["saml-malformed", null], { encode: () => "A".repeat(5_000_000) }),
  text("XML that is not well-formed", ["saml-malformed", "well-formed"], {
    signedResponse: (xml) => xml.replace("</saml2p:Response>", ""),
  }),
  text("XML that is not base64", ["saml-malformed", "base64"], { encode: (xml) => xml }),
  text("base64 with other characters", ["saml-malformed", "base64"], {
    encode: (xml) =>
      Buffer.from(xml)
        .toString("base64")
        .replace(/^.{10}/, "$&*"),
  }),
  text("deflated XML", ["saml-malformed", "text"], {
    encode: (xml) => deflateRawSync(xml).toString("base64"),
  }),
  text("bytes that are neither UTF-8 nor UTF-16", ["saml-malformed", "text"], {
    encode: (xml) => Buffer.from(xml.replace(">Ada<", ">Adá<"), "latin1").toString("base64"),
  }),
  text("no content", ["saml-malformed", "base64"], { encode: () => "" }),
  text("a LogoutResponse as its root", ["saml-not-a-sign-in", "response"], {
    signAssertion: null,
    signedResponse: (xml) => xml.replaceAll("saml2p:Response", "saml2p:LogoutResponse"),
  }),
];

const wrappingCases = Object.entries(wrappings).map(([name, signedResponse]) =>
  text(`signature wrapping ${name}`, ["saml-assertion-count", "assertion-count"], { signedResponse }),
);

/** Generated and signed at test time, one deviation each. */
export const hostileResponses: readonly HostileResponse[] = [
  ...[signatureCases, addressCases, formCases, xmlCases, wrappingCases].flat(),
];

/** How a case differs from a valid response. */
export function deviationOf(
  { deviation }: HostileResponse,
  keys: { key: SigningKey; foreignKey: SigningKey },
): Deviation {
  return typeof deviation === "function" ? deviation(keys) : deviation;
}

/** Signs again with the certificate as an HMAC key. A verifier that trusts the named method would accept it. */
function withHmac(xml: string, key: string): string {
  return xml
    .replace(new RegExp(`SignatureMethod Algorithm="${rsaSha256}"`), `SignatureMethod Algorithm="${hmac}"`)
    .replace(
      /<ds:SignatureValue>.*?<\/ds:SignatureValue>/s,
      `<ds:SignatureValue>${createHmac("sha1", key).update(xml).digest("base64")}</ds:SignatureValue>`,
    );
}
