import type { SignalShape } from "./state.ts";

const caep = "https://schemas.openid.net/secevent/caep/event-type/";
const ssf = "https://schemas.openid.net/secevent/ssf/event-type/";

/** The types of events, by their URIs. */
export const eventTypes = {
  sessionRevoked: `${caep}session-revoked`,
  credentialChange: `${caep}credential-change`,
  verification: `${ssf}verification`,
  streamUpdated: `${ssf}stream-updated`,
} as const;

/** The events that Okta transmits. */
export const supportedEvents: readonly string[] = [eventTypes.sessionRevoked, eventTypes.credentialChange];

/** An event of Okta's System Log that becomes a signal. */
interface SignalSource {
  type: string;
  reason: string;
  /** Further members of the event. */
  details: Record<string, string>;
}

function credential(type: string, change: string, friendlyName: string, reason: string): SignalSource {
  const details = { credential_type: type, change_type: change, friendly_name: friendlyName };
  return { type: eventTypes.credentialChange, reason, details };
}

/** Okta: "SSF Transmitter SET payload structures". The stand-in can cause these five of its events. */
const sources = {
  "user.session.end": { type: eventTypes.sessionRevoked, reason: "The session ended", details: {} },
  "user.mfa.factor.activate": credential(
    "OKTA_VERIFY_PUSH",
    "create",
    "OKTA_VERIFY_PUSH",
    "A factor was activated",
  ),
  "user.mfa.factor.reset_all": credential("ALL_FACTORS", "revoke", "ALL_FACTORS", "All factors were reset"),
  "user.account.reset_password": credential(
    "password",
    "revoke",
    "PASSWORD_AS_FACTOR",
    "The password was reset",
  ),
  "user.account.update_password": credential(
    "password",
    "revoke",
    "PASSWORD_AS_FACTOR",
    "The password was changed",
  ),
} satisfies Record<string, SignalSource>;

export type SignalCause = keyof typeof sources;

/** A person to whom something happened. */
export interface SignalSubject {
  issuer: string;
  /** The person's id in the org. */
  sub: string;
}

/** An event that a SET carries. */
export interface OrgSignal {
  type: string;
  /** The members of the SET apart from `iss`, `aud`, `iat` and `jti`. */
  claims: Record<string, unknown>;
}

/**
 * The event about a person. Okta writes the subject inside the event, and wraps it in `user` for session-revoked; the final
 * specifications have `sub_id` at the top, and the time in seconds (SSF 1.0 §3.1, CAEP 1.0 §2).
 */
export function eventAbout(
  cause: SignalCause,
  { issuer, sub }: SignalSubject,
  initiator: "admin" | "user",
  shape: SignalShape,
): OrgSignal {
  const { type, reason, details } = sources[cause];
  const subject = { format: "iss_sub", iss: issuer, sub };
  const about = { ...details, initiating_entity: initiator, reason_admin: { en: reason } };
  if (shape === "final") {
    const event = { ...about, event_timestamp: Math.floor(Date.now() / 1000) };
    return { type, claims: { sub_id: subject, events: { [type]: event } } };
  }
  const inside = type === eventTypes.sessionRevoked ? { user: subject } : subject;
  return { type, claims: { events: { [type]: { subject: inside, ...about, event_timestamp: Date.now() } } } };
}

/** The event about a stream itself (SSF 1.0 §8.1.4.1, §8.1.5). */
export function eventAboutStream(type: string, streamId: string, members: Record<string, string>): OrgSignal {
  return { type, claims: { sub_id: { format: "opaque", id: streamId }, events: { [type]: members } } };
}
