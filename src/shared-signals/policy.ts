import type { Rule } from "policy-list/policy";
import type { SignalStream } from "../model.ts";
import type { TokenFinding } from "../trust/org-tokens.ts";
import type { SignalEvent } from "./events.ts";

/**
 * The policy of the receiver: every rule, in the order in which it is applied. "SSF" is the OpenID Shared Signals Framework
 * 1.0, "CAEP" its Continuous Access Evaluation Profile 1.0, "CAEP Interop" the profile of both.
 */
type SignalRule<Facts> = Rule<Facts, SignalRefusal>;

/**
 * How a refusal ends: a code of the registry "Security Event Token Error Codes" (RFC 8935 §2.4, SSF §8.1.4.1) with 400, or
 * one of the two that are about the request itself (routes.ts).
 */
export type SignalRefusal =
  | "invalid_request"
  | "invalid_key"
  | "invalid_issuer"
  | "invalid_audience"
  | "authentication_failed"
  | "access_denied"
  | "invalid_state"
  | "unauthorized"
  | "unavailable";

/** How deep the members of a SET may nest. The specifications' examples need six levels. */
const deepest = 16;
/** A transmitter's clock may be ahead by this time. */
const clockSkewMs = 5 * 60_000;
/**
 * How old a SET may be: longer than a paused stream or a broken network holds events back, and much longer than a session
 * lives. The ids of events are kept for as long (receive.ts), so no SET is ever acted on twice.
 */
export const oldestSetMs = 30 * 86_400_000;

/** Before the body is read. */
export const headerRules: readonly SignalRule<{ isKnown: boolean }>[] = [
  {
    id: "header-known",
    name: "The Authorization header is the one that the stream was created with",
    citation: "SSF §6.1.1, RFC 8935 §3",
    reason: "unauthorized",
    holds: ({ isKnown }) => isKnown,
  },
];

export const contentRules: readonly SignalRule<{ mediaType: string }>[] = [
  {
    id: "body-type",
    name: "The Content-Type is application/secevent+jwt",
    citation: "RFC 8935 §2.1",
    reason: "invalid_request",
    holds: ({ mediaType }) => mediaType === "application/secevent+jwt",
    found: ({ mediaType }) => mediaType,
  },
];

/** About the stream, before the SET is verified. */
export const streamRules: readonly SignalRule<{ isActive: boolean; isSetUp: boolean }>[] = [
  {
    id: "connection-active",
    name: "The connection is active",
    citation: "An administrator may switch it off",
    reason: "access_denied",
    holds: ({ isActive }) => isActive,
  },
  {
    id: "stream-set-up",
    name: "The stream's issuer, audience and keys are known",
    citation: "SSF §8.1.1.1",
    reason: "unavailable",
    holds: ({ isSetUp }) => isSetUp,
    found: () => "the stream is being set up",
  },
];

interface VerificationFacts {
  finding: TokenFinding | null;
}

function byLibrary(
  id: string,
  name: string,
  citation: string,
  reason: SignalRefusal,
): SignalRule<VerificationFacts> {
  return {
    id,
    name,
    citation,
    reason,
    holds: ({ finding }) => finding?.ruleId !== id,
    found: ({ finding }) => finding?.found ?? null,
  };
}

/** jose checks these. */
export const signatureRules: readonly SignalRule<VerificationFacts>[] = [
  byLibrary("keys-available", "The transmitter's keys can be read", "SSF §4.1.4", "unavailable"),
  byLibrary(
    "set-readable",
    "The body is one signed JWT, without critical headers that we do not know",
    "RFC 8417 §2.2, RFC 7515 §4.1.11",
    "invalid_request",
  ),
  byLibrary(
    "set-algorithm",
    "The signature is RS256 or better, and never none or HMAC",
    "CAEP Interop §2.6, RFC 8725 §3.1",
    "invalid_key",
  ),
  byLibrary(
    "set-key",
    "The transmitter publishes the key, which is strong enough",
    "SSF §4.1.4",
    "invalid_key",
  ),
  byLibrary("set-signature", "The key verifies the signature", "RFC 7515 §5.2", "authentication_failed"),
  byLibrary("set-type", "The type is secevent+jwt", "SSF §4.1.1, RFC 8725 §3.11", "invalid_request"),
];

/** The verified claims, and what the stream expects. */
export interface ClaimFacts {
  claims: Record<string, unknown>;
  expected: { issuer: string; audiences: readonly string[] };
  /** In ms since 1970. */
  now: number;
  /** The type URIs of the events. */
  types: readonly string[];
  event: SignalEvent;
}

function claimRule(
  id: string,
  name: string,
  citation: string,
  holds: (facts: ClaimFacts) => boolean,
  reason: SignalRefusal = "invalid_request",
): SignalRule<ClaimFacts> {
  return { id, name, citation, reason, holds };
}

