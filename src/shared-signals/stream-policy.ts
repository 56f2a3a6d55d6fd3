import type { Rule } from "policy-list/policy";
import { sameIssuer } from "../trust/issuer-names.ts";
import { type OrgTokens, orgUnavailable } from "../trust/org-clients.ts";
import { eventTypes } from "./events.ts";

/**
 * The policy of setting up a stream: every rule, in the order in which it is applied. "SSF" is the OpenID Shared Signals
 * Framework 1.0.
 */
type StreamRule<Facts> = Rule<Facts, StreamRefusal>;

/** Why a step failed. stream-problems.ts says what to do about each. */
export type StreamRefusal =
  | "not-started-here"
  | "wrong-issuer"
  | "consent-refused"
  | "scopes-missing"
  | "grants-missing"
  | "client-refused"
  | "org-refused"
  | "org-unavailable"
  | "authorization-ended"
  | "no-transmitter"
  | "other-transmitter"
  | "endpoint-elsewhere"
  | "push-missing"
  | "stream-exists"
  | "stream-gone"
  | "too-soon"
  | "transmitter-refused"
  | "stream-not-valid"
  | "events-missing";

/** The scopes of Okta's API for streams. */
export const apiScopesForStreams = ["ssf.manage", "ssf.read"] as const;

/** offline_access asks for a refresh token, and is only defined together with openid (OpenID Connect Core §11). */
export const streamScopes = [...apiScopesForStreams, "openid", "offline_access"] as const;

export const pushDelivery = "urn:ietf:rfc:8935";

/** The events that a stream is created for. */
export const wantedEvents = [eventTypes.sessionRevoked, eventTypes.credentialChange];

/** Before the org is asked anything. */
export const pendingRules: readonly StreamRule<{ isPending: boolean }>[] = [
  {
    id: "signal-state-known",
    name: "This session asked the org for it, for this connection, and the answer is new",
    citation: "RFC 6749 §10.12",
    reason: "not-started-here",
    holds: ({ isPending }) => isPending,
  },
];

/** An answer to an authorization request, as the browser brings it. */
interface CallbackFacts {
  org: string;
  iss: string | null;
  /** Whether the org announces that it names itself. */
  namesIssuer: boolean;
  error: string | null;
}

export const callbackRules: readonly StreamRule<CallbackFacts>[] = [
  {
    id: "signal-issuer-named",
    name: "An org that announces it names itself in its answer",
    citation: "RFC 9207 §2.4",
    reason: "wrong-issuer",
    holds: ({ iss, namesIssuer }) => iss !== null || !namesIssuer,
  },
  {
    id: "signal-issuer-expected",
    name: "The issuer of the answer is the connection's org",
    citation: "RFC 9207 §2.4",
    reason: "wrong-issuer",
    holds: ({ iss, org }) => iss === null || iss === org,
    found: ({ iss, org }) => `expected ${org}, found ${shortened(iss)}`,
  },
  refusedBy("consent-given", "The administrator consents", "consent-refused", ["access_denied"]),
  refusedBy("scopes-allowed", "The org allows the scopes for this client", "scopes-missing", [
    "invalid_scope",
  ]),
  refusedBy("code-allowed", "The org lets this client ask for a code", "grants-missing", [
    "unauthorized_client",
    "unsupported_response_type",
  ]),
  {
    id: "authorization-given",
    name: "The org answers with a code",
    citation: "RFC 6749 §4.1.2",
    reason: "org-refused",
    holds: ({ error }) => error === null,
    found: ({ error }) => shortened(error),
  },
];

function refusedBy(
  id: string,
  name: string,
  reason: StreamRefusal,
  errors: readonly string[],
): StreamRule<CallbackFacts> {
  return {
    id,
    name,
    citation: "RFC 6749 §4.1.2.1",
    reason,
    holds: ({ error }) => error === null || !errors.includes(error),
    found: ({ error }) => error,
  };
}

