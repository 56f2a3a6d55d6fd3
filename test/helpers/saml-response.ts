import { randomBytes } from "node:crypto";
import { SignedXml } from "xml-crypto";
import { type EncryptOptions, encrypt } from "xml-encryption";
import type { SigningKey } from "./certificates.ts";

/** The contents of a response. A case changes the values of a valid one. */
export interface Fields {
  responseId: string;
  assertionId: string;
  version: string;
  assertionVersion: string;
  issueInstant: number;
  status: string;
  /** Null leaves an element or attribute out. */
  destination: string | null;
  inResponseTo: string | null;
  confirmedRequest: string | null;
  responseIssuer: string | null;
  issuer: string | null;
  audience: string | null;
  recipient: string | null;
  notBefore: number | null;
  notOnOrAfter: number | null;
  confirmedUntil: number | null;
  method: string;
  nameId: string;
  nameIdFormat: string;
  authnInstant: number | null;
  /** When the provider's session ends. */
  sessionEndsAt: number | null;
  attributes: Record<string, string[]>;
}

/** How a part is signed; like Okta by default. */
interface Signing {
  key: SigningKey;
  signatureAlgorithm?: string;
  digestAlgorithm?: string;
  canonicalization?: string;
  transforms?: string[];
  /** Another certificate for KeyInfo than the key's. */
  certificate?: string;
}

/** How an assertion is encrypted, and for the holder of which certificate (PEM). */
interface Encrypting extends Partial<Omit<EncryptOptions, "keyEncryptionAlgorithm">> {
  to: string;
  keyEncryptionAlgorithm?: string;
  /** Digest and mask of the padding. */
  keyEncryptionDigest?: string;
  keyEncryptionMgf?: string;
}

/** How a case differs from a valid response. */
export interface Deviation {
  fields?(fields: Fields): void;
  /** The XML of the assertion before it is signed, and after. */
  assertion?(xml: string): string;
  signedAssertion?(xml: string): string;
  /** The XML of the whole response before it is signed, and after. */
  response?(xml: string): string;
  signedResponse?(xml: string): string;
  /** Null leaves a signature out. */
  signAssertion?: Partial<Signing> | null;
  signResponse?: Partial<Signing> | null;
  encrypt?: Encrypting;
  /** Makes the form field from the XML. */
  encode?(xml: string): string;
}

/** The connection that a response is for, and its provider. */
export interface Circumstances {
  acsUrl: string;
  entityId: string;
  idpEntityId: string;
  key: SigningKey;
  /** The ID of the answered request; null if the sign-in begins at the provider. */
  requestId: string | null;
}

export const algorithms = {
  rsaSha256: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  rsaSha1: "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
  sha256: "http://www.w3.org/2001/04/xmlenc#sha256",
  sha1: "http://www.w3.org/2000/09/xmldsig#sha1",
  exclusive: "http://www.w3.org/2001/10/xml-exc-c14n#",
  withComments: "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
  enveloped: "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
};

const unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const newId = () => `id${randomBytes(12).toString("hex")}`;

/** A response like Okta's ("SAML tracer"), both parts signed, as the form field. */
export async function samlResponse(
  circumstances: Circumstances,
  nameId: string,
  deviation: Deviation = {},
): Promise<string> {
  const { key } = circumstances;
  const fields = validFields(circumstances, nameId);
  deviation.fields?.(fields);
  const plain = (deviation.assertion ?? same)(assertionXml(fields));
  const signedAssertion =
    deviation.signAssertion === null ? plain : sign(plain, "Assertion", { key, ...deviation.signAssertion });
  const changed = (deviation.signedAssertion ?? same)(signedAssertion);
  const inside = deviation.encrypt ? await encrypted(changed, deviation.encrypt) : changed;
  const response = (deviation.response ?? same)(responseXml(fields, inside));
  const signedResponse =
    deviation.signResponse === null
      ? response
      : sign(response, "Response", { key, ...deviation.signResponse });
  const xml = (deviation.signedResponse ?? same)(signedResponse);
  return deviation.encode ? deviation.encode(xml) : Buffer.from(xml).toString("base64");
}

const same = (xml: string) => xml;

function validFields({ acsUrl, entityId, idpEntityId, requestId }: Circumstances, nameId: string): Fields {
  const now = Date.now();
  return {
    responseId: newId(),
    assertionId: newId(),
    version: "2.0",
    assertionVersion: "2.0",
    issueInstant: now,
    status: "urn:oasis:names:tc:SAML:2.0:status:Success",
    destination: acsUrl,
    recipient: acsUrl,
    audience: entityId,
    responseIssuer: idpEntityId,
    issuer: idpEntityId,
    inResponseTo: requestId,
    confirmedRequest: requestId,
    notBefore: now - 300_000,
    notOnOrAfter: now + 300_000,
    confirmedUntil: now + 300_000,
    method: "urn:oasis:names:tc:SAML:2.0:cm:bearer",
    authnInstant: now,
    sessionEndsAt: null,
    nameId,
    nameIdFormat: unspecified,
    attributes: { firstName: ["Ada"], lastName: ["Lovelace"], email: [nameId] },
  };
}

