/** The vocabulary of the policy: the reasons of a refusal, the service provider, and the facts that the rules judge. */
import type { Element } from "@xmldom/xmldom";
import type { Rule } from "policy-list/policy";

/** The reasons for a refusal: stable words for logs, error pages and guides. */
export type SamlReason =
  | "saml-malformed"
  | "saml-not-a-sign-in"
  | "saml-doctype"
  | "saml-comment"
  | "saml-duplicate-id"
  | "saml-version"
  | "saml-status"
  | "saml-assertion-count"
  | "saml-signature-missing"
  | "saml-signature-not-valid"
  | "saml-sha1"
  | "saml-algorithm"
  | "saml-encryption"
  | "saml-issuer"
  | "saml-destination"
  | "saml-recipient"
  | "saml-audience"
  | "saml-expired"
  | "saml-not-yet-valid"
  | "saml-conditions"
  | "saml-confirmation"
  | "saml-subject"
  | "saml-request-unknown"
  | "saml-unsolicited"
  | "saml-replayed"
  | "provider-session-ended"
  | "not-signed-in-again"
  | "profile-incomplete";

export type SamlRule<Facts> = Rule<Facts, SamlReason>;

/** The service provider, and its expectations of one identity provider. */
export interface ServiceProvider {
  /** The address of the assertion consumer service (ACS). */
  acsUrl: string;
  /** The entity ID of the service provider: the audience. */
  entityId: string;
  /** The entity ID of the identity provider: the issuer. */
  idpEntityId: string;
  /** The identity provider's signing certificates, base64 DER. */
  certificates: readonly string[];
  /** The part that has to be signed. A signature of the other part is optional, but has to be valid. */
  signed: "assertion" | "response";
  acceptsEncrypted: boolean;
  /** Whether a sign-in may begin at the identity provider. */
  idpInitiated: boolean;
  /** Whether the request asked the identity provider to authenticate the person again. */
  forceAuthn: boolean;
  /** A test, which has to answer its own request even if other sign-ins may begin at the identity provider. */
  isTest: boolean;
}

/** The form that a browser posted to the assertion consumer service (ACS), as Express has it in `req.body` and `req.query`. */
export interface PostedForm {
  form: Readonly<Record<string, unknown>>;
  query: Readonly<Record<string, unknown>>;
}

/** The form, with its response decoded but not yet parsed. */
export interface ReceivedForm extends TextFacts {
  hasResponse: boolean;
  /** The form or the address carries more than a response. */
  hasMore: boolean;
  isBase64: boolean;
  bytes: number;
  relayState: unknown;
}

/** The text of an XML document, as far as it can be known without a parser. */
export interface TextFacts {
  xml: string;
  /** The bytes are text, and the text begins as XML does. */
  isXml: boolean;
  hasDoctype: boolean;
  /** Comments, CDATA sections or processing instructions. */
  hasMarkup: boolean;
  /** Every character, written as itself or as a reference, is one that XML has. */
  hasXmlCharacters: boolean;
  depth: number;
  tags: number;
}

/** The contents of a response. Nothing in it can be believed before its signatures are verified. */
export interface ParsedResponse extends DocumentFacts {
  isResponse: boolean;
  version: string | null;
  status: string | null;
  /** The codes below the status, the general one first. */
  subStatuses: string[];
  statusMessage: string | null;
  issuer: string | null;
  issuers: number;
  /** Empty if the attribute is there but empty. */
  destination: string | null;
  inResponseTo: string | null;
  /** The EncryptedAssertion, which decrypt.ts reads; null if the assertion is not encrypted. */
  encrypted: Element | null;
}

/** Facts about a document, the response or a decrypted assertion, before its signatures are verified. */
export interface DocumentFacts {
  isWellFormed: boolean;
  /** The local name of the root element; empty if the document is not well-formed. */
  rootName: string;
  /** Assertions anywhere in the document, encrypted or not. */
  assertions: number;
  /** The first of them is where it belongs: the root itself, or a child of it. */
  isAssertionInPlace: boolean;
  ids: string[];
  signatures: SignatureForm[];
}

/** How a signature was made, before it is verified. */
export interface SignatureForm {
  /** The response that is the root, or an assertion that is the root or its child; null if it is in another place. */
  parent: "Response" | "Assertion" | null;
  /** Signatures of the same parent, this one included. */
  siblings: number;
  method: string | null;
  digest: string | null;
  canonicalization: string | null;
  transforms: (string | null)[];
  /** The URI of the signed element. */
  reference: string | null;
  parentId: string | null;
}

/** The contents of an assertion, from its signed XML. Times are ms since the epoch, and NaN for a text that is not a time. */
export interface ParsedAssertion {
  isAssertion: boolean;
  id: string | null;
  version: string | null;
  issuer: string | null;
  hasConditions: boolean;
  /** The audiences of each restriction. */
  restrictions: (string | null)[][];
  issuedAt: number | null;
  notBefore: number | null;
  notOnOrAfter: number | null;
  confirmations: Confirmation[];
  hasAuthnStatement: boolean;
  /** When the person signed in at the provider. */
  authenticatedAt: number | null;
  /** The class of that sign-in: AuthnContextClassRef. */
  authnContext: string | null;
  /** When the provider's session ends: the earliest end that it names. NaN if one of them is not a time. */
  sessionEndsAt: number | null;
  nameId: string | null;
  nameIdFormat: string | null;
  /** The values of each attribute by name, in document order. */
  attributes: Map<string, string[]>;
}

export interface Confirmation {
  method: string | null;
  notBefore: number | null;
  notOnOrAfter: number | null;
  recipient: string | null;
  inResponseTo: string | null;
}

/** Clocks may differ by a minute. */
export const clockSkewMs = 60_000;
/** An assertion is made when a person signs in: an old one was made for another sign-in. Okta's live for five minutes. */
export const maxAgeMs = 10 * 60_000;

/** The expected and the actual value, for an administrator who compares the two. */
export function mismatch(expected: string, found: string | null): string {
  return `expected ${expected}, found ${found === null ? "nothing" : printable(found)}`;
}

const longestShown = 300;

/**
 * A text of a sender as a log or a page may show it: in one line, cut, and without characters that are invisible or turn the
 * direction of writing around.
 */
export function printable(text: string): string {
  // Twice the length bounds the work, and leaves enough if much of it is white space.
  const shown = text
    .slice(0, 2 * longestShown)
    .replaceAll(/[\p{C}\p{Z}]+/gu, " ")
    .trim();
  return shown.length > longestShown ? `${shown.slice(0, longestShown)}…` : shown;
}
