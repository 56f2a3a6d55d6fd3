/**
 * Calls to the provider through openid-client and jose: the rules that they check for us, and the rule that one of their
 * errors is about. Such a rule holds unless an error is about it.
 */
import { ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from "openid-client";
import { InvalidError } from "../errors.ts";
import { answerStatusOf } from "../trust/openid-providers.ts";
import { isClientError, type OidcRule } from "./sign-in-rules.ts";

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

/** A call to the provider through a library: the rules that its errors can break. */
export interface ProviderCall {
  rules: readonly OidcRule<Findings>[];
  /** The rule for an outage. */
  outage: string;
  /** The rule for an OAuth error of the provider, or for a refusal without one. */
  refusal: string | ((error: unknown) => string);
  /** The rule for everything else. */
  otherwise: string;
}

export const discoveryCall: ProviderCall = {
  rules: discoveryRules,
  outage: "discovery-available",
  refusal: "discovery-valid",
  otherwise: "discovery-valid",
};
export const grantCall: ProviderCall = {
  rules: grantRules,
  outage: "token-endpoint-available",
  refusal: grantRefusal,
  otherwise: "id-token-complete",
};
export const signatureCall: ProviderCall = {
  rules: signatureRules,
  outage: "keys-available",
  refusal: "id-token-signature",
  otherwise: "id-token-signature",
};
export const userInfoCall: ProviderCall = {
  rules: userInfoRules,
  outage: "userinfo-available",
  refusal: "userinfo-accepted",
  otherwise: "userinfo-accepted",
};

/** The rules about a claim, by the `claim` or `attribute` that the libraries attach to their errors. */
const claimRuleIds: Record<string, string> = {
  exp: "id-token-expiry",
  nbf: "id-token-not-before",
  iss: "id-token-issuer",
  aud: "id-token-audience",
  // openid-client looks at azp only if there are several audiences.
  azp: "id-token-audience",
  nonce: "id-token-nonce",
  iat: "id-token-fresh",
  sub: "userinfo-subject",
};

/** The rule that an error is about; null if the provider did not cause the error. */
export function findingOf(call: ProviderCall, error: unknown): ProviderFinding | null {
  const chain = chainOf(error);
  const found = descriptionOf(error, chain);
  if (isOutage(error, chain)) return { ruleId: call.outage, found };
  if (!isOfLibrary(error)) return null;
  if (isRefusal(error)) {
    const ruleId = typeof call.refusal === "string" ? call.refusal : call.refusal(error);
    return { ruleId, found };
  }
  const { claim, attribute, expected, claims } = detailsOf(chain);
  const ruleId = claimRuleIds[String(claim ?? attribute)];
  if (!ruleId || !call.rules.some(({ id }) => id === ruleId)) return { ruleId: call.otherwise, found };
  // Don't leak the expected nonce.
  if (claim === "nonce" || expected === undefined || !claims) return { ruleId, found };
  const value = claims[String(claim)];
  return {
    ruleId,
    found: `expected ${expected}, found ${value === undefined ? "nothing" : shortened(value)}`,
  };
}

function isRefusal(error: unknown): boolean {
  if (error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError) return true;
  return answerStatusOf(error) === 401;
}

/**
 * Whether the token endpoint refused the client and not the code. RFC 6749 §5.2 reserves 401 for that, with a challenge or
 * without one. Some providers then name another code: Keycloak unauthorized_client, Auth0 access_denied.
 */
export function isClientRefused(error: unknown): boolean {
  if (error instanceof ResponseBodyError && isClientError(error.error)) return true;
  return answerStatusOf(error) === 401;
}

/** The rule that a refusal of the token endpoint breaks. */
function grantRefusal(error: unknown): string {
  if (isClientRefused(error)) return "client-accepted";
  if (!(error instanceof ResponseBodyError)) return "code-accepted";
  const { error: code, error_description: description = "" } = error;
  // Most providers say invalid_grant, and only their description names the redirect URI.
  if (code === "redirect_uri_mismatch" || /redirect.?ur[il]/i.test(description)) return "redirect-accepted";
  const isNotAllowed = ["unauthorized_client", "unsupported_grant_type", "invalid_scope"].includes(code);
  return isNotAllowed ? "client-authorized" : "code-accepted";
}

const codeRefused =
  "It did not accept the code of this sign-in, which works once and for a short time. Start again from the sign-in page.";

/** A sentence for the error page, where the reason's own text does not say what the person can do. */
export function helpFor({ ruleId, found }: ProviderFinding): { detail?: string } {
  return ruleId === "code-accepted" && found.includes("invalid_grant") ? { detail: codeRefused } : {};
}

/** guardedRequest() did not reach the provider, or the provider says that it cannot serve us now. */
function isOutage(error: unknown, chain: readonly unknown[]): boolean {
  if (chain.some((one) => one instanceof InvalidError)) return true;
  // openid-client reads an OAuth error from a status of 400 to 499 only.
  if (error instanceof ResponseBodyError) return error.status === 429;
  if (!(error instanceof ClientError) || !(error.cause instanceof Response)) return false;
  return error.cause.status >= 500 || error.cause.status === 429;
}

/** jose's codes are like ERR_JWS_SIGNATURE_VERIFICATION_FAILED; those of oauth4webapi begin with OAUTH_. */
function isOfLibrary(error: unknown): boolean {
  if (error instanceof ResponseBodyError || error instanceof ClientError) return true;
  return /^(ERR_J|OAUTH_)/.test(String(Object(error).code ?? ""));
}

function descriptionOf(error: unknown, chain: readonly unknown[]): string {
  if (error instanceof ResponseBodyError) {
    const { status, error: code, error_description: description } = error;
    return [status, code, description].filter(Boolean).join(" ");
  }
  if (error instanceof WWWAuthenticateChallengeError)
    return [error.status, ...challengesIn(error)].filter(Boolean).join(" ");
  return String(Object(chain.findLast((one) => one instanceof Error)).message ?? error);
}

/** An OAuth error carries its code in a field that the log would not show. */
export function causeOf(error: unknown): unknown {
  if (error instanceof WWWAuthenticateChallengeError) {
    const [code = ""] = challengesIn(error);
    return new Error(`the provider answered ${error.status} ${code.slice(0, 100)}`.trim());
  }
  if (!(error instanceof ResponseBodyError)) return error;
  return new Error(`the provider answered ${error.status} ${error.error.slice(0, 100)}`);
}

/** The code and the description of the first challenge that has them (RFC 6750 §3). */
function challengesIn({ cause }: WWWAuthenticateChallengeError): string[] {
  const found = cause.map(({ parameters }) => [parameters.error, parameters.error_description]);
  return (found.find(([code]) => code !== undefined) ?? []).filter((text) => text !== undefined);
}

/** Details that the libraries attach to their errors, or to a cause of them. */
interface ErrorDetails {
  claim?: unknown;
  attribute?: unknown;
  expected?: unknown;
  claims?: Record<string, unknown>;
}

function detailsOf(chain: readonly unknown[]): ErrorDetails {
  const all: ErrorDetails[] = chain.map(Object);
  return all.find(({ claim, attribute }) => claim !== undefined || attribute !== undefined) ?? {};
}

function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let current = error; current && chain.length < 5; current = Object(current).cause) chain.push(current);
  return chain;
}

function shortened(value: unknown): string {
  return String(value).slice(0, 300);
}
