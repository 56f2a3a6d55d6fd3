/**
 * The rules that this application itself applies to a sign-in by OpenID Connect, in their order. provider-errors.ts has those
 * that openid-client and jose check for us; policy.ts has both. "Core" is OpenID Connect Core 1.0.
 */
import { createHash } from "node:crypto";
import type { Rule } from "policy-list/policy";
import type { RefusalReason } from "../errors.ts";
import type { UsedSignInRule } from "../sso/connection.ts";
import { sameIssuer } from "../trust/issuer-names.ts";

export type OidcRule<Facts> = Rule<Facts, RefusalReason>;

/** The provider cannot serve anyone at the moment (RFC 6749 §4.1.2.1). */
function isOutage(error: string | null): boolean {
  return error === "temporarily_unavailable" || error === "server_error";
}

/** The provider knows no such client, or not by this secret (RFC 6749 §5.2). Salesforce: invalid_client_id. */
export function isClientError(error: string | null): boolean {
  return error !== null && /^invalid_client(_id|_credentials)?$/i.test(error);
}

/** Errors about the application at the provider, which the person cannot change. */
const clientErrors = new Set([
  "unauthorized_client",
  "invalid_request",
  "invalid_scope",
  "unsupported_response_type",
  "unsupported_grant_type",
  "request_not_supported",
]);

/** The latest time that a Date can hold. */
export const endOfTime = 8.64e15;

/** The end of the year 9999, in seconds, which some providers send for "never". A larger number is a time in milliseconds. */
const latestSeconds = 253_402_300_799;
/** Clocks may differ by a minute. */
const clockSkewMs = 60_000;

/**
 * A NumericDate in milliseconds. Claims that an administrator defines are texts at some providers. Null for anything else,
 * such as a time in milliseconds.
 */
export function timeOf(value: unknown): number | null {
  const seconds = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  return typeof seconds === "number" && seconds <= latestSeconds ? seconds * 1000 : null;
}

const notValid = "provider-answer-not-valid";

/** A tile on the provider's dashboard asks us to begin a sign-in. */
export const initiationRules: readonly OidcRule<{
  named: string | null;
  issuer: string;
  issuerAlias: string | null;
}>[] = [
  {
    id: "initiation-issuer",
    name: "The request names the connection's issuer",
    citation: "Core §4",
    reason: "issuer-not-expected",
    holds: ({ named, issuer, issuerAlias }) =>
      named !== null && [issuer, issuerAlias].some((known) => known && sameIssuer(named, known)),
    found: ({ named, issuer }) => `It named ${named ?? "none"}; this connection is for ${issuer}.`,
  },
];

/** Refuses a replayed callback. sso/test-sign-in.ts redirects a signed-in person to the application instead. */
const stateKnown: UsedSignInRule = "state-known";

/** The query with which the browser comes back. */
export const callbackRules: readonly OidcRule<{
  /** Names of parameters that are there more than once. */
  repeated: readonly string[];
  state: string | null;
  /** The sign-in that this browser began under the state. */
  pending: object | null;
  /** The provider's error, which is not known to be the provider's if there is no pending sign-in. */
  error: string | null;
}>[] = [
  {
    id: "parameters-once",
    name: "Each parameter is there once",
    citation: "RFC 6749 §3.1",
    reason: notValid,
    holds: ({ repeated }) => repeated.length === 0,
    found: ({ repeated }) => repeated.join(),
  },
  {
    id: "state-present",
    name: "There is a state",
    citation: "RFC 6749 §10.12",
    reason: "sign-in-not-started-here",
    holds: ({ state }) => state !== null && state !== "",
    found: ({ error }) => answered(error),
  },
  {
    id: stateKnown,
    name: "This browser began a sign-in with this state, which was not used before",
    citation: "RFC 6749 §10.12, RFC 9700 §4.7",
    reason: "sign-in-not-started-here",
    holds: ({ pending }) => pending !== null,
    found: ({ error }) => answered(error),
  },
];