const attribute = (name: string, value: string | number | null) =>
  value === null ? "" : ` ${name}="${typeof value === "number" ? new Date(value).toISOString() : value}"`;

function assertionXml(fields: Fields): string {
  const { issuer, audience, confirmedUntil, recipient, confirmedRequest, attributes } = fields;
  const statements = Object.entries(attributes).map(
    ([name, values]) =>
      `<saml2:Attribute Name="${name}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified">${values
        .map(
          (value) =>
            `<saml2:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">${value}</saml2:AttributeValue>`,
        )
        .join("")}</saml2:Attribute>`,
  );
  const restriction =
    audience === null
      ? ""
      : `<saml2:AudienceRestriction><saml2:Audience>${audience}</saml2:Audience></saml2:AudienceRestriction>`;
  return [
    `<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="${fields.assertionId}" IssueInstant="${new Date(fields.issueInstant).toISOString()}" Version="${fields.assertionVersion}">`,
    issuer === null
      ? ""
      : `<saml2:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">${issuer}</saml2:Issuer>`,
    `<saml2:Subject><saml2:NameID Format="${fields.nameIdFormat}">${fields.nameId}</saml2:NameID>`,
    `<saml2:SubjectConfirmation Method="${fields.method}"><saml2:SubjectConfirmationData${attribute("InResponseTo", confirmedRequest)}${attribute("NotOnOrAfter", confirmedUntil)}${attribute("Recipient", recipient)}/></saml2:SubjectConfirmation></saml2:Subject>`,
    `<saml2:Conditions${attribute("NotBefore", fields.notBefore)}${attribute("NotOnOrAfter", fields.notOnOrAfter)}>${restriction}</saml2:Conditions>`,
    `<saml2:AuthnStatement${attribute("AuthnInstant", fields.authnInstant)}${attribute("SessionNotOnOrAfter", fields.sessionEndsAt)} SessionIndex="${fields.inResponseTo ?? newId()}"><saml2:AuthnContext><saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>`,
    `<saml2:AttributeStatement>${statements.join("")}</saml2:AttributeStatement>`,
    "</saml2:Assertion>",
  ].join("");
}

function responseXml(fields: Fields, inside: string): string {
  const { responseIssuer } = fields;
  return [
    `<?xml version="1.0" encoding="UTF-8"?><saml2p:Response xmlns:saml2p="urn:oasis:names:tc:SAML:2.0:protocol"${attribute("Destination", fields.destination)} ID="${fields.responseId}"${attribute("InResponseTo", fields.inResponseTo)} IssueInstant="${new Date(fields.issueInstant).toISOString()}" Version="${fields.version}">`,
    responseIssuer === null
      ? ""
      : `<saml2:Issuer xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">${responseIssuer}</saml2:Issuer>`,
    `<saml2p:Status><saml2p:StatusCode Value="${fields.status}"/></saml2p:Status>`,
    inside,
    "</saml2p:Response>",
  ].join("");
}

/** Signs the element with this name. The signature follows its Issuer, or comes first if there is none. */
function sign(xml: string, element: "Assertion" | "Response", signing: Signing): string {
  const { rsaSha256, sha256, exclusive, enveloped } = algorithms;
  const target = `//*[local-name(.)='${element}']`;
  const signature = new SignedXml({
    privateKey: signing.key.privateKey,
    publicCert: signing.certificate ?? signing.key.certificatePem,
    signatureAlgorithm: signing.signatureAlgorithm ?? rsaSha256,
    canonicalizationAlgorithm: (signing.canonicalization ??
      exclusive) as "http://www.w3.org/2001/10/xml-exc-c14n#",
  });
  signature.addReference({
    xpath: target,
    digestAlgorithm: signing.digestAlgorithm ?? sha256,
    transforms: signing.transforms ?? [enveloped, exclusive],
    inclusiveNamespacesPrefixList: ["xs"],
  });
  const issuer = `${target}/*[local-name(.)='Issuer']`;
  const hasIssuer = new RegExp(`<saml2p?:${element}[^>]*><saml2:Issuer`).test(xml);
  const location = hasIssuer
    ? ({ reference: issuer, action: "after" } as const)
    : ({ reference: target, action: "prepend" } as const);
  signature.computeSignature(xml, { prefix: "ds", location });
  return signature.getSignedXml();
}

async function encrypted(xml: string, { to, ...options }: Encrypting): Promise<string> {
  const all = {
    rsa_pub: to,
    pem: to,
    encryptionAlgorithm: "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    keyEncryptionAlgorithm: "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
    disallowEncryptionWithInsecureAlgorithm: false,
    warnInsecureAlgorithm: false,
    ...options,
  };
  const data = await new Promise<string>((resolve, reject) => {
    encrypt(xml, all as EncryptOptions, (error, result) => (error ? reject(error) : resolve(String(result))));
  });
  return `<saml2:EncryptedAssertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">${data}</saml2:EncryptedAssertion>`;
}
