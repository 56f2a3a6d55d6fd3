/** Readers for JSON of an unknown shape: an absent value is undefined. */

/** JSON must not begin with it, and strict parsers refuse it (RFC 8259 §8.1). */
export const byteOrderMark = /^\uFEFF/;

/** The value at a path of keys and positions. Only own keys count, so a key like "constructor" finds nothing. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}

/** The text at a path; null if there is none or it is empty. */
export function textAt(value: unknown, ...path: (string | number)[]): string | null {
  const found = at(value, ...path);
  return typeof found === "string" && found !== "" ? found : null;
}

/** The array at a path; empty if there is none. */
export function listAt(value: unknown, ...path: (string | number)[]): unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The object at a path; an empty one if there is none. */
export function objectAt(value: unknown, ...path: string[]): Record<string, unknown> {
  const found = at(value, ...path);
  return typeof found === "object" && found !== null && !Array.isArray(found) ? { ...found } : {};
}

/** The number at a path, even if it was sent as text, which only the rule scim-list-counters judges; else NaN. */
export function numberAt(value: unknown, ...path: (string | number)[]): number {
  const found = at(value, ...path);
  return typeof found === "string" && found !== ""
    ? Number(found)
    : typeof found === "number"
      ? found
      : Number.NaN;
}

/** A byte order mark is skipped: the check must be able to read the ids of what it has created. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(byteOrderMark, ""));
  } catch {
    return undefined;
  }
}

export function sameText(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && one.toLowerCase() === other.toLowerCase();
}

/**
 * The paths of a sent value that are absent or different in what came back. More may come back than was sent. An element
 * of a list may be at any place. Texts that differ only in case are the same, and so are two forms of a moment or of a
 * telephone number: a server may keep its own (RFC 7643 §2.3.5 and §4.1.2).
 */
export function lostPaths(sent: unknown, got: unknown, path = ""): string[] {
  if (Array.isArray(sent)) {
    const found = Array.isArray(got) ? got : [];
    const isThere = (one: unknown) => found.some((other) => lostPaths(one, other).length === 0);
    return sent.every(isThere) ? [] : [path];
  }
  if (typeof sent === "object" && sent !== null) {
    return Object.entries(sent).flatMap(([key, value]) => lostPaths(value, at(got, key), joined(path, key)));
  }
  const same =
    sent === got ||
    (typeof sent === "string" && typeof got === "string" && sameText(uniform(sent), uniform(got)));
  return same ? [] : [path];
}

/** One form for all forms of a moment, and for all of a telephone number with its country. */
function uniform(text: string): string {
  if (/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)))
    return new Date(text).toISOString();
  return /^(?:tel:)?\+[\d\s().-]+$/i.test(text) ? text.replace(/[^\d+]/g, "") : text;
}

/** A path of RFC 7644 §3.10: a schema's URN is followed by a colon, an attribute by a dot. */
function joined(path: string, key: string): string {
  if (path === "") return key;
  return `${path}${path.startsWith("urn:") && !/:[A-Za-z]\w*:[A-Za-z]\w*$/.test(path) ? ":" : "."}${key}`;
}
