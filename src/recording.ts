import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * What the protocol rooms tell the inspector: one entry for each message that came, went or was decided about. The rooms
 * know this file only; src/app.ts hands them the recorder that the inspector made.
 */
export interface Recorder {
  /**
   * Keeps a message, if the tenant wants that. `describe` is called only then, so that a tenant whose inspector is off
   * costs a look into a set; and a moment later, with those of other messages, so what it reads has to be final.
   * Never throws, and nothing waits for it.
   */
  record(tenantId: string, describe: () => Message): void;
}

/** Keeps nothing. */
export const noRecorder: Recorder = { record: () => undefined };

export const protocols = ["scim", "oidc", "saml", "universal-logout"] as const;
export type Protocol = (typeof protocols)[number];

/** What people call them. */
export const protocolNames: Record<Protocol, string> = {
  scim: "SCIM",
  oidc: "OIDC",
  saml: "SAML",
  "universal-logout": "Universal Logout",
};

/** One message with its answer. What is secret in it is taken out before it is kept, by name and by `secrets`. */
export interface Message {
  protocol: Protocol;
  /** What it was: "PATCH /Users/{id}", "Token request", "SAML response". */
  step: string;
  requestId: string;
  /** Null where there is none: SCIM comes with a token. */
  connectionKey: string | null;
  /** All that names whom it is about: login name, address, subject, id. The first one is shown. */
  people: readonly string[];
  /** The source file that handled it: sourceFile(import.meta.url). */
  file: string;
  verdict: Check["verdict"];
  /** What came of it, in one line: "201", "Refused: user-blocked". */
  summary: string;
  request: MessagePart | null;
  response: MessagePart | null;
  /** In the order in which they were made. */
  checks: readonly Check[];
  /** Values that must not be kept wherever they stand: codes, tokens, verifiers, cookies. */
  secrets?: readonly string[];
}

/** A request or an answer. */
export interface MessagePart {
  /** Its first lines: method and address, or the status, and the headers that matter. */
  head: readonly string[];
  /** JSON to be: what was parsed, or the decoded claims. Null when there is none. */
  json?: unknown;
  /** XML, decoded, with the values taken out that are nobody's business. */
  xml?: string;
}

/** Something that was verified, and how it ended. */
export interface Check {
  /** What must hold: "The audience is this application". */
  name: string;
  verdict: "passed" | "failed";
  /** What was expected and found; null when the name says it all. */
  detail: string | null;
}

/** A check that failed, in one line. */
export function failureOf({ name, detail }: Check): string {
  return `Failed: ${name}${detail === null ? "" : ` (${detail})`}`;
}

const root = fileURLToPath(new URL("../", import.meta.url));

/** The path of a module from the project's root: `sourceFile(import.meta.url)`. */
export function sourceFile(moduleUrl: string): string {
  return relative(root, fileURLToPath(moduleUrl)).replaceAll("\\", "/");
}