export const claimRules: readonly SignalRule<ClaimFacts>[] = [
  claimRule("set-no-expiry", "There is no claim exp", "SSF §4.1.7", ({ claims }) => !("exp" in claims)),
  claimRule("set-no-subject", "There is no claim sub", "SSF §4.1.2", ({ claims }) => !("sub" in claims)),
  {
    ...claimRule(
      "set-issuer",
      "The issuer is the stream's transmitter",
      "SSF §4.1.6",
      ({ claims, expected }) => claims.iss === expected.issuer,
      "invalid_issuer",
    ),
    found: ({ claims, expected }) => differs(claims.iss, expected.issuer),
  },
  {
    ...claimRule(
      "set-audience",
      "The audience is the stream's",
      "SSF §4.1.8",
      ({ claims, expected }) =>
        [claims.aud].flat().some((one) => typeof one === "string" && expected.audiences.includes(one)),
      "invalid_audience",
    ),
    found: ({ claims, expected }) => differs(claims.aud, expected.audiences),
  },
  claimRule(
    "set-id",
    "The SET has an id",
    "RFC 8417 §2.2",
    ({ claims }) => typeof claims.jti === "string" && claims.jti !== "",
  ),
  {
    ...claimRule(
      "set-issued",
      "The SET was issued in the last 30 days, and is valid already",
      "RFC 8417 §2.2, RFC 7519 §4.1.5",
      ({ claims, now }) => isRecent(claims.iat, now) && !isAhead(claims.nbf, now),
    ),
    found: ({ claims: { iat, nbf } }) => JSON.stringify({ iat, nbf }).slice(0, 500),
  },
  claimRule("set-depth", `The SET nests at most ${deepest} levels deep`, "RFC 8259 §9", ({ claims }) =>
    isShallow(claims, deepest),
  ),
  {
    ...claimRule(
      "one-event",
      "The SET has exactly one event",
      "CAEP Interop §2.8.1, SSF §4.2.1",
      ({ types }) => types.length === 1,
    ),
    found: ({ types }) => `${types.length} events`,
  },
  claimRule(
    "event-name",
    "A URI names the event's type",
    "RFC 8417 §2.2",
    ({ types: [type = ""] }) => type.length <= 500 && URL.canParse(type) && !/[\0\s]/.test(type),
  ),
];

/** About the event. */
export const eventRules: readonly SignalRule<ClaimFacts & { stream: SignalStream }>[] = [
  {
    id: "event-members",
    name: "The event has the members that its type requires",
    citation: "RFC 8935 §2.4, CAEP §3.3.1",
    reason: "invalid_request",
    holds: ({ event }) => event.problem === null,
    found: ({ event }) => event.problem,
  },
  {
    id: "event-subject",
    name: "The event names a subject",
    citation: "SSF §3.1, RFC 9493 §3",
    reason: "invalid_request",
    holds: ({ event }) => !event.isAboutPerson || event.subject !== null,
  },
  {
    id: "event-stream",
    name: "An event about a stream is about this one",
    citation: "SSF §8.1.4.1, §8.1.5",
    reason: "invalid_request",
    holds: ({ event, stream }) => event.streamId === null || event.streamId === stream.providerStreamId,
  },
  {
    id: "subject-issuer",
    name: "The subject is one of the connection's org",
    citation: "RFC 9493 §3.2.3: another org's subjects are not this transmitter's to name",
    reason: "access_denied",
    holds: ({ event }) => event.isOfOrg,
  },
  {
    id: "stream-enabled",
    name: "The stream is not disabled, or the event is about the stream",
    citation: "SSF §8.1.2.1",
    reason: "access_denied",
    holds: ({ event, stream }) => event.isAboutStream || stream.status !== "disabled",
  },
];

/** In the transaction that stores the event. */
export const stateRules: readonly SignalRule<{ isExpected: boolean }>[] = [
  {
    id: "verification-state",
    name: "The state is that of the verification in flight",
    citation: "SSF §8.1.4.1",
    reason: "invalid_state",
    holds: ({ isExpected }) => isExpected,
  },
];

/** The rules that the inspector shows, in order. */
export const signalPolicy = [
  ...headerRules,
  ...contentRules,
  ...streamRules,
  ...signatureRules,
  ...claimRules,
  ...eventRules,
  ...stateRules,
] as const;

function differs(found: unknown, expected: unknown): string {
  return `${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`.slice(0, 500);
}

function isRecent(iat: unknown, now: number): boolean {
  return typeof iat === "number" && now - iat * 1000 <= oldestSetMs && !isAhead(iat, now);
}

function isAhead(time: unknown, now: number): boolean {
  return typeof time === "number" && time * 1000 - now > clockSkewMs;
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isShallow(member, levels - 1));
}
