import { brand } from "../../config/brand.ts";
import type { Message, MessageFact, MessagePart } from "../recording.ts";

/**
 * Removes the secrets of a message before it is stored. It finds them in three ways: by the names that secrets have in the
 * protocols, by the shapes of tokens, and by value, because error messages quote what they refuse: each value that the
 * first two ways found, or that a room declared secret, is removed everywhere in the message.
 */

const redacted = "[redacted]";

/** Names of secret members, parameters and headers. Not `token_type` and `changePassword`, which are not secret. */
const secretEndings = [
  "pass(?:word|wd|phrase)|secret|credentials?|token|assertion|verifier|authorization|cookie|private_?key|token_hint",
  "samlresponse", // SAML
];
const secretNames = new RegExp(`(?:${secretEndings.join("|")})$|^(?:code|state|nonce)$`, "i");

/** A cache of secretNames.test: documents repeat the same few names. */
const knownNames = new Map<string, boolean>();
const maxKnownNames = 2_000;

function isSecretName(name: string): boolean {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const isSecret = secretNames.test(name);
  if (knownNames.size < maxKnownNames && name.length < 100) knownNames.set(name, isSecret);
  return isSecret;
}

/** Secret attributes in a path or filter of SCIM. */
const secretInPath = /pass(?:word|wd|phrase)|secret|credential|token/i;

/** Tokens that can be recognized: of an Authorization header, a JWT, our tokens and keys, and the secrets of agents. */
const shapes: readonly [RegExp, string][] = [
  [/\b(bearer|basic|dpop) +[\w.~+/=-]{16,}/gi, `$1 ${redacted}`],
  [/\beyJ[\w-]{5,}(?:\.[\w-]*){1,4}/g, redacted],
  [/\b(?:oinscim|oinat|oinagent)_[\w-]{12,}/g, redacted],
  [new RegExp(`\\b${brand.apiKeyPrefix}\\w{12,}`, "g"), redacted],
];

/** A quick test that excludes most texts before the shapes are tried. */
const minShapeLength = "eyJ12345.".length;
const maybeShape = new RegExp(`bearer|basic|dpop|eyJ|oin[a-z]+_|${brand.apiKeyPrefix}`, "i");

/** Parameters of a URL or form, and comparisons in a SCIM filter. */
const assigned = /([?&;\s]|^)([\w.-]+)=([^&;\s]*)/g;
const compared = /(?<![\w:.])([\w:.]+)(\s+(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)"((?:[^"\\]|\\.)*)"?/gi;

/** Shorter values are not removed everywhere: they would match ordinary words. No protocol has secrets this short. */
const minSecretLength = 4;

/** Limits of a stored message, so that a bulk request of ten megabytes neither fills the table nor blocks the process. */
const limits = { characters: 24_000, depth: 16, items: 100, text: 1_000, line: 2_000, lines: 40 };

/** The members of a part that are documents, with secrets below secret names. */
const documents = ["query", "form", "json", "jwts"] as const;

/** Returns the message without its secrets, cut to the limits. The work is bounded for any input. */
export function redact(message: Message): Omit<Message, "secrets"> {
  const { protocol, step, requestId, connectionKey, file, handler, verdict } = message;
  const { flow, at, ms, route, person, request, response, facts = [] } = message;
  const found = new Set(message.secrets);
  for (const part of [request, response]) {
    for (const line of part?.head.slice(0, limits.lines) ?? []) redactLine(line.slice(0, limits.line), found);
    for (const name of documents) collectSecrets(part?.[name], found);
  }
  const scrub = scrubber(found);
  return {
    protocol,
    step,
    requestId,
    connectionKey,
    file,
    ...(handler === undefined ? {} : { handler }),
    verdict,
    flow,
    at,
    ms,
    route,
    person: person && scrub(person),
    summary: scrub(message.summary),
    people: message.people.slice(0, limits.items).map((name) => scrub(name)),
    request: redactPart(request, scrub),
    response: redactPart(response, scrub),
    checks: message.checks.slice(0, limits.items).map((check) => {
      return { ...check, detail: check.detail && scrub(check.detail) };
    }),
    ...(facts.length === 0
      ? {}
      : { facts: facts.slice(0, limits.items).map((fact) => redactFact(fact, scrub)) }),
  };
}

/** Removes secret values and tokens from a text, and cuts it to a length. */
type Scrub = (text: string, length?: number) => string;

