import {
  attributes,
  bulkUrn,
  contentTypes,
  deep,
  deepObject,
  enterprise,
  long,
  numbers,
  operators,
  patchUrn,
  percent,
  searchUrn,
  seeded,
  texts,
} from "./malformed-words.ts";

/** Generates malformed SCIM requests, the same ones for the same seed. */

export interface RawRequest {
  method: string;
  /** As sent over the wire, because an HTTP client could repair it. */
  path: string;
  headers: Record<string, string>;
  body: Buffer | null;
}

export function malformedRequests(seed: number, count: number, knownId: string): RawRequest[] {
  const random = seeded(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const some = (most: number) => Math.floor(random() * (most + 1));

  function value(depth = 0): unknown {
    const kind = some(depth > 3 ? 3 : 6);
    if (kind === 0) return pick(texts);
    if (kind === 1) return pick(numbers);
    if (kind === 2) return pick([true, false, null]);
    if (kind === 3) return pick([knownId, "work", "ada@acme.example"]);
    if (kind === 4) return Array.from({ length: some(3) }, () => value(depth + 1));
    return Object.fromEntries(Array.from({ length: some(4) }, () => [key(), value(depth + 1)]));
  }
  const key = () =>
    pick([
      ...attributes,
      "value",
      "type",
      "primary",
      "op",
      "path",
      "Operations",
      "$ref",
      pick(texts),
      'emails[type eq "work"].value',
    ]);

  const literal = () =>
    pick([JSON.stringify(pick(texts)), String(pick(numbers)), "true", "null", '"', pick(texts), '"\\u12"']);
  function filter(depth = 0): string {
    const kind = some(depth > 4 ? 2 : 7);
    if (kind <= 2) return `${pick(attributes)} ${pick(operators)} ${literal()}`;
    if (kind === 3) return `not (${filter(depth + 1)}`;
    if (kind === 4) return `(${filter(depth + 1)})`;
    if (kind === 5) return `${pick(attributes)}[${filter(depth + 1)}]`;
    if (kind === 6) return "(".repeat(some(3_000)) + filter(depth + 1);
    return `${filter(depth + 1)} ${pick(["and", "or", "xor", ""])} ${filter(depth + 1)}`;
  }
  const shuffled = (text: string) => {
    const at = some(text.length);
    return pick([
      text.slice(0, at),
      text.slice(at),
      text.slice(0, at) + pick(texts).slice(0, 50) + text.slice(at),
    ]);
  };

  const encoded = (text: string) =>
    pick([percent(text), percent(shuffled(text)), "%", "%zz", "%00", "%c3%28", "%ed%a0%80", "%ff"]);
  const id = () =>
    pick([
      knownId,
      knownId.toUpperCase(),
      encoded(pick(texts).slice(0, 500)),
      ".search",
      "..",
      ".",
      "%2e%2e",
      "%2f",
      "a%2fb",
    ]);
  const path = () =>
    pick([
      ...[
        "/Users",
        "/Groups",
        "/Users",
        "/Groups",
        `/Users/${id()}`,
        `/Groups/${id()}`,
        `/Users/${id()}`,
        "/Bulk",
      ],
      ...[
        "/Users/.search",
        "/Groups/.search",
        "/Schemas",
        `/Schemas/${id()}`,
        "/ResourceTypes",
        `/Roles/${id()}`,
        "/Roles",
      ],
      ...[
        "/ServiceProviderConfig",
        "//Users",
        "/Users//",
        "/users",
        `/Users/${id()}/${id()}`,
        "/",
        "/%",
        `/${id()}`,
      ],
    ]);
  const parameter = () =>
    pick([
      () => `filter=${percent(filter()).slice(0, 6_000)}`,
      () => `filter=${percent(filter()).slice(0, 6_000)}&filter=x`,
      () =>
        `${pick(["startIndex", "count", "cursor"])}=${percent(String(pick([...numbers, "abc", "", "1e9", "0x10", "٣", "99999999999999999999"])))}`,
      () =>
        `cursor=${Buffer.from(pick(["after:", "after:-1", "after:9999999999999999", "after:1.5", "x"])).toString("base64url")}`,
      () =>
        `${pick(["attributes", "excludedAttributes", "sortBy", "sortOrder"])}=${percent(pick(attributes))},${percent(pick(texts).slice(0, 100))}`,
      () =>
        `sortBy=${pick(["userName", "displayName", "id", "meta.created", "emails"])}&sortOrder=${encoded("descending")}`,
      () => `${encoded(pick(texts).slice(0, 60))}=${encoded(pick(texts).slice(0, 60))}`,
      () => pick(["&&&", "=", "?", "a[b]=c"]),
    ])();

  const patchBody = () => ({
    schemas: pick([[patchUrn], [], patchUrn, null]),
    Operations: pick([
      Array.from({ length: some(3) }, () => ({
        op: pick(["add", "replace", "remove", "Add", "move", null]),
        path: pick([
          ...attributes,
          filter(),
          null,
          undefined,
          1,
          `members[value eq "${knownId}"]`,
          `emails[${filter()}].value`,
        ]),
        value: value(),
      })),
      value(),
    ]),
  });
  const bulkBody = () => ({
    schemas: [bulkUrn],
    failOnErrors: pick([undefined, 1, ...numbers]),
    Operations: Array.from({ length: some(3) }, () => ({
      method: pick(["POST", "PUT", "PATCH", "DELETE", "GET"]),
      path: pick([`/Users/${id()}`, "/Users", "/Groups", `/Groups/${id()}`, "/Users/bulkId:x", "/Bulk"]),
      bulkId: value(3),
      data: pick([value(), patchBody()]),
    })),
  });
  const resource = () => ({
    userName: pick([...texts, value()]),
    displayName: pick([...texts, value()]),
    [pick(attributes)]: value(),
    [key()]: value(),
    members: pick([undefined, value(), [{ value: pick([knownId, ...texts]) }]]),
    ...pick([{}, { externalId: pick(texts) }, { emails: value() }, { [enterprise]: value() }]),
  });
  const searchBody = () => ({
    schemas: [searchUrn],
    filter: pick([filter(), value()]),
    [pick(["count", "startIndex", "attributes", "sortBy"])]: value(),
  });
  const json = () =>
    JSON.stringify(pick([resource, resource, patchBody, patchBody, bulkBody, searchBody, value])()) ??
    "undefined";
  const body = (): Buffer =>
    pick([
      ...[
        () => Buffer.from(json()),
        () => Buffer.from(json()),
        () => Buffer.from(json()),
        () => Buffer.from(shuffled(json())),
      ],
      () =>
        Buffer.from(
          pick([
            deep(50_000),
            deepObject(20_000),
            `{"userName":${deep(5_000)}}`,
            `{"schemas":["${bulkUrn}"],"Operations":${deep(3_000)}}`,
          ]),
        ),
      () => Buffer.from(`{"userName":${pick(["1e400", "-", "01", "0x1", "NaN", `"\\ud800"`, `"\\u0000"`])}}`),
      () =>
        Buffer.concat([
          Buffer.from('{"userName":"'),
          Buffer.from([0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80]),
          Buffer.from('"}'),
        ]),
      () => Buffer.from(Array.from({ length: some(64) }, () => some(255))),
      () => Buffer.from("\ufeff{}", "utf16le"),
      // Sound, so that some requests succeed and others find the name taken.
      () => Buffer.from(JSON.stringify({ userName: `u${some(2)}`, displayName: `g${some(2)}` })),
    ])();

  const headers = (): Record<string, string> => ({
    "content-type": pick(contentTypes),
    ...pick([
      ...[
        {},
        {},
        {},
        { "if-match": pick(['W/"1"', "*", '"', ",,,", "\xff", long(2_000)]) },
        { "if-none-match": pick(["*", '""', ","]) },
      ],
      ...[
        { accept: pick(["text/html", "*/*", "q=;", ""]) },
        { "content-encoding": pick(["gzip", "br", "x", "deflate"]) },
      ],
      ...[
        { authorization: pick(["", "Bearer", "Basic eA==", "\xff", long(4_000)]) },
        { cookie: "session=s%3Ax.y" },
        { "x-forwarded-host": "<b>" },
      ],
    ]),
  });

  return Array.from({ length: count }, () => {
    const method = pick([
      "GET",
      "GET",
      "POST",
      "POST",
      "PUT",
      "PATCH",
      "PATCH",
      "DELETE",
      "HEAD",
      "OPTIONS",
      "PURGE",
    ]);
    const parameters = random() < 0.5 ? `?${Array.from({ length: 1 + some(1) }, parameter).join("&")}` : "";
    const hasBody = ["POST", "PUT", "PATCH"].includes(method) || random() < 0.05;
    return {
      method,
      path: `/scim/v2${path()}${parameters}`,
      headers: headers(),
      body: hasBody ? body() : null,
    };
  });
}
