/**
 * The domain's errors. None knows HTTP: each room maps them once, at its edge (SCIM to an error body, web/ to a page). Any
 * other error is a bug: 500.
 */
import { judge, type Rule, RuleBrokenError } from "policy-list/policy";

/** The named thing does not exist, or belongs to another tenant. The two cases look the same on purpose. */
export class NotFoundError extends Error {
  override name = "NotFoundError";
}

/** The request conflicts with stored data. `code` is stable and safe to show. */
export class ConflictError extends Error {
  override name = "ConflictError";
  readonly code: ConflictCode;
  constructor(code: ConflictCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type ConflictCode =
  | "slug-taken"
  | "domain-taken"
  | "login-name-taken"
  | "group-name-taken"
  | "identity-taken"
  | "key-taken"
  | "stream-exists"
  | "source-name-taken"
  | "local-account"
  | "other-source"
  | "last-owner"
  | "not-an-administrator"
  | "owners-only"
  | "owner-protected"
  | "yourself"
  | "not-just-in-time"
  | "too-many-secrets"
  | "too-many-keys"
  | "last-secret"
  | "client-exists"
  | "domain-claimed"
  | "provider-decides"
  | "second-step-required"
  | "stale";

/** A value is not acceptable. The message says which and why, to the person who entered it. */
export class InvalidError extends Error {
  override name = "InvalidError";
}

/** An address that someone else chose does not answer for now: no connection, an error of its server, or its rate limit. */
export class OutageError extends InvalidError {}

/** The person is known, but may not do this. The message says what is missing; `next` says who can give it. */
export class ForbiddenError extends Error {
  override name = "ForbiddenError";
  readonly next: string;
  constructor(message: string, next: string) {
    super(message);
    this.next = next;
  }
}

/** Lists every missing or wrong configuration variable, one per line, and never a value. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** A sign-in was understood and refused. Pages may show `reason` and `detail`, but never `cause`. */
export class RefusedError extends Error {
  override name = "RefusedError";
  readonly reason: RefusalReason;
  /** Help that the page may add for the person; null if there is none. */
  readonly detail: string | null;
  /** The policy rule that refused, and what it found instead; null if no rule did. */
  readonly broken: BrokenRule | null;
  /** Whether the refusal is already in the tenant's activity. */
  recorded = false;
  constructor(
    reason: RefusalReason,
    detail: string | null = null,
    options: ErrorOptions & { broken?: BrokenRule } = {},
  ) {
    super(`sign-in refused: ${reason}`, options);
    this.reason = reason;
    this.detail = detail;
    this.broken = options.broken ?? null;
  }
}

/** A rule of a policy that did not hold. */
export interface BrokenRule {
  ruleId: string;
  /** The expected and the actual value; null if the rule's name says enough. */
  found: string | null;
}

/** The rule that an error says was broken; null for any other error. */
export function brokenRuleIn(error: unknown): BrokenRule | null {
  return error instanceof RuleBrokenError ? { ruleId: error.rule.id, found: error.found } : null;
}

interface RefusalOptions {
  /** The error behind the refusal, for the log. Without it, the log says which rule broke and what was found. */
  cause?: unknown;
  /** A sentence that the error page may add; see RefusedError. */
  detail?: string;
}

/** Applies a policy to a sign-in. Throws RefusedError with the reason and the id of the first rule that does not hold. */
export function judgeSignIn<Facts>(
  rules: readonly Rule<Facts, RefusalReason>[],
  facts: Facts,
  options: RefusalOptions = {},
): void {
  try {
    judge(rules, facts);
  } catch (error) {
    throw refusalOf(error, options);
  }
}

/** The refusal that a broken rule means; any other error as it is. */
export function refusalOf(error: unknown, { cause, detail }: RefusalOptions = {}): unknown {
  if (!(error instanceof RuleBrokenError)) return error;
  const { rule, found, message } = error as RuleBrokenError<RefusalReason>;
  const options = { cause: cause ?? message, broken: { ruleId: rule.id, found } };
  return new RefusedError(rule.reason, detail ?? null, options);
}

export const refusalReasons = [
  "account-conflict",
  "owner-not-approved",
  "connection-not-active",
  "just-in-time-off",
  "user-deleted",
  "user-inactive",
  "user-blocked",
  "bad-credentials",
  "second-step-not-valid",
  "single-sign-on-required",
  "link-not-valid",
  "sign-in-not-started-here",
  "provider-refused",
  "provider-unavailable",
  "provider-answer-not-valid",
  "provider-client-refused",
  "provider-client-not-allowed",
  "provider-redirect-refused",
  "provider-session-ended",
  "not-signed-in-again",
  "signed-in-as-another",
  "issuer-not-expected",
  "profile-incomplete",
  "login-name-not-valid",
  // SAML {
  // Why a SAML response was refused (docs/explanation/saml.md).
  "saml-malformed",
  "saml-not-a-sign-in",
  "saml-doctype",
  "saml-comment",
  "saml-duplicate-id",
  "saml-version",
  "saml-status",
  "saml-assertion-count",
  "saml-signature-missing",
  "saml-signature-not-valid",
  "saml-sha1",
  "saml-algorithm",
  "saml-encryption",
  "saml-issuer",
  "saml-destination",
  "saml-recipient",
  "saml-audience",
  "saml-expired",
  "saml-not-yet-valid",
  "saml-conditions",
  "saml-confirmation",
  "saml-subject",
  "saml-request-unknown",
  "saml-unsolicited",
  "saml-replayed",
  // SAML }
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** The database is unreachable, too busy, or cannot write. A commit that was cut off may have been made. */
export class UnavailableError extends Error {
  override name = "UnavailableError";
}
