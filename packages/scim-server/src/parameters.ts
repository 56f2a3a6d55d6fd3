import { badRequest } from "./errors.ts";
import { isReservedName } from "./reserved-names.ts";

/** The parameters of a list or of an answer, in a query or in a SearchRequest (RFC 7644 §3.4.3, RFC 9865 §2). */
const parameters: readonly string[] = [
  "schemas",
  "attributes",
  "excludedAttributes",
  "filter",
  "sortBy",
  "sortOrder",
  "startIndex",
  "count",
  "cursor",
];

/**
 * The parameters of a request, as RFC 7644 spells them. A request may spell them in any case: a look-up whose "Filter" were
 * ignored would find everyone. Throws badRequest for a parameter in two spellings, for one with a reserved name, and for one
 * that names such an attribute.
 */
export function readParameters(sent: Record<string, unknown>): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const [spelled, value] of Object.entries(sent)) {
    if (holdsReserved(spelled)) throw badRequest("invalidValue", "A parameter has a name that is reserved.");
    const name = parameters.find((one) => one.toLowerCase() === spelled.toLowerCase()) ?? spelled;
    if (Object.hasOwn(read, name)) throw badRequest("invalidValue", `${name} is there more than once.`);
    read[name] = value;
    if (["attributes", "excludedAttributes", "sortBy"].includes(name) && holdsReserved(String(value)))
      throw badRequest("invalidValue", `${name} holds a name that is reserved.`);
  }
  return read;
}

/** Whether one of the names in a path or a list of paths is reserved. */
function holdsReserved(text: string): boolean {
  return text.split(/\W+/).some(isReservedName);
}