/** The provider's answer in that query. */
export const answerRules: readonly OidcRule<{
  /** Of the answer (RFC 9207); null if it names none. */
  iss: string | null;
  /** Of the connection. */
  issuer: string;
  error: string | null;
}>[] = [
  {
    id: "answer-issuer",
    name: "The answer names the connection's issuer, or none",
    citation: "RFC 9207 §2.4",
    reason: "issuer-not-expected",
    holds: ({ iss, issuer }) => iss === null || iss === issuer,
    found: ({ iss, issuer }) => mismatch(issuer, iss),
  },
  {
    id: "provider-working",
    name: "The provider reports no outage",
    citation: "RFC 6749 §4.1.2.1",
    reason: "provider-unavailable",
    holds: ({ error }) => !isOutage(error),
    found: ({ error }) => answered(error),
  },
  {
    id: "client-known",
    name: "The provider knows the client",
    citation: "RFC 6749 §5.2, invalid_client",
    reason: "provider-client-refused",
    holds: ({ error }) => !isClientError(error),
    found: ({ error }) => answered(error),
  },
  {
    id: "client-permitted",
    name: "The provider lets this client ask for such a sign-in",
    citation: "RFC 6749 §4.1.2.1",
    reason: "provider-client-not-allowed",
    holds: ({ error }) => !clientErrors.has(String(error)),
    found: ({ error }) => answered(error),
  },
  {
    id: "provider-consents",
    name: "The provider let the person in",
    citation: "RFC 6749 §4.1.2.1",
    reason: "provider-refused",
    holds: ({ error }) =>
      error === null || isOutage(error) || isClientError(error) || clientErrors.has(error),
    found: ({ error }) => answered(error),
  },
];

/** The facts that decide how long a session may last. */
export interface SessionFacts {
  claims: Readonly<Record<string, unknown>>;
  /** How long ago the person may have signed in; null if that does not matter. */
  maxAgeSeconds: number | null;
  now: number;
}

interface TokenFacts extends SessionFacts {
  clientId: string;
  accessToken: string;
  /** The request to sign in again that the ID token answers; null if it was an ordinary request. */
  again: { sentAt: number; acrValues: string | null } | null;
}

