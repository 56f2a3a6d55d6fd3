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

/**
 * Whether a text has the characters of XML only, and well-formed references to them (XML 1.0 §2.2, §4.1). Parsers let others
 * pass: the reference to a NUL, which no database stores, and a reference that they cannot read, which they take for one.
 */
export function hasXmlCharacters(xml: string): boolean {
  if (!areXmlCharacters(xml)) return false;
  return Array.from(xml.matchAll(/&#(?:x([0-9a-f]{1,8});|([0-9]{1,8});)?/gi)).every(
    ([start, hex, decimal]) => {
      if (start.startsWith("&#X") || (hex ?? decimal) === undefined) return false;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff && areXmlCharacters(String.fromCodePoint(code));
    },
  );
}

/** Every other control character, half of a surrogate pair and non-character is missing in XML. */
function areXmlCharacters(text: string): boolean {
  return /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u.test(text);
}

/** Whether YYYY-MM-DD is a day: Date.parse() takes February 30 for March 2. */
export function isDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}
