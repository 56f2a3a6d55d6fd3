/** The building blocks of malformed requests. */

export const patchUrn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
export const bulkUrn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
export const searchUrn = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
export const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

export const long = (length: number) => "x".repeat(length);
export const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
export const deepObject = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

export const texts = [
  ...[
    "",
    " ",
    "\t",
    "\u0000",
    "a\u0000b",
    "\ud800",
    "\udfff x",
    "\u202e",
    "𝕊𝕔𝕚𝕞",
    "ß",
    "İ",
    "null",
    "undefined",
    "NaN",
  ],
  ...[
    "'",
    '"',
    "\\",
    "';drop table users;--",
    "%",
    "_",
    "*",
    "<script>",
    "../../etc/passwd",
    "#{7*7}",
    "{{x}}",
  ],
  ...["__proto__", "constructor", "1e999", "-0", "True", "2020-02-30T00:00:00Z", long(1_001), long(70_000)],
  // Four incompressible bytes each, because an index entry is limited in bytes.
  Array.from({ length: 900 }, (_, index) => String.fromCodePoint(0x10000 + ((index * 7919) % 0xfffff))).join(
    "",
  ),
];
export const numbers = [0, -1, 1.5, 1e9, 1e21, 2 ** 53, -(2 ** 63), Number.MAX_VALUE];
export const attributes = [
  ...[
    "userName",
    "id",
    "externalId",
    "active",
    "emails",
    "emails.value",
    "name",
    "name.givenName",
    "meta.created",
  ],
  ...[
    "meta",
    "groups",
    "groups.value",
    "roles",
    "members",
    "members.value",
    "displayName",
    "password",
    "schemas",
    "",
  ],
  ...[
    `${enterprise}:manager`,
    `${enterprise}:`,
    "urn:x:y",
    "a.b.c.d",
    "emails[",
    "emails[]",
    "]",
    "emails[type eq]",
    "é",
  ],
];
export const operators = [
  "eq",
  "ne",
  "co",
  "sw",
  "ew",
  "gt",
  "ge",
  "lt",
  "le",
  "pr",
  "xx",
  "EQ",
  "",
  "not",
  "and",
];

/** A pseudo-random number generator (mulberry32), so that a failure can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Percent-encodes any text, including lone surrogates, which encodeURIComponent() refuses. */
export function percent(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

export const contentTypes = [
  ...[
    "application/scim+json",
    "application/json",
    "application/scim+json; charset=utf-8",
    "application/scim+json",
  ],
  ...[
    "text/html",
    "application/json; charset=utf-16",
    "application/json; charset=x",
    "multipart/form-data",
    ";",
    "\x80",
  ],
];