/** An answer of the token endpoint: tokens, or the code of an error. */
export interface OrgGrantFacts {
  code: string | null;
  found: string | null;
  tokens: OrgTokens | null;
}

/** For a code and for a refresh token. */
export const grantRules: readonly StreamRule<OrgGrantFacts>[] = [
  grantRule("org-available", "The org answers", "org-unavailable", [orgUnavailable]),
  grantRule("signal-client-accepted", "The org accepts the client ID and the secret", "client-refused", [
    "invalid_client",
  ]),
  grantRule("grant-allowed", "The org lets this client use the grant", "grants-missing", [
    "unauthorized_client",
    "unsupported_grant_type",
  ]),
  grantRule("grant-scopes", "The org allows the scopes of the grant", "scopes-missing", ["invalid_scope"]),
  grantRule("grant-valid", "The code or the refresh token is valid", "authorization-ended", [
    "invalid_grant",
  ]),
  {
    id: "grant-answered",
    name: "The org answers with an access token",
    citation: "RFC 6749 §5.1",
    reason: "org-refused",
    holds: ({ tokens }) => tokens !== null,
    found: ({ found }) => found,
  },
  {
    id: "grant-complete",
    name: "The access token has both scopes for streams",
    citation: "RFC 6749 §5.1, Okta: SSF Transmitter",
    reason: "scopes-missing",
    holds: ({ tokens }) => apiScopesForStreams.every((scope) => tokens?.scopes.includes(scope)),
    found: ({ tokens }) => `granted: ${shortened(tokens?.scopes.join(" "))}`,
  },
];

function grantRule(
  id: string,
  name: string,
  reason: StreamRefusal,
  codes: readonly string[],
): StreamRule<OrgGrantFacts> {
  return {
    id,
    name,
    citation: "RFC 6749 §5.2",
    reason,
    holds: ({ code }) => code === null || !codes.includes(code),
    found: ({ found }) => found,
  };
}

/** Only for a code: a refresh need not give another refresh token. */
export const consentRules: readonly StreamRule<OrgGrantFacts>[] = [
  {
    id: "refresh-token-given",
    name: "The org gives a refresh token",
    citation: "RFC 6749 §1.5, OpenID Connect Core §11",
    reason: "grants-missing",
    holds: ({ tokens }) => tokens?.refreshToken != null,
  },
];

/** The metadata of the org's transmitter; null if it publishes none that can be read. */
export interface TransmitterFacts {
  /** The names of the connection's org. */
  orgs: readonly string[];
  found: {
    issuer: string;
    deliveryMethods: readonly string[] | null;
    endpoints: readonly string[];
  } | null;
}

export const transmitterRules: readonly StreamRule<TransmitterFacts>[] = [
  {
    id: "transmitter-readable",
    name: "The org publishes the metadata of a transmitter",
    citation: "SSF §7.1",
    reason: "no-transmitter",
    holds: ({ found }) => found !== null,
  },
  {
    id: "transmitter-issuer",
    name: "The transmitter's issuer is the connection's org",
    citation: "SSF §7.2.3",
    reason: "other-transmitter",
    holds: ({ found, orgs }) => found !== null && orgs.some((org) => sameIssuer(org, found.issuer)),
    found: ({ found, orgs }) => `expected ${orgs.join(" or ")}, found ${shortened(found?.issuer)}`,
  },
  {
    id: "transmitter-endpoints",
    name: "The endpoints that get the access token are at the org",
    citation: "A metadata document must not send the access token elsewhere",
    reason: "endpoint-elsewhere",
    holds: ({ found, orgs }) =>
      found?.endpoints.every((one) => orgs.some((org) => originOf(org) === originOf(one))) ?? false,
    found: ({ found }) => shortened(found?.endpoints.join(", ")),
  },
  {
    id: "transmitter-push",
    name: "The transmitter delivers by push",
    citation: "RFC 8935, SSF §7.1",
    reason: "push-missing",
    holds: ({ found }) => found?.deliveryMethods?.includes(pushDelivery) ?? true,
  },
];

