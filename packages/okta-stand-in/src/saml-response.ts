import { createHash, createSign, randomInt } from "node:crypto";
import { DOMParser } from "@xmldom/xmldom";
import { ExclusiveCanonicalization } from "xml-crypto";

/** The content of a response. */
export interface SamlStatement {
  /** The app's IdP issuer: `http://www.okta.com/exk…`. */
  issuer: string;
  acsUrl: string;
  audience: string;
  nameId: string;
  attributes: { name: string; values: readonly string[] }[];
  /** The id of the AuthnRequest; null for a sign-in that began in the org. */
  inResponseTo: string | null;
  signedInAt: number;
}

export interface SamlSigner {
  /** PKCS #8, PEM. */
  privateKey: string;
  /** Base64 DER. */
  certificate: string;
  algorithm: "SHA256" | "SHA1";
}

const ns = {
  assertion: "urn:oasis:names:tc:SAML:2.0:assertion",
  protocol: "urn:oasis:names:tc:SAML:2.0:protocol",
  schema: "http://www.w3.org/2001/XMLSchema",
  signature: "http://www.w3.org/2000/09/xmldsig#",
  instance: "http://www.w3.org/2001/XMLSchema-instance",
};
const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
const algorithms = {
  SHA256: {
    hash: "sha256",
    signature: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    digest: "http://www.w3.org/2001/04/xmlenc#sha256",
  },
  SHA1: {
    hash: "sha1",
    signature: "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    digest: "http://www.w3.org/2000/09/xmldsig#sha1",
  },
};
/** The `Format` of every NameID. */
export const nameIdFormat = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const lifetimeMs = 5 * 60_000;

