import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { strangersKey } from "../helpers/revocation.ts";
import {
  base64,
  byPublicKey,
  claimsText,
  type HostilePush,
  header,
  parts,
  refusedBy,
  signed,
  text,
} from "./hostile-table.ts";
import type { HostileSignals } from "./hostile-world.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

const withHeader =
  (authorization: string | undefined, path?: (world: HostileSignals) => string): HostilePush["send"] =>
  async (world) =>
    await world.push(await world.set(), { authorization }, path ? { path: path(world) } : {});
const right = "Bearer a-header-of-our-choice";
const at =
  (path: keyof HostileSignals["paths"]): HostilePush["send"] =>
  async (world) =>
    await world.push(await world.set(), {}, { path: world.paths[path] });
const typed =
  (type: string | undefined): HostilePush["send"] =>
  async (world) =>
    await world.push(await world.set(), { "content-type": type });

const headers = [
  ...refusedBy(
    "header-known",
    "authentication_failed",
    { status: 401 },
    ["no header", withHeader(undefined)],
    ["another header", withHeader("Bearer guess")],
    ["the header in another case", withHeader(right.toLowerCase())],
    ["a part of the header", withHeader(right.slice(0, -1))],
    ["the header and more", withHeader(`${right}x`)],
    ["the header's hash", withHeader("Bearer ciVxHSSmNzDAUxbXSV3c")],
    ["another tenant's header", withHeader("Bearer bravo's")],
    ["a stream without a header", withHeader(undefined, ({ paths }) => paths.noHeader)],
  ),
  ...refusedBy("header-known", "authentication_failed", { status: 401, otherwise: "set-key" }, [
    "our header at another tenant's stream",
    async (world) =>
      await world.push(await world.set({ header: { kid: "k2" } }), {}, { path: world.bravoPath }),
  ]),
  ...refusedBy(
    "header-known",
    "authentication_failed",
    { status: 401, otherwise: "a later step" },
    ["an unknown connection", withHeader(right, () => "/shared-signals/unknown")],
    ["the connection in another case", withHeader(right, ({ path }) => path.toUpperCase())],
  ),
];

const types = refusedBy(
  "body-type",
  "invalid_request",
  {},
  ["no content type", typed(undefined)],
  ["JSON", typed("application/json")],
  ["a plain JWT", typed("application/jwt")],
  ["a form", typed("application/x-www-form-urlencoded")],
  ["text with a charset", typed("text/plain; charset=utf-16")],
  ["the type with a prefix", typed("xapplication/secevent+jwt")],
  ["the type with more", typed("application/secevent+jwt2")],
  ["two types", typed("application/secevent+jwt, application/json")],
);

const streams = [
  ...refusedBy("connection-active", "access_denied", {}, [
    "a connection that is switched off",
    at("switchedOff"),
  ]),
  ...refusedBy("stream-set-up", null, { otherwise: "set-audience" }, [
    "a stream whose audience is not known yet",
    at("noAudience"),
  ]),
  ...refusedBy("stream-set-up", null, { otherwise: "a later step" }, [
    "a stream whose transmitter is not known yet",
    at("noTransmitter"),
  ]),
  ...refusedBy("stream-enabled", "access_denied", {}, ["an event on a disabled stream", at("disabled")]),
  ...refusedBy("keys-available", null, {}, ["a transmitter whose keys cannot be read", at("down")]),
];

const unreadable = [
  ...refusedBy(
    "set-readable",
    "invalid_request",
    { otherwise: "a later step" },
    ["an empty body", text(() => "")],
    ["a text", text(() => "nonsense")],
    ["the claims as JSON", text(claimsText)],
    ["a JWS in the JSON serialization", text(asJson)],
    ["an encrypted SET", text(() => `${base64({ alg: "dir", enc: "A256GCM" })}..aaaa.bbbb.cccc`)],
    ["two parts", text((world) => signed(world).split(".").slice(0, 2).join("."))],
    ["two SETs", text((world) => `${signed(world)}.${signed(world)}`)],
    ["claims that are a list", text((world) => signed(world, {}, "[]"))],
    ["claims that are not JSON", text((world) => signed(world, {}, "{"))],
    ["a UTF-16 body", text((world) => Buffer.from(signed(world), "utf16le").toString("latin1"))],
  ),
  ...refusedBy(
    "set-readable",
    "invalid_request",
    {},
    [
      "a critical header that we do not know",
      text((world) => signed(world, { crit: ["urn:example:x"], "urn:example:x": true })),
    ],
    ["a critical header with b64", text((world) => signed(world, { crit: ["b64"], b64: false }))],
    ["a SET as JSON", text((world) => JSON.stringify({ set: signed(world) }))],
    ["a header that is not JSON", text((world) => `e30x${signed(world)}`)],
    ["no algorithm", text((world) => signed(world, { alg: undefined }))],
  ),
];