/** The status of an answer of the transmitter; null if there was none. */
export interface StreamCallFacts {
  status: number | null;
  found: string | null;
}

export const streamCallRules: readonly StreamRule<StreamCallFacts>[] = [
  callRule("transmitter-available", "The transmitter answers", "org-unavailable", (status) => status >= 500),
  callRule("call-due", "The transmitter accepts another call now", "too-soon", (status) => status === 429),
  callRule("call-authorized", "The transmitter accepts the access token", "scopes-missing", (status) =>
    [401, 403].includes(status),
  ),
  callRule("stream-free", "The client has no other stream", "stream-exists", (status) => status === 409),
  callRule("stream-known", "The transmitter knows the stream", "stream-gone", (status) => status === 404),
  callRule(
    "call-accepted",
    "The transmitter accepts the call",
    "transmitter-refused",
    (status) => status < 200 || status > 299,
  ),
];

function callRule(
  id: string,
  name: string,
  reason: StreamRefusal,
  isRefusal: (status: number) => boolean,
): StreamRule<StreamCallFacts> {
  return {
    id,
    name,
    citation: "SSF §8.1",
    reason,
    // No answer at all is an outage: 503.
    holds: ({ status }) => !isRefusal(status ?? 503),
    found: ({ status, found }) => found ?? `the status ${status}`,
  };
}

/** The configuration of a stream, as the transmitter answers it. */
export interface StreamAnswer {
  streamId: string;
  issuer: string;
  audiences: readonly string[];
  method: string;
  endpoint: string;
  eventsDelivered: readonly string[];
}

/** A created or changed stream, and what it has to be. */
export interface StreamFacts {
  /** The one to change; null if any id is right, because the stream is new. */
  expectedId: string | null;
  issuer: string;
  endpoint: string;
  /** Null if the answer cannot be read. */
  answer: StreamAnswer | null;
}

export const streamAnswerRules: readonly StreamRule<StreamFacts>[] = [
  {
    id: "stream-readable",
    name: "The transmitter answers with a stream that has an id and an audience",
    citation: "SSF §8.1.1",
    reason: "stream-not-valid",
    holds: ({ answer }) => answer !== null && answer.audiences.length > 0,
  },
  {
    id: "stream-id",
    name: "The stream is the one that was to be changed",
    citation: "SSF §8.1.1.3",
    reason: "stream-not-valid",
    holds: ({ answer, expectedId }) => expectedId === null || answer?.streamId === expectedId,
  },
  {
    id: "stream-issuer",
    name: "The stream's issuer is the transmitter's",
    citation: "SSF §8.1.1.1",
    reason: "stream-not-valid",
    holds: ({ answer, issuer }) => answer?.issuer === issuer,
    found: ({ answer, issuer }) => `expected ${issuer}, found ${shortened(answer?.issuer)}`,
  },
  {
    id: "stream-delivery",
    name: "The stream pushes to our address",
    citation: "SSF §8.1.1.1, RFC 8935",
    reason: "stream-not-valid",
    holds: ({ answer, endpoint }) => answer?.method === pushDelivery && answer.endpoint === endpoint,
    found: ({ answer }) => shortened(answer?.endpoint),
  },
  {
    id: "stream-events",
    name: "The transmitter delivers both events",
    citation: "SSF §8.1.1, CAEP §3.1, §3.3",
    reason: "events-missing",
    holds: ({ answer }) => wantedEvents.every((event) => answer?.eventsDelivered.includes(event)),
    found: ({ answer }) => `delivered: ${shortened(answer?.eventsDelivered.join(" "))}`,
  },
];

/** Every rule of setting up a stream, which the inspector and the documents show. */
export const streamPolicy = {
  callback: [...pendingRules, ...callbackRules],
  grant: [...grantRules, ...consentRules],
  transmitter: transmitterRules,
  call: streamCallRules,
  stream: streamAnswerRules,
} as const;

function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null;
}

function shortened(value: unknown): string {
  return String(value ?? "nothing").slice(0, 300);
}