function scrubber(found: ReadonlySet<string>): Scrub {
  const values = [...found].filter((value) => value.length >= minSecretLength);
  // Longest first: one value may be part of another.
  values.sort((a, b) => b.length - a.length);
  return (text, length = limits.text) => {
    // Twice the length: bounds the work, and still shows a secret at the final cut in full.
    let clean = text.slice(0, 2 * length);
    // PostgreSQL cannot store a NUL.
    if (clean.includes("\0")) clean = clean.replaceAll("\0", "\ufffd");
    for (const value of values) if (clean.includes(value)) clean = clean.replaceAll(value, redacted);
    if (clean.length >= minShapeLength && maybeShape.test(clean)) {
      for (const [shape, instead] of shapes) clean = clean.replace(shape, instead);
    }
    const cut = clean.length > length ? `${clean.slice(0, length)}…` : clean;
    return text.length > length ? `${cut} (${text.length} characters)` : cut;
  };
}

function redactFact(fact: MessageFact, scrub: Scrub): MessageFact {
  return { ...fact, label: scrub(fact.label), value: scrub(fact.value) };
}

function redactPart(part: MessagePart | null, scrub: Scrub): MessagePart | null {
  if (part === null) return null;
  const head = part.head.slice(0, limits.lines).map((line) => redactLine(scrub(line, limits.line)));
  const redactedPart: MessagePart = { head };
  if (part.isRepeatable) redactedPart.isRepeatable = true;
  for (const name of documents)
    if (part[name] !== undefined) Object.assign(redactedPart, { [name]: redactDocument(part[name], scrub) });
  if (part.xml !== undefined) redactedPart.xml = scrub(part.xml, limits.characters);
  return redactedPart;
}

/**
 * Redacts a header by its name, a URL or form by the names of its parameters, and a filter by the attributes it compares.
 * @param found collects the values that were removed.
 */
function redactLine(line: string, found?: Set<string>): string {
  const [, name, scheme = "", value = ""] = /^([\w-]+): ((?:bearer|basic|dpop) +)?(.*)$/i.exec(line) ?? [];
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

/** The cost of an object's member, in addition to its value. */
const memberSize = 8;

function sizeOf(value: unknown): number {
  return memberSize + (typeof value === "string" ? Math.min(value.length, limits.text) : 0);
}

/** Whether a SCIM PATCH operation is about a secret, which is in its member `value` then (RFC 7644 §3.5.2). */
function isAboutSecret(value: object): boolean {
  return "path" in value && typeof value.path === "string" && secretInPath.test(value.path);
}

/** Adds every text below a secret name to `found`. */
function collectSecrets(document: unknown, found: Set<string>): void {
  let charactersLeft = limits.characters;

  function visit(value: unknown, isSecret: boolean, depth: number): void {
    if (charactersLeft <= 0 || depth > limits.depth) return;
    charactersLeft -= sizeOf(value);
    if (isSecret && (typeof value === "string" || typeof value === "number")) found.add(String(value));
    if (typeof value === "string") redactFilter(value.slice(0, limits.text), found);
    if (typeof value !== "object" || value === null) return;
    const isSecretPatch = isAboutSecret(value);
    for (const name of Object.keys(value)) {
      const inside = isSecret || isSecretName(name) || (isSecretPatch && name === "value");
      visit(memberOf(value, name), inside, depth + 1);
    }
  }

  visit(document, false, 0);
}

/** Copies a document without its secrets. Below a secret name, true, false and null stay: they show settings. */
function redactDocument(document: unknown, scrub: Scrub): unknown {
  let charactersLeft = limits.characters;

  function copyOf(value: unknown, isSecret: boolean, depth: number): unknown {
    charactersLeft -= sizeOf(value);
    if (typeof value === "string" || typeof value === "number") {
      if (isSecret) return redacted;
      return typeof value === "number" ? value : redactFilter(scrub(value));
    }
    if (typeof value !== "object" || value === null) return value;
    if (depth > limits.depth) return "…";
    const isSecretPatch = isAboutSecret(value);
    const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {};
    const names = Object.keys(value);
    for (const [count, name] of names.entries()) {
      if (count >= limits.items || charactersLeft <= 0) {
        put(copy, "…", `${names.length - count} more`);
        break;
      }
      const inside = isSecret || isSecretName(name) || (isSecretPatch && name === "value");
      put(copy, scrub(name), copyOf(memberOf(value, name), inside, depth + 1));
    }
    return copy;
  }

  return copyOf(document, false, 0);
}

function memberOf(value: object, name: string): unknown {
  return (value as Record<string, unknown>)[name];
}

/** Not a plain assignment, because assigning to "__proto__" would call a setter. */
function put(copy: Record<string, unknown> | unknown[], name: string, value: unknown): void {
  if (Array.isArray(copy)) copy.push(value);
  else if (name === "__proto__") Object.defineProperty(copy, name, { value, enumerable: true });
  else copy[name] = value;
}
