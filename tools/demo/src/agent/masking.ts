import { decodeJwt, decodeProtectedHeader } from "jose";

/** A JWT that a message carries. */
export interface CarriedJwt {
  /** Its place in the message: "id_token". */
  name: string;
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

/** Parameters, members and headers with a secret in them. */
const secretNames =
  /^(client_secret|code|code_verifier|assertion|client_assertion|subject_token|access_token|id_token|refresh_token)$/;
const jwt = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;
const shownLength = 10;

/** The beginning of a secret, which tells two of them apart, and a mark for the rest. */
function masked(secret: string): string {
  return `${secret.slice(0, Math.min(shownLength, Math.floor(secret.length / 3)))}…`;
}

export function maskedHeader(name: string, value: string): string {
  if (name.toLowerCase() !== "authorization") return value;
  const [scheme = "", credentials = ""] = value.split(" ", 2);
  return `${scheme} ${masked(credentials)}`;
}

/** Form parameters one a line, with their secrets masked. */
export function maskedForm(text: string): string {
  return [...new URLSearchParams(text)]
    .map(([name, value]) => `${name}=${secretNames.test(name) ? masked(value) : value}`)
    .join("\n");
}

/** The URL with its query one parameter a line. */
export function maskedUrl(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return origin + pathname + (search === "" ? "" : `\n  ?${maskedForm(search).replaceAll("\n", "\n  &")}`);
}

/** JSON, indented, with its secrets masked. Any other text as it is. */
export function maskedJson(text: string): string {
  const value = jsonIn(text);
  return value === undefined ? text : JSON.stringify(value, maskMember, 2);
}

function maskMember(name: string, value: unknown): unknown {
  return typeof value === "string" && secretNames.test(name) ? masked(value) : value;
}

/** The JSON value of a body: also of the last event of a stream of server-sent events. */
export function jsonIn(text: string): unknown {
  const events = [...text.matchAll(/^data: ?(.+)$/gm)].map(([, data = ""]) => data);
  try {
    return JSON.parse(events.at(-1) ?? text);
  } catch {
    return undefined;
  }
}

/** The JWTs among these parameters or members, decoded. The agent does not check them here: their receiver does. */
export function jwtsIn(values: Iterable<[string, unknown]>): CarriedJwt[] {
  return [...values].flatMap(([name, value]) => {
    if (typeof value !== "string" || !jwt.test(value)) return [];
    return [{ name, header: { ...decodeProtectedHeader(value) }, claims: { ...decodeJwt(value) } }];
  });
}
