import {
  contentTypes,
  deep,
  deepObject,
  long,
  numbers,
  texts,
} from "../../../test/helpers/malformed-words.ts";
import type { Random } from "./random.ts";
import type { Body, Template } from "./template.ts";

/** Changes one part of a request. Applied to any request, so that a shorter list of them is a request, too. */
export type Mutation = (template: Template, random: Random) => void;

/** More texts than those of SCIM: what other protocols, browsers and databases treat in a special way. */
const words = [
  ...texts,
  ...[
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "%2e%2e%2f",
    "%00",
    "%ff",
  ],
  ...[
    "a[b]=c",
    "a.b",
    "0",
    "-1",
    "1e9",
    "9".repeat(40),
    "true",
    "[]",
    "{}",
    "\r\nX: y",
    "<!--",
    "]]>",
    "&amp;",
  ],
  ...["eyJhbGciOiJub25lIn0.e30.", "..", "a.b.c", "=", "====", "AAAA", "+", " "],
];

export const mutations: Record<string, Mutation> = {
  method(template, random) {
    template.method = random.pick(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"]);
  },

  path(template, random) {
    const segments = template.path.split("/");
    const at = random.upTo(segments.length - 1);
    const word = encodeURI(Buffer.from(random.pick(words).slice(0, 300)).toString());
    segments[at] = random.pick([
      word,
      "",
      "..",
      "%2e%2e",
      "%",
      `${segments[at]}%00`,
      (segments[at] ?? "").toUpperCase(),
    ]);
    template.path = `/${segments.join("/").replace(/^\/+/, random.pick(["", "", "/"]))}`;
  },

  query(template, random) {
    changePairs(template.query, random);
  },

  header(template, random) {
    const [name, values] = random.pick<[string, readonly string[]]>([
      ["content-type", contentTypes.map((type) => (/^[\x20-\x7e]*$/.test(type) ? type : "x"))],
      ["content-encoding", ["gzip", "br", "x"]],
      ["accept", ["text/html", "application/json", "*/*", "q=;", ""]],
      ["authorization", ["", "Bearer", "Bearer x", "Basic eA==", "DPoP x", long(4_000)]],
      [
        "cookie",
        ["session=s%3Ax.y", "session=", "__Host-session=x; session=y", "signing-in=x", ";;=;", long(3_000)],
      ],
      ["origin", ["null", "https://evil.example", ""]],
      ["if-match", ["*", '"', ",,,", long(2_000)]],
      ["if-none-match", ["*", '""', "W/"]],
      ["idempotency-key", ["", long(300), "x", "\u00ff"]],
      ["dpop", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."]],
      ["x-forwarded-host", ["evil.example", "<b>"]],
      ["x-forwarded-for", ["x", "1.2.3.4, ::1", long(2_000)]],
      ["accept-language", ["*", "xx-<b>", long(500)]],
      ["last-event-id", ["-1", "x", "99999999999999999999"]],
      ["range", ["bytes=0-1,5-", "x"]],
    ]);
    template.headers[name] = random.pick(values);
  },

  noHeader(template, random) {
    delete template.headers[random.pick(Object.keys(template.headers))];
  },

  body({ body }, random) {
    if (body?.kind === "form") changePairs(body.fields, random);
    if (body?.kind === "json") body.value = changeValue(body.value, random);
    if (body?.kind === "raw") body.bytes = changeBytes(body.bytes, random);
  },

  bytes(template, random) {
    if (template.body) template.body = { kind: "raw", bytes: changeBytes(rawOf(template.body), random) };
  },

  otherBody(template, random) {
    template.body = random.pick<Body | null>([
      null,
      { kind: "raw", bytes: Buffer.alloc(0) },
      { kind: "raw", bytes: Buffer.from(deep(20_000)) },
      { kind: "raw", bytes: Buffer.from(deepObject(10_000)) },
      { kind: "raw", bytes: Buffer.from(`a=${"&a=".repeat(2_000)}`) },
      { kind: "json", value: random.pick([null, [], 1, "x", { __proto__: null, constructor: 1 }]) },
    ]);
  },
};

function rawOf(body: Body): Buffer {
  if (body.kind === "raw") return body.bytes;
  return Buffer.from(
    body.kind === "json" ? (JSON.stringify(body.value) ?? "") : new URLSearchParams(body.fields).toString(),
  );
}

function changePairs(pairs: [string, string][], random: Random): void {
  const at = random.upTo(Math.max(0, pairs.length - 1));
  const [name, value] = pairs[at] ?? ["x", ""];
  const replace = (pair: [string, string]) => pairs.splice(at, 1, pair);
  const changes: (() => unknown)[] = [
    () => pairs.splice(at, 1),
    () => pairs.push([name, random.pick(words)]),
    () => pairs.push([random.pick(words).slice(0, 200), value]),
    () => replace([`${name}[]`, value]),
    () => replace([name, random.pick(words)]),
    () => replace([name, changeText(value, random)]),
    () => replace([name, changeText(value, random)]),
  ];
  random.pick(changes)();
}

/** Replaces, deletes, repeats or wraps one value inside a JSON document. */
export function changeValue(value: unknown, random: Random): unknown {
  const isInside = typeof value === "object" && value !== null && random.happens(0.75);
  if (isInside && Array.isArray(value)) {
    if (value.length === 0) return [anyValue(random)];
    const at = random.upTo(value.length - 1);
    return random.pick([
      () => value.toSpliced(at, 1, changeValue(value[at], random)),
      () => value.toSpliced(at, 1),
      () => [...value, ...value],
      () => [...value, anyValue(random)],
    ])();
  }
  if (isInside) {
    const entries = Object.entries(value);
    const [name, one] = random.pick(entries) ?? [];
    if (name === undefined) return { [random.pick(words)]: anyValue(random) };
    const { [name]: _, ...others } = value as Record<string, unknown>;
    return random.pick([
      () => ({ ...others, [name]: changeValue(one, random) }),
      () => ({ ...others, [name]: changeValue(one, random) }),
      () => others,
      () => ({ ...value, [random.pick(words)]: anyValue(random) }),
      () => ({ ...others, [name.toUpperCase()]: one }),
    ])();
  }
  if (typeof value === "string" && random.happens(0.5)) return changeText(value, random);
  return anyValue(random);
}

function anyValue(random: Random): unknown {
  return random.pick<() => unknown>([
    () => random.pick(words),
    () => random.pick(numbers),
    () => random.pick([true, false, null]),
    () => [random.pick(words)],
    () => ({ [random.pick(words)]: random.pick(words) }),
    () => JSON.parse(deep(200)),
  ])();
}

/** Changes a text. One that carries XML or a token is opened first, so that the change gets past the outer layer. */
function changeText(text: string, random: Random): string {
  const xml = text.length > 40 ? Buffer.from(text, "base64").toString() : "";
  if (xml.startsWith("<")) return Buffer.from(changeXml(xml, random)).toString("base64");
  if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(text)) return changeToken(text, random);
  const at = random.upTo(text.length);
  return random.pick([
    () => text.slice(0, at),
    () => text.slice(at),
    () => text.slice(0, at) + random.pick(words).slice(0, 400) + text.slice(at),
    () => text + text,
    () => text.toUpperCase(),
  ])();
}

function changeToken(token: string, random: Random): string {
  const parts = token.split(".");
  const at = random.upTo(1);
  try {
    const opened = JSON.parse(Buffer.from(parts[at] ?? "", "base64url").toString());
    parts[at] = Buffer.from(JSON.stringify(changeValue(opened, random)) ?? "").toString("base64url");
  } catch {
    parts[at] = random.pick(["", "e30", "AAAA"]);
  }
  return random.happens(0.8) ? parts.join(".") : parts.slice(0, 2).join(".");
}

function changeXml(xml: string, random: Random): string {
  const tags = [...xml.matchAll(/<\/?[^>]+>/g)];
  const tag = random.pick(tags);
  const [at, text] = [tag?.index ?? 0, tag?.[0] ?? ""];
  const attribute = / ([\w:]+)="([^"]*)"/;
  return random.pick([
    () => xml.slice(0, at) + xml.slice(at + text.length),
    () => xml.slice(0, at) + text + xml.slice(at),
    () =>
      xml.slice(0, at) +
      text.replace(attribute, () => ` x="${random.pick(words)}"`) +
      xml.slice(at + text.length),
    () => xml.slice(0, at) + text.replace(attribute, "") + xml.slice(at + text.length),
    () => xml.slice(0, at) + random.pick(words) + xml.slice(at),
    () => `${xml.slice(0, at)}<!--${random.pick(words)}-->${xml.slice(at)}`,
    () => `<!DOCTYPE a [<!ENTITY b "${"x".repeat(50)}">]>${xml.slice(0, at)}&b;${xml.slice(at)}`,
    () => xml.slice(0, at) + "<x>".repeat(3_000) + "</x>".repeat(3_000) + xml.slice(at),
    () => `${xml.slice(0, at)}<?x ${random.pick(["y", "<b>"])}?>${xml.slice(at)}`,
    () => xml.replaceAll(/(?<=<\/?)\w+(?=:)/g, random.pick(["other", "x", ""])),
    () => changeBytes(Buffer.from(xml), random).toString("latin1"),
  ])();
}

function changeBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.upTo(bytes.length);
  return random.pick([
    () => bytes.subarray(0, at),
    () => Buffer.concat([bytes.subarray(0, at), Buffer.from([random.upTo(255)]), bytes.subarray(at)]),
    () =>
      Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from([0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80]),
        bytes.subarray(at),
      ]),
    () => Buffer.concat([bytes, bytes]),
    () => {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << random.upTo(7));
      return flipped;
    },
  ])();
}