/** The checks of an ID token that the libraries leave to us. */
export const claimRules: readonly OidcRule<TokenFacts>[] = [
  {
    id: "id-token-subject",
    name: "The ID token names a subject of at most 255 characters",
    citation: "Core §2",
    reason: notValid,
    holds: ({ claims: { sub } }) =>
      typeof sub === "string" && sub.trim() !== "" && sub.length <= 255 && !sub.includes("\0"),
  },
  {
    id: "id-token-authorized-party",
    name: "If the ID token names an authorized party, it is this client",
    citation: "Core §3.1.3.7, 5",
    reason: notValid,
    holds: ({ claims: { azp }, clientId }) => azp === undefined || azp === clientId,
    found: ({ claims: { azp }, clientId }) => mismatch(clientId, String(azp)),
  },
  {
    id: "id-token-access-token",
    name: "The ID token was issued with this access token",
    citation: "Core §3.1.3.8",
    reason: notValid,
    holds: ({ claims: { at_hash: hash }, accessToken }) =>
      hash === undefined || hash === halfHash(accessToken),
  },
  {
    id: "id-token-session-expiry",
    name: "If the ID token says when the session ends, that is a time",
    citation: "RFC 7519 §2, NumericDate",
    reason: notValid,
    holds: ({ claims: { session_expiry: end } }) => end == null || timeOf(end) !== null,
    found: ({ claims: { session_expiry: end } }) => mismatch("seconds since 1970", String(end)),
  },
  {
    id: "id-token-session-running",
    name: "If the ID token says when the session ends, that is in the future",
    citation: "IPSIE OpenID Connect SL1 Profile, session_expiry",
    reason: "provider-session-ended",
    holds: ({ claims: { session_expiry: end }, now }) => (timeOf(end) ?? endOfTime) > now,
    found: ({ claims: { session_expiry: end }, now }) => mismatch(`later than ${now / 1000}`, String(end)),
  },
  {
    id: "id-token-session-lifetime",
    name: "If the ID token gives the session a lifetime, that is a number of seconds",
    citation: "IPSIE OpenID Connect SL1 Profile, session_lifetime",
    reason: notValid,
    holds: ({ claims: { session_lifetime: lifetime } }) => lifetime == null || (timeOf(lifetime) ?? 0) > 0,
    found: ({ claims: { session_lifetime: lifetime } }) => mismatch("seconds", String(lifetime)),
  },
  {
    id: "id-token-auth-time",
    name: "If the connection asks for a recent sign-in, the ID token names its time, which is not ahead",
    citation: "Core §2, auth_time",
    reason: notValid,
    holds: ({ claims: { auth_time: at }, maxAgeSeconds, now }) =>
      !maxAgeSeconds || (timeOf(at) ?? Number.POSITIVE_INFINITY) <= now + clockSkewMs,
    found: ({ claims: { auth_time: at }, now }) =>
      mismatch(`seconds since 1970, until ${Math.floor((now + clockSkewMs) / 1000)}`, String(at)),
  },
  {
    id: "id-token-signed-in-again",
    name: "If the person had to sign in again, the ID token says that they did, after the request",
    citation: "Core §3.1.2.1, max_age: auth_time is required",
    reason: "not-signed-in-again",
    holds: ({ claims: { auth_time: at }, again }) =>
      again === null || (timeOf(at) ?? Number.NEGATIVE_INFINITY) >= again.sentAt - clockSkewMs,
    found: ({ claims: { auth_time: at }, again }) =>
      mismatch(`auth_time from ${Math.floor((again?.sentAt ?? 0) / 1000)}`, at == null ? null : String(at)),
  },
  {
    id: "id-token-class",
    name: "If the request named classes of authentication, the ID token has one of them",
    citation: "Core §2, acr; §3.1.2.1, acr_values",
    reason: "not-signed-in-again",
    holds: ({ claims: { acr }, again }) =>
      !again?.acrValues || again.acrValues.split(" ").includes(String(acr)),
    found: ({ claims: { acr }, again }) =>
      mismatch(String(again?.acrValues), acr == null ? null : String(acr)),
  },
  {
    id: "id-token-auth-age",
    name: "If the connection asks for a recent sign-in, the person signed in recently enough",
    citation: "Core §3.1.2.1, max_age; Core §3.1.3.7, 13",
    reason: "provider-session-ended",
    holds: ({ claims: { auth_time: at }, maxAgeSeconds, now }) =>
      !maxAgeSeconds || (timeOf(at) ?? now) + maxAgeSeconds * 1000 > now,
    found: ({ claims: { auth_time: at }, maxAgeSeconds, now }) =>
      mismatch(`later than ${now / 1000 - Number(maxAgeSeconds)}`, String(at)),
  },
];

/** The person whom the claims describe. */
export const identityRules: readonly OidcRule<{
  loginName: string | null;
  email: string | null;
  /** Labels of values that the database cannot hold. */
  unfit: readonly string[];
}>[] = [
  {
    id: "claims-fit",
    name: "The login name and the address have no NUL, and at most 500 characters",
    citation: "PostgreSQL stores no NUL, and an index has a limit",
    reason: notValid,
    holds: ({ unfit }) => unfit.length === 0,
    found: ({ unfit }) => unfit.join(),
  },
  {
    id: "profile-complete",
    name: "The claims name a login name and an address",
    citation: "config/attributes.ts",
    reason: "profile-incomplete",
    holds: ({ loginName, email }) => loginName !== null && email !== null,
  },
];

/** The provider's error code. Anyone can send one, so it is short and has no character that a code does not need. */
function answered(error: string | null): string | null {
  return error ? `it answered ${error.slice(0, 64).replace(/[^\w.:/-]/g, "?")}` : null;
}

function mismatch(expected: string, found: string | null): string {
  return `expected ${expected}, found ${found === null ? "nothing" : found.slice(0, 300)}`;
}

/** The left half of the SHA-256, as RS256 tokens carry it. */
function halfHash(text: string): string {
  return createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");
}
