/**
 * The inspector's recorder, as the rest of the application sees it, and the messages that it keeps. src/inspector/describe/
 * describes the messages of each protocol; the protocol rooms do not know the inspector.
 */
export interface Recorder {
  /**
   * Keeps the messages of a request if the tenant's inspector is on. Only then does it call `describe`, and a moment later,
   * together with others: `describe` may only read what no longer changes. Never throws, and never delays the caller.
   */
  record(tenantId: string, describe: () => Message | readonly Message[]): void;
}

/** A recorder that keeps nothing. */
export const noRecorder: Recorder = { record: () => undefined };

export const protocols = [
  "scim",
  "oidc",
  "saml", // SAML
  "universal-logout",
  "shared-signals",
  "cross-app-access",
  "api-key",
] as const;
export type Protocol = (typeof protocols)[number];

/** The names of the protocols on pages. */
export const protocolNames: Record<Protocol, string> = {
  scim: "SCIM",
  oidc: "OIDC",
  saml: "SAML", // SAML
  "universal-logout": "Universal Logout",
  "shared-signals": "Shared signals",
  "cross-app-access": "Cross App Access",
  "api-key": "API keys",
};

/** The participants of a conversation, in the order in which a sequence diagram shows them. */
export const lanes = ["agent", "program", "browser", "product", "okta"] as const;
export type Lane = (typeof lanes)[number];

/** The kinds of flows. */
export type FlowKind =
  | "sign-in"
  | "test"
  | "sign-out"
  | "provisioning"
  | "logout"
  | "signal"
  | "stream"
  | "agent-call"
  | "api-call"
  | "authorization";

/**
 * The flow that a message belongs to: one sign-in, one provisioning run of one person, one logout, one event, one action on a
 * stream of events, one agent's call, one call with an API key.
 */
export interface FlowPart {
  kind: FlowKind;
  /**
   * Messages that share a key, soon after one another, are one flow. Keys may be secret (a state, a ticket, a token): only
   * their hashes are stored. Messages of one request are always one flow.
   */
  keys: readonly string[];
}

/** The sender and the receiver of a message. */
export interface Route {
  from: Lane;
  to: Lane;
  /** Whether a browser carries it from one to the other, by a redirect or a form. */
  carried: boolean;
}

/** One message and its answer. The inspector redacts secrets by their names, their shapes and by `secrets`. */
export interface Message {
  protocol: Protocol;
  /** The kind of message: "PATCH /Users/{id}", "Token request". */
  step: string;
  requestId: string;
  /** Null for SCIM and API keys, which have a token instead of a connection. */
  connectionKey: string | null;
  flow: FlowPart;
  /** When it was sent, in ms since 1970. */
  at: number;
  /** How long its answer took, in ms. Null: until the message was recorded. */
  ms: number | null;
  route: Route;
  /** The name of the one person concerned, as the organisation knows them; null for groups and several people. */
  person: string | null;
  /** Every name of the people concerned, to search for: login name, e-mail address, subject, id. */
  people: readonly string[];
  /** The path of the source file that handled it, from the project's root. */
  file: string;
  verdict: RecordedCheck["verdict"];
  /** The result in one line: "201", "Refused: user-blocked". */
  summary: string;
  request: MessagePart | null;
  response: MessagePart | null;
  /** In the order in which they ran. */
  checks: readonly RecordedCheck[];
  /** The function of the file that handled it. */
  handler?: string;
  /** The message at a glance: the person whom a sign-in matched, the audience of an assertion. */
  facts?: readonly MessageFact[];
  /** Values to redact everywhere in the message: codes, tokens, verifiers, cookies. */
  secrets?: readonly string[];
}

/** A request or a response. */
export interface MessagePart {
  /** The first lines: method and URL, or the status, then the relevant headers. */
  head: readonly string[];
  /** The parameters of the address. */
  query?: Readonly<Record<string, unknown>>;
  /** The fields of a body that is a form. */
  form?: Readonly<Record<string, unknown>>;
  /** The parsed body. Null when there is no body. */
  json?: unknown;
  /** Decoded XML, without the values of attributes that are not mapped. */
  xml?: string;
  /** The JWTs in it. */
  jwts?: readonly RecordedJwt[];
  /** Whether its sender may send it again, so that the page offers it as a command. */
  isRepeatable?: boolean;
}

/** A JWT without its signature. */
export interface RecordedJwt {
  /** Where it was: "id_token", "Authorization". */
  place: string;
  header: object;
  claims: object;
}

/** A label and its value. */
export interface MessageFact {
  label: string;
  value: string;
  /** If the value is a time: in ms since 1970. */
  at?: number;
}

/** A check and its result. */
export interface RecordedCheck {
  /** The condition: "The audience is this application". */
  name: string;
  verdict: "passed" | "failed";
  /** The expected and the actual value; null when the name says enough. */
  detail: string | null;
  /** The heading above it: "Time", "Signature of the assertion". Absent in messages of earlier versions, as the next two. */
  group?: string;
  /** The source of the rule: a section of a specification, or an attack. */
  citation?: string;
  /** Why a failed check refuses the message: src/inspector/remedies.ts says what to do about it. */
  reason?: string;
}

/** A failed check in one line. */
export function failureText({ name, detail }: RecordedCheck): string {
  return `Failed: ${name}${detail === null ? "" : ` (${detail})`}`;
}
