import { z } from "zod";
import type { Connection } from "../model.ts";
import { isOrg, isSubjectIssuer, type Subject, subjectSchema } from "../sso/subjects.ts";

// PostgreSQL rejects a NUL.
const text = z.string().regex(/^[^\0]{1,500}$/);

const caep = "https://schemas.openid.net/secevent/caep/event-type";
const ssf = "https://schemas.openid.net/secevent/ssf/event-type";

/** The types of events that we know, by their URIs. */
export const eventTypes = {
  sessionRevoked: `${caep}/session-revoked`,
  credentialChange: `${caep}/credential-change`,
  verification: `${ssf}/verification`,
  streamUpdated: `${ssf}/stream-updated`,
} as const;

/** The members that we use, by type. Other members are ignored, as SSF §4.2.3 requires. */
const credentialChange = z.object({
  credential_type: text,
  change_type: z.enum(["create", "revoke", "update", "delete"]),
});
const verification = z.object({ state: text.nullish() });
const streamUpdated = z.object({
  status: z.enum(["enabled", "paused", "disabled"]),
  reason: text.nullish(),
});
const anyObject = z.object({});

const shapes = new Map<string, z.ZodType<SignalMembers>>([
  [eventTypes.sessionRevoked, anyObject],
  [eventTypes.credentialChange, credentialChange],
  [eventTypes.verification, verification],
  [eventTypes.streamUpdated, streamUpdated],
]);

type SignalMembers = Partial<z.infer<typeof credentialChange>> &
  Partial<z.infer<typeof verification>> &
  Partial<z.infer<typeof streamUpdated>>;

/** One event of a SET. */
export interface SignalEvent {
  /** The URI of its type. */
  type: string;
  isAboutPerson: boolean;
  isAboutStream: boolean;
  members: SignalMembers;
  /** The fault of its members; null if there is none. */
  problem: string | null;
  /** When it happened; null if it does not say so. */
  at: number | null;
  /** The person; "unsupported" for a subject that we cannot look up, null for none. */
  subject: Subject | "unsupported" | null;
  /** Whether the connection's org has such subjects. */
  isOfOrg: boolean;
  /** The stream that it is about; null if it names none. */
  streamId: string | null;
}

/** The type URIs of a SET's events. */
export function typesIn({ events }: Record<string, unknown>): string[] {
  return isObject(events) ? Object.keys(events) : [];
}

/** Reads the event of a type. Never throws: `problem` says what is wrong, for the policy. */
export function readEvent(
  claims: Record<string, unknown>,
  type: string,
  connection: Connection,
): SignalEvent {
  const payload = isObject(claims.events) ? claims.events[type] : undefined;
  const parsed = (shapes.get(type) ?? anyObject).safeParse(payload);
  const given = isObject(payload) ? payload : {};
  // The final specification has the subject in the SET; Okta, like the drafts, in the event (SSF §3.1.1).
  const subject = readSubject(claims.sub_id ?? given.subject);
  const isAboutPerson = type === eventTypes.sessionRevoked || type === eventTypes.credentialChange;
  const isAboutStream = type === eventTypes.verification || type === eventTypes.streamUpdated;
  return {
    type,
    isAboutPerson,
    isAboutStream,
    members: parsed.data ?? {},
    problem: parsed.success ? null : problemIn(parsed.error),
    at: timeOf(given.event_timestamp),
    subject,
    isOfOrg: !isAboutPerson || isOfOrg(subject, connection),
    streamId: isAboutStream && isNamed(subject, "opaque") ? subject.id : null,
  };
}

/**
 * Reads a subject (RFC 9493). Of a complex subject, the user counts: its sessions and devices are not known here, so the
 * event is about all sessions of the user (SSF §3.3). Okta's examples leave out the format of a complex subject.
 */
function readSubject(given: unknown): SignalEvent["subject"] {
  if (!isObject(given)) return null;
  const isComplex = given.format === "complex" || (given.format === undefined && isObject(given.user));
  const simple = isComplex ? given.user : given;
  if (simple === undefined) return "unsupported";
  const parsed = subjectSchema.safeParse(simple);
  if (parsed.success) return parsed.data;
  const isKnownFormat = parsed.error.issues.every(({ code }) => code !== "invalid_union");
  return !isKnownFormat && isObject(simple) && typeof simple.format === "string" ? "unsupported" : null;
}

/** An address or an opaque id has no issuer: it is looked up in the connection's tenant only. */
function isOfOrg(subject: SignalEvent["subject"], connection: Connection): boolean {
  if (!isNamed(subject, "iss_sub")) return true;
  return isSubjectIssuer(connection, subject.iss) || isOrg(connection, subject.iss);
}

function isNamed<Format extends Subject["format"]>(
  subject: SignalEvent["subject"],
  format: Format,
): subject is Extract<Subject, { format: Format }> {
  return isObject(subject) && subject.format === format;
}

/** In seconds (CAEP §2), or in milliseconds, as Okta sends it. Seconds this large are 3,000 years away. */
function timeOf(timestamp: unknown): number | null {
  if (typeof timestamp !== "number" || !(timestamp > 0) || timestamp > 1e14) return null;
  return Math.round(timestamp < 1e11 ? timestamp * 1000 : timestamp);
}

function problemIn({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join(".") || "the event"}: ${message}`).join("; ");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
