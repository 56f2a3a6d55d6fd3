import type { Message, MessagePart } from "../recording.ts";

/**
 * What is taken out of a message before it is kept. Three nets, one under the other: names that secrets have in the
 * protocols; shapes that tokens have; and every value that one of the two found, or that a room named as secret,
 * wherever else it stands, because error messages quote what they refuse.
 */

const redacted = "[redacted]";

/** Names of members, parameters and headers whose value is secret. `token_type` and `changePassword` have none. */
const secretNames =
  /(?:pass(?:word|wd|phrase)|secret|credentials?|token|assertion|verifier|authorization|cookie|private_?key|samlresponse|token_hint)$|^(?:code|state|nonce)$/i;

/** What was decided about names so far: documents have the same ones again and again. */
const known = new Map<string, boolean>();
const mostKnown = 2_000;

function isSecretName(name: string): boolean {
  const decided = known.get(name);
  if (decided !== undefined) return decided;
  const secret = secretNames.test(name);
  if (known.size < mostKnown && name.length < 100) known.set(name, secret);
  return secret;
}

/** The same, in a path or a filter of SCIM. */
const secretInPath = /pass(?:word|wd|phrase)|secret|credential|token/i;

/** Tokens that name themselves: an Authorization header's, a JWT, our own. */
const shapes: readonly [RegExp, string][] = [
  [/\b(bearer|basic) +[\w.~+/=-]{16,}/gi, `$1 ${redacted}`],
  [/\beyJ[\w-]{5,}(?:\.[\w-]*){1,4}/g, redacted],
  [/\boinscim_[\w-]{12,}/g, redacted],
];

/** What every shape has in it, and how long it is at least: most texts are spared the rest. */
const shortestShape = "eyJ12345.".length;
const anyShape = /bearer|basic|eyJ|oinscim_/i;

/** Secrets in the text of an address, a form or a filter. */
const assigned = /([?&;\s]|^)([\w.-]+)=([^&;\s]*)/g;
const compared = /(?<![\w:.])([\w:.]+)(\s+(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)"((?:[^"\\]|\\.)*)"?/gi;

/** Shorter values are words that stand elsewhere by chance; no secret of a protocol is so short. */
const shortestSecret = 4;

/** What a message may hold, so that ten megabytes of Bulk neither fill the table nor keep the process busy. */
const limits = { characters: 24_000, depth: 16, items: 100, text: 1_000, line: 2_000, lines: 40 };

/** The message without its secrets, and cut to size. Its cost is bounded, whatever was sent. */
export function redact(message: Message): Omit<Message, "secrets"> {
  const { protocol, step, requestId, connectionKey, file, verdict, request, response } = message;
  const found = new Set(message.secrets);
  for (const part of [request, response]) {
    for (const line of part?.head.slice(0, limits.lines) ?? []) redactLine(line.slice(0, limits.line), found);
    collect(part?.json, false, found, { left: limits.characters });
  }
  const scrub = scrubber(found);
  return {
    protocol,
    step,
    requestId,
    connectionKey,
    file,
    verdict,
    summary: scrub(message.summary),
    people: message.people.slice(0, limits.items).map((name) => scrub(name)),
    request: redactPart(request, scrub),
    response: redactPart(response, scrub),
    checks: message.checks.slice(0, limits.items).map((check) => {
      return { name: check.name, verdict: check.verdict, detail: check.detail && scrub(check.detail) };
    }),
  };
}

type Scrub = (text: string) => string;

/** Takes known values and the shapes of tokens out of a text, and cuts it. */
function scrubber(found: Set<string>): (text: string, length?: number) => string {
  const values = [...found].filter((value) => value.length >= shortestSecret);
  // The longest first: one may be part of another.
  values.sort((a, b) => b.length - a.length);
  return (text, length = limits.text) => {
    // Cut generously first, so that the work is bounded and a secret at the final cut is seen whole.
    let clean = text.slice(0, 2 * length);
    // PostgreSQL cannot store a NUL.
    if (clean.includes("\0")) clean = clean.replaceAll("\0", "\ufffd");
    for (const value of values) if (clean.includes(value)) clean = clean.replaceAll(value, redacted);
    if (clean.length >= shortestShape && anyShape.test(clean)) {
      for (const [shape, instead] of shapes) clean = clean.replace(shape, instead);
    }
    const cut = clean.length > length ? `${clean.slice(0, length)}…` : clean;
    return text.length > length ? `${cut} (${text.length} characters)` : cut;
  };
}

