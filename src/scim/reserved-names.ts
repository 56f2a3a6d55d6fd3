import { badRequest } from "./errors.ts";

/** Names through which JavaScript objects reach their prototype. No attribute is called so, in no protocol. */
const reserved = new Set(["__proto__", "constructor", "prototype"]);

export function isReservedName(name: string): boolean {
  return reserved.has(name.toLowerCase());
}

/** Deeper than any body of SCIM, a PATCH inside a Bulk included, and far from exhausting the stack. */
const maxDepth = 32;

/**
 * Refuses a body in which a property has a reserved name, a text holds a NUL character (which PostgreSQL cannot store),
 * or things are nested too deeply, before anything else has looked at it. Throws badRequest.
 */
export function checkBody(body: unknown): void {
  const waiting: [unknown, number][] = [[body, 1]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [value, depth] = next;
    if (typeof value === "string" && value.includes("\0")) {
      throw badRequest("invalidValue", "A value contains the NUL character, which cannot be stored.");
    }
    if (typeof value !== "object" || value === null) continue;
    if (depth > maxDepth) throw badRequest("invalidSyntax", "The body is nested too deeply.");
    for (const [name, inner] of Object.entries(value)) {
      if (isReservedName(name))
        throw badRequest("invalidSyntax", "An attribute has a name that is reserved.");
      waiting.push([inner, depth + 1]);
    }
  }
}

/** Refuses reserved names as parameters, and as attributes that parameters name. Throws badRequest. */
export function checkQuery(query: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(query)) {
    if (holdsReserved(name)) throw badRequest("invalidValue", "A parameter has a name that is reserved.");
    if (!["attributes", "excludedAttributes", "sortBy"].includes(name)) continue;
    if (holdsReserved(String(value)))
      throw badRequest("invalidValue", `${name} holds a name that is reserved.`);
  }
}

/** Whether one of the names in a path or a list of paths is reserved. */
function holdsReserved(text: string): boolean {
  return text.split(/\W+/).some(isReservedName);
}