/** A response in Okta's shape (Okta: "SAML Tracer"). The assertion is signed first, then the response around it. */
export function samlResponse(statement: SamlStatement, signer: SamlSigner, now: number = Date.now()): string {
  const ids = { response: newXmlId(), assertion: newXmlId() };
  const { acsUrl, inResponseTo } = statement;
  const answers = inResponseTo === null ? "" : ` InResponseTo="${escaped(inResponseTo)}"`;
  const issueInstant = new Date(now).toISOString();
  const xml = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<saml2p:Response Destination="${escaped(acsUrl)}" ID="${ids.response}"${answers} IssueInstant="${issueInstant}" `,
    `Version="2.0" xmlns:saml2p="${ns.protocol}" xmlns:xs="${ns.schema}">`,
    issuerElement(statement.issuer),
    `<saml2p:Status xmlns:saml2p="${ns.protocol}">`,
    '<saml2p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></saml2p:Status>',
    assertionElement(statement, ids.assertion, answers, now),
    "</saml2p:Response>",
  ].join("");
  return signed(signed(xml, ids.assertion, signer), ids.response, signer);
}

function issuerElement(issuer: string): string {
  const format = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
  return `<saml2:Issuer Format="${format}" xmlns:saml2="${ns.assertion}">${escaped(issuer)}</saml2:Issuer>`;
}

function assertionElement(statement: SamlStatement, id: string, answers: string, now: number): string {
  const { acsUrl, audience, nameId, inResponseTo, signedInAt } = statement;
  const at = (ms: number) => new Date(ms).toISOString();
  const until = at(now + lifetimeMs);
  return [
    `<saml2:Assertion ID="${id}" IssueInstant="${at(now)}" Version="2.0" xmlns:saml2="${ns.assertion}" `,
    `xmlns:xs="${ns.schema}">`,
    issuerElement(statement.issuer),
    `<saml2:Subject xmlns:saml2="${ns.assertion}">`,
    `<saml2:NameID Format="${nameIdFormat}">${escaped(nameId)}</saml2:NameID>`,
    '<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">',
    `<saml2:SubjectConfirmationData${answers} NotOnOrAfter="${until}" Recipient="${escaped(acsUrl)}"/>`,
    "</saml2:SubjectConfirmation></saml2:Subject>",
    `<saml2:Conditions NotBefore="${at(now - lifetimeMs)}" NotOnOrAfter="${until}" xmlns:saml2="${ns.assertion}">`,
    `<saml2:AudienceRestriction><saml2:Audience>${escaped(audience)}</saml2:Audience></saml2:AudienceRestriction>`,
    "</saml2:Conditions>",
    `<saml2:AuthnStatement AuthnInstant="${at(signedInAt)}" SessionIndex="${escaped(inResponseTo ?? newXmlId())}" `,
    `xmlns:saml2="${ns.assertion}"><saml2:AuthnContext><saml2:AuthnContextClassRef>`,
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>",
    attributeStatement(statement.attributes),
    "</saml2:Assertion>",
  ].join("");
}

function attributeStatement(attributes: SamlStatement["attributes"]): string {
  if (attributes.length === 0) return "";
  const format = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";
  const valueElement = (value: string) =>
    `<saml2:AttributeValue xmlns:xs="${ns.schema}" xmlns:xsi="${ns.instance}" xsi:type="xs:string">` +
    `${escaped(value)}</saml2:AttributeValue>`;
  const elements = attributes.map(
    ({ name, values }) =>
      `<saml2:Attribute Name="${escaped(name)}" NameFormat="${format}">` +
      `${values.map(valueElement).join("")}</saml2:Attribute>`,
  );
  return `<saml2:AttributeStatement xmlns:saml2="${ns.assertion}">${elements.join("")}</saml2:AttributeStatement>`;
}

/**
 * Inserts the signature of one element after its Issuer, where the schema requires it (SAML Core §5.4). xml-crypto's
 * SignedXml would add a prefix list to the enveloped-signature transform, which Okta does not send.
 */
function signed(xml: string, id: string, { privateKey, certificate, algorithm }: SamlSigner): string {
  const { hash, signature, digest } = algorithms[algorithm];
  const elements = Array.from(new DOMParser().parseFromString(xml, "text/xml").getElementsByTagName("*"));
  const element = elements.find((one) => one.getAttribute("ID") === id);
  const digestValue = createHash(hash).update(canonical(element)).digest("base64");
  // Already in canonical form, so these are the bytes that get signed.
  const signedInfo = [
    `<ds:CanonicalizationMethod Algorithm="${exclusive}"></ds:CanonicalizationMethod>`,
    `<ds:SignatureMethod Algorithm="${signature}"></ds:SignatureMethod><ds:Reference URI="#${id}"><ds:Transforms>`,
    `<ds:Transform Algorithm="${ns.signature}enveloped-signature"></ds:Transform>`,
    `<ds:Transform Algorithm="${exclusive}">`,
    `<ec:InclusiveNamespaces xmlns:ec="${exclusive}" PrefixList="xs"></ec:InclusiveNamespaces></ds:Transform>`,
    `</ds:Transforms><ds:DigestMethod Algorithm="${digest}"></ds:DigestMethod>`,
    `<ds:DigestValue>${digestValue}</ds:DigestValue></ds:Reference></ds:SignedInfo>`,
  ].join("");
  const value = createSign(hash)
    .update(`<ds:SignedInfo xmlns:ds="${ns.signature}">${signedInfo}`)
    .sign(privateKey);
  const block = [
    `<ds:Signature xmlns:ds="${ns.signature}"><ds:SignedInfo>${signedInfo}`,
    `<ds:SignatureValue>${value.toString("base64")}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>`,
    `<ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>`,
  ].join("");
  const at = xml.indexOf("</saml2:Issuer>", xml.indexOf(`ID="${id}"`)) + "</saml2:Issuer>".length;
  return xml.slice(0, at) + block + xml.slice(at);
}

/** xml-crypto's types expect a browser's Element; it also works on xmldom's. */
function canonical(element: unknown): string {
  return new ExclusiveCanonicalization().process(element as never, { inclusiveNamespacesPrefixList: ["xs"] });
}

/** An id like Okta's. It begins with letters because an xs:ID may not begin with a digit. */
function newXmlId(): string {
  return `id${Array.from({ length: 22 }, () => randomInt(10)).join("")}`;
}

export function escaped(text: string): string {
  const names: Record<string, string> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos" };
  // Other characters cannot occur in XML, not even escaped (XML 1.0 §2.2).
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "")
    .replace(/[&<>"']/g, (mark) => `&${names[mark]};`);
}