function redactPart(part: MessagePart | null, scrub: ReturnType<typeof scrubber>): MessagePart | null {
  if (part === null) return null;
  const head = part.head.slice(0, limits.lines).map((line) => redactLine(scrub(line, limits.line)));
  const json = part.json === undefined ? {} : { json: clean(part.json, scrub, { left: limits.characters }) };
  return { head, ...json, ...(part.xml === undefined ? {} : { xml: scrub(part.xml, limits.characters) }) };
}

/**
 * A header by its name; an address or a form by the names of its parameters; a filter by what it compares.
 * @param found gathers the values that were taken out.
 */
function redactLine(line: string, found?: Set<string>): string {
  const [, name, scheme = "", value = ""] = /^([\w-]+): ((?:bearer|basic) +)?(.*)$/i.exec(line) ?? [];
  if (name && isSecretName(name)) {
    found?.add(value);
    return `${name}: ${scheme}${redacted}`;
  }
  if (!/["=]/.test(line)) return line;
  const clean = line.replace(assigned, (whole, before, parameter, text) => {
    if (!isSecretName(parameter)) return whole;
    found?.add(text);
    return `${before}${parameter}=${redacted}`;
  });
  return redactFilter(clean, found);
}

function redactFilter(text: string, found?: Set<string>): string {
  if (!text.includes('"')) return text;
  return text.replace(compared, (whole, attribute, operator, value) => {
    if (!secretInPath.test(attribute)) return whole;
    found?.add(value);
    return `${attribute}${operator}"${redacted}"`;
  });
}

/** How many characters of a part may still be looked at. */
interface Budget {
  left: number;
}

/** What a member of an object takes up besides its value. */
const memberSize = 8;

/** Whether an operation of SCIM PATCH is about a secret: its value has another name (RFC 7644 §3.5.2). */
function aboutSecret(value: object): boolean {
  return "path" in value && typeof value.path === "string" && secretInPath.test(value.path);
}

/** Gathers the texts that stand under a secret's name. */
function collect(value: unknown, secret: boolean, found: Set<string>, budget: Budget, depth = 0): void {
  if (budget.left <= 0 || depth > limits.depth) return;
  budget.left -= sizeOf(value);
  if (secret && (typeof value === "string" || typeof value === "number")) found.add(String(value));
  if (typeof value === "string") redactFilter(value.slice(0, limits.text), found);
  if (typeof value !== "object" || value === null) return;
  const about = aboutSecret(value);
  for (const name of Object.keys(value)) {
    const inside = secret || isSecretName(name) || (about && name === "value");
    collect(memberOf(value, name), inside, found, budget, depth + 1);
  }
}

/** A copy without secrets. Under a secret's name true, false and null stay: they say how a server is set up. */
function clean(value: unknown, scrub: Scrub, budget: Budget, secret = false, depth = 0): unknown {
  budget.left -= sizeOf(value);
  if (typeof value === "string" || typeof value === "number") {
    if (secret) return redacted;
    return typeof value === "number" ? value : redactFilter(scrub(value));
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth > limits.depth) return "…";
  const about = aboutSecret(value);
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {};
  const names = Object.keys(value);
  for (const [count, name] of names.entries()) {
    if (count >= limits.items || budget.left <= 0) {
      put(copy, "…", `${names.length - count} more`);
      break;
    }
    const inside = secret || isSecretName(name) || (about && name === "value");
    put(copy, scrub(name), clean(memberOf(value, name), scrub, budget, inside, depth + 1));
  }
  return copy;
}

function memberOf(value: object, name: string): unknown {
  return (value as Record<string, unknown>)[name];
}

/** Assigning to "__proto__" would call a setter. */
function put(copy: Record<string, unknown> | unknown[], name: string, value: unknown): void {
  if (Array.isArray(copy)) copy.push(value);
  else if (name === "__proto__") Object.defineProperty(copy, name, { value, enumerable: true });
  else copy[name] = value;
}

function sizeOf(value: unknown): number {
  return memberSize + (typeof value === "string" ? Math.min(value.length, limits.text) : 0);
}