function asJson(world: HostileSignals): string {
  const [head, payload, signature] = signed(world).split(".");
  return JSON.stringify({ protected: head, payload, signature });
}

const byEc = (data: string) =>
  sign("sha256", Buffer.from(data), { key: ec, dsaEncoding: "ieee-p1363" }).toString("base64url");
const byStranger = (data: string) =>
  sign("RSA-SHA256", Buffer.from(data), strangersKey).toString("base64url");
/** Signed by a stranger, who offers a key of their own in the header. */
const offered = (head: object) => text((world) => signed(world, head, claimsText(world), byStranger));
const resigned = (head: object, signer: (data: string, world: HostileSignals) => string) =>
  text((world) => signed(world, head, claimsText(world), signer));

const signatures = [
  ...refusedBy(
    "set-algorithm",
    "invalid_key",
    {},
    ["alg none", resigned({ alg: "none" }, () => "")],
    ["alg None, in another case", resigned({ alg: "None" }, () => "")],
    ["HS256 with the org's public key as the secret", resigned({ alg: "HS256" }, byPublicKey)],
    ["HS512 with the org's public key as the secret", resigned({ alg: "HS512" }, byPublicKey)],
    ["RS1", resigned({ alg: "RS1" }, byStranger)],
  ),
  ...refusedBy(
    "set-key",
    "invalid_key",
    {},
    ["an unknown key id", header({ kid: "k9" })],
    ["a key id that is a path", header({ kid: "../../../../dev/null" })],
    ["a key id that is a number", text((world) => signed(world, { kid: 1 }))],
    ["RS384 with a key for RS256", header({ alg: "RS384" })],
    ["ES256 with a stranger's key", resigned({ alg: "ES256" }, byEc)],
    [
      "a published key of 1,024 bits",
      resigned({ kid: "weak" }, (data, { weakKey }) =>
        sign("RSA-SHA256", Buffer.from(data), weakKey).toString("base64url"),
      ),
    ],
  ),
  ...refusedBy(
    "set-signature",
    "authentication_failed",
    {},
    ["a stranger's key under the org's key id", parts(() => ({ key: strangersKey }))],
    ["another tenant's transmitter", parts(({ bravoOrg }) => ({ key: bravoOrg.privateKey }))],
    ["a stranger's key in jwk", offered({ jwk: createPublicKey(strangersKey).export({ format: "jwk" }) })],
    ["a stranger's key at jku", offered({ jku: "https://evil.example/keys" })],
    ["a stranger's certificate at x5u", offered({ x5u: "https://evil.example/certificate" })],
    ["a stranger's certificate in x5c", offered({ x5c: ["MIIB"] })],
    ["no signature", resigned({}, () => "")],
    ["a signature without its last bytes", text((world) => signed(world).slice(0, -8))],
    ["claims changed after signing", text(withOtherClaims)],
  ),
];

function withOtherClaims(world: HostileSignals): string {
  const [head, , signature] = signed(world).split(".");
  return [head, Buffer.from(claimsText(world)).toString("base64url"), signature].join(".");
}

const others = refusedBy(
  "set-type",
  "invalid_request",
  {},
  ["no type", header({ typ: undefined })],
  ["the type JWT", header({ typ: "JWT" })],
  ["the type of a logout token", header({ typ: "logout+jwt" })],
  ["the type of an access token", header({ typ: "at+jwt" })],
  ["the type of a Universal Logout token", header({ typ: "global-token-revocation+jwt" })],
  ["a type that is a list", text((world) => signed(world, { typ: ["secevent+jwt"] }))],
);

/** Pushes that are refused by their request, stream or signature. */
export const hostileRequests: readonly HostilePush[] = [
  ...headers,
  ...types,
  ...streams,
  ...unreadable,
  ...signatures,
  ...others,
];
