import { createHash } from "node:crypto";
import type { Rule } from "policy-list/policy";
import type { RefusalReason } from "../errors.ts";
import { connectionActive, type UsedSignInRule } from "../sso/connection.ts";
import { sameIssuer } from "../trust/issuer-names.ts";
import { clientErrors, isClientError, isOutage } from "./error-codes.ts";
import { clockSkewMs, endOfTime, timeOf } from "./times.ts";

/**
 * The policy of a sign-in by OpenID Connect: every rule, in the order in which it is applied. openid-client and jose check
 * some rules for us; such a row holds unless their error is about it. "Core" is OpenID Connect Core 1.0.
 */
type OidcRule<Facts> = Rule<Facts, RefusalReason>;

/** A fault that the network, openid-client or jose found, and the rule that it is about. */
export interface ProviderFinding {
  ruleId: string;
  found: string;
}

interface Findings {
  finding: ProviderFinding | null;
}

function byLibrary(row: Omit<OidcRule<Findings>, "holds" | "found">): OidcRule<Findings> {
  return {
    ...row,
    holds: ({ finding }) => finding?.ruleId !== row.id,
    found: ({ finding }) => finding?.found ?? null,
  };
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

export const discoveryRules: readonly OidcRule<Findings>[] = [
  byLibrary({
    id: "discovery-available",
    name: "The provider's discovery document can be read",
    citation: "OpenID Connect Discovery §4",
    reason: "provider-unavailable",
  }),
  byLibrary({
    id: "discovery-valid",
    name: "The discovery document is valid and names the connection's issuer",
    citation: "OpenID Connect Discovery §4.3",
    reason: notValid,
  }),
];

/** The rule that a callback breaks that was used before: sso/test-sign-in.ts sends a signed-in person on. */
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

/** The token request, and what openid-client checks of the ID token. */
export const grantRules: readonly OidcRule<Findings>[] = [
  byLibrary({
    id: "token-endpoint-available",
    name: "The provider's token endpoint can be reached",
    citation: "RFC 6749 §3.2",
    reason: "provider-unavailable",
  }),
  byLibrary({
    id: "client-accepted",
    name: "The provider accepts the client ID and the client secret",
    citation: "RFC 6749 §5.2, invalid_client",
    reason: "provider-client-refused",
  }),
  byLibrary({
    id: "client-authorized",
    name: "The provider lets this client redeem a code",
    citation: "RFC 6749 §5.2, unauthorized_client",
    reason: "provider-client-not-allowed",
  }),
  byLibrary({
    id: "redirect-accepted",
    name: "The provider knows the redirect URI",
    citation: "RFC 6749 §4.1.3",
    reason: "provider-redirect-refused",
  }),
  byLibrary({
    id: "code-accepted",
    name: "The provider accepts the code and the PKCE verifier",
    citation: "RFC 6749 §5.2, RFC 7636 §4.6",
    reason: notValid,
  }),
  byLibrary({
    id: "id-token-complete",
    name: "The response holds an access token and an ID token for RS256, with every required claim",
    citation: "Core §3.1.3.3, §2",
    reason: notValid,
  }),
  byLibrary({
    id: "id-token-expiry",
    name: "The ID token has not expired",
    citation: "Core §3.1.3.7, 9",
    reason: notValid,
  }),
  byLibrary({
    id: "id-token-not-before",
    name: "The ID token is valid already",
    citation: "RFC 7519 §4.1.5",
    reason: notValid,
  }),
  byLibrary({
    id: "id-token-issuer",
    name: "The ID token's issuer is the connection's",
    citation: "Core §3.1.3.7, 2",
    reason: notValid,
  }),
  byLibrary({
    id: "id-token-audience",
    name: "The ID token's audience is this client",
    citation: "Core §3.1.3.7, 3",
    reason: notValid,
  }),
  byLibrary({
    id: "id-token-nonce",
    name: "The ID token has the nonce of this sign-in",
    citation: "Core §3.1.3.7, 11",
    reason: notValid,
  }),
];

/** openid-client trusts TLS for the signature; we verify it, with jose. */
export const signatureRules: readonly OidcRule<Findings>[] = [
  byLibrary({
    id: "keys-available",
    name: "The provider's signing keys can be read",
    citation: "Core §10.1.1",
    reason: "provider-unavailable",
  }),
  byLibrary({
    id: "id-token-signature",
    name: "A key that the issuer publishes verifies the ID token's signature",
    citation: "Core §3.1.3.7, 6",
    reason: notValid,
  }),
  byLibrary({
    id: "id-token-fresh",
    name: "The ID token was issued in the last ten minutes",
    citation: "Core §3.1.3.7, 10",
    reason: notValid,
  }),
];

/** The facts that decide how long a session may last. */
export interface SessionFacts {
  claims: Readonly<Record<string, unknown>>;
  /** How long ago the person may have signed in; null if that does not matter. */
  maxAgeSeconds: number | null;
  now: number;
}

/** The checks of an ID token that the libraries leave to us. */
export const claimRules: readonly OidcRule<SessionFacts & { clientId: string; accessToken: string }>[] = [
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

export const userInfoRules: readonly OidcRule<Findings>[] = [
  byLibrary({
    id: "userinfo-available",
    name: "The provider's UserInfo endpoint can be reached",
    citation: "Core §5.3",
    reason: "provider-unavailable",
  }),
  byLibrary({
    id: "userinfo-accepted",
    name: "The provider answers the UserInfo request with claims",
    citation: "Core §5.3.2",
    reason: notValid,
  }),
  byLibrary({
    id: "userinfo-subject",
    name: "UserInfo is about the subject of the ID token",
    citation: "Core §5.3.2",
    reason: notValid,
  }),
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

/** The rules by the message to which the inspector and the tests assign them. */
export const oidcPolicy = {
  login: [connectionActive, ...discoveryRules],
  initiate: [connectionActive, ...initiationRules, ...discoveryRules],
  callback: [...discoveryRules, ...callbackRules, connectionActive, ...answerRules],
  token: [...grantRules, ...signatureRules, ...claimRules],
  userInfo: userInfoRules,
  identity: identityRules,
} as const;

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
