import type { Random } from "./random.ts";

/** A request before it is written to the wire. Mutations change its parts. */
export interface Template {
  method: string;
  /** The path without its query. */
  path: string;
  query: [name: string, value: string][];
  headers: Record<string, string>;
  body: Body | null;
}

export type Body =
  | { kind: "form"; fields: [name: string, value: string][] }
  | { kind: "json"; value: unknown }
  | { kind: "raw"; bytes: Buffer };

/** Makes a request of a protocol in which little or nothing is wrong. The mutations come after it. */
export type NextRequest = (random: Random) => Promise<Template>;

/** The bytes of a request. */
export interface RawRequest {
  method: string;
  /** With its query, exactly as it is sent. */
  target: string;
  headers: Record<string, string>;
  body: Buffer | null;
}

const formType = "application/x-www-form-urlencoded";

export function form(fields: Record<string, string>): Body {
  return { kind: "form", fields: Object.entries(fields) };
}

/** Node's client refuses other characters in a target and in a header. */
const inTarget = (text: string) => text.replace(/[^\x21-\x7e]/g, (one) => escapeBytes(one));
const inHeader = (text: string) => text.replace(/[^\x20-\x7e\x80-\xff]/g, "?");

export function toRaw({ method, path, query, headers, body }: Template): RawRequest {
  const parameters = query.map(([name, value]) => `${escapeText(name)}=${escapeText(value)}`).join("&");
  const bytes = body && bytesOf(body);
  const type: Record<string, string> = body?.kind === "form" ? { "content-type": formType } : {};
  const sent = Object.entries({ ...type, ...headers }).map(([name, value]) => [name, inHeader(value)]);
  return {
    method,
    target: inTarget(parameters === "" ? path : `${path}?${parameters}`),
    headers: Object.fromEntries(sent) as Record<string, string>,
    body: bytes,
  };
}

function bytesOf(body: Body): Buffer {
  if (body.kind === "raw") return body.bytes;
  if (body.kind === "json") return Buffer.from(JSON.stringify(body.value) ?? "");
  return Buffer.from(
    body.fields.map(([name, value]) => `${escapeText(name)}=${escapeText(value)}`).join("&"),
  );
}

/** Also of a lone surrogate, which encodeURIComponent() refuses. A text that is escaped already stays as it is. */
function escapeText(text: string): string {
  if (/%[0-9a-f]{0,2}/i.test(text)) return text.replace(/[&=+#\s]|[^\x20-\x7e]/g, escapeBytes);
  return escapeBytes(text.replaceAll("%", "%25"));
}

function escapeBytes(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : hex(byte),
    )
    .join("");
}

const hex = (byte: number) => `%${byte.toString(16).padStart(2, "0")}`;

export function request(method: string, path: string, more: Partial<Template> = {}): Template {
  // A mutation changes the headers of this request only.
  return { method, path, query: [], body: null, ...more, headers: { ...more.headers } };
}
