import { ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from "openid-client";
import type { Rule } from "policy-list/policy";
import { InvalidError, type RefusalReason } from "../errors.ts";
import { discoveryRules, grantRules, type ProviderFinding, signatureRules, userInfoRules } from "./policy.ts";

/** A call to the provider through a library: the rules that its errors can break. */
export interface ProviderCall {
  rules: readonly Rule<{ finding: ProviderFinding | null }, RefusalReason>[];
  /** The rule for an outage. */
  outage: string;
  /** The rule for an OAuth error of the provider. */
  refusal: string;
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
  refusal: "code-accepted",
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
  if (error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError)
    return { ruleId: call.refusal, found };
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
  if (error instanceof WWWAuthenticateChallengeError) return `${error.status}`;
  return String(Object(chain.findLast((one) => one instanceof Error)).message ?? error);
}

/** An OAuth error carries its code in a field that the log would not show. */
export function causeOf(error: unknown): unknown {
  if (!(error instanceof ResponseBodyError)) return error;
  return new Error(`the provider answered ${error.status} ${error.error.slice(0, 100)}`);
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
