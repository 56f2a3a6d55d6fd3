import type { AccessEvent, RiskCause } from "../directory/access-events.ts";
import type { ClaimedMessage } from "../store/outbox.ts";

/** Prefixes of the event types. */
const caep = "https://schemas.openid.net/secevent/caep/event-type";
const okta = "https://schemas.okta.com/secevent/okta/event-type";

/** An event of a security event token: its type, and what it says beyond the subject and the time. */
interface SentEvent {
  type: string;
  /** CAEP 1.0 §2: `initiating_entity` is admin, user, policy or system; the reasons are objects by language. */
  claims: {
    initiating_entity: "admin" | "user" | "policy" | "system";
    reason_admin: { en: string };
    reason_user?: { en: string };
    previous_level?: string;
    current_level?: string;
  };
}

/** Texts about a change of risk, for administrators and for the person. */
const riskReasons: Record<RiskCause, Pick<SentEvent["claims"], "reason_admin" | "reason_user">> = {
  blocked: {
    reason_admin: { en: "An administrator of the application blocked the person." },
    reason_user: { en: "An administrator blocked your account in the application." },
  },
  unblocked: {
    reason_admin: { en: "An administrator of the application unblocked the person." },
    reason_user: { en: "Your account in the application is no longer blocked." },
  },
  refused: {
    reason_admin: { en: "The application refused several sign-ins of the person in a short time." },
    reason_user: { en: "The application refused several of your sign-ins." },
  },
};

/** The names of the events on pages. */
export const sentEventNames: Record<AccessEvent["event"], string> = {
  "session-began": "Session established",
  "sessions-ended": "Session revoked",
  "risk-changed": "User risk change",
  test: "Test event",
};

/** The event of a message in the words of CAEP, or of Okta's own event type. */
function sentEvent(event: AccessEvent): SentEvent {
  switch (event.event) {
    case "session-began":
      return {
        type: `${caep}/session-established`,
        claims: { initiating_entity: "user", reason_admin: { en: "The person signed in." } },
      };
    case "test":
      return {
        type: `${caep}/session-established`,
        claims: { initiating_entity: "admin", reason_admin: { en: "A test event of the application." } },
      };
    case "sessions-ended": {
      const who = event.by === "admin" ? "An administrator" : "The person";
      return {
        type: `${caep}/session-revoked`,
        claims: {
          initiating_entity: event.by,
          reason_admin: { en: `${who} ended the person's sessions in the application.` },
          reason_user: { en: "Your sessions in the application have ended." },
        },
      };
    }
    case "risk-changed":
      return {
        type: `${okta}/user-risk-change`,
        claims: {
          initiating_entity: event.cause === "refused" ? "policy" : "admin",
          ...riskReasons[event.cause],
          previous_level: event.from,
          current_level: event.to,
        },
      };
  }
}

/** The addressees of a token. */
interface Parties {
  issuer: string;
  audience: string;
  /** The person's address at the identity provider. */
  email: string;
}

/**
 * The claims of a message's security event token (RFC 8417 §2.2). They are the same at each attempt: the receiver knows a
 * repetition by its `jti`. Okta reads the subject inside the event.
 */
export function claimsFor(message: ClaimedMessage, { issuer, audience, email }: Parties) {
  const { type, claims } = sentEvent(message.facts as AccessEvent);
  const at = Math.floor(message.createdAt / 1000);
  const subject = { user: { format: "email", email } };
  return {
    iss: issuer,
    aud: audience,
    jti: message.id,
    iat: at,
    events: { [type]: { subject, event_timestamp: at, ...claims } },
  };
}
