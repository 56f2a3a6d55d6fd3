import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type CryptoKey, exportJWK, exportSPKI, type JWK } from "jose";
import type { RefusalReason } from "../../src/errors.ts";
import { createTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import { type Deviation, signed } from "../helpers/hostile-provider.ts";
import { useHostileSite } from "../helpers/hostile-sign-in.ts";

type Fields = Record<string, unknown>;
type Case = [name: string, deviation: Deviation, reason?: RefusalReason];

const seconds = () => Math.floor(Date.now() / 1000);
const claims = (change: Fields): Deviation => ({ claims: (all) => void Object.assign(all, change) });
const without = (name: string): Deviation => ({ claims: (all) => void delete all[name] });
const userInfo = (change: Fields): Deviation => ({ userInfo: (all) => void Object.assign(all, change) });
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const byForeignKey: Deviation["token"] = (header, all, { keys }) =>
  signed(header, all, keys.foreign.privateKey);

const claimCases: Case[] = [
  ["another issuer", claims({ iss: "https://evil.example" })],
  [
    "the issuer with a slash at its end",
    { claims: (all) => void Object.assign(all, { iss: `${all.iss}/` }) },
  ],
  ["no issuer", without("iss")],
  ["another audience", claims({ aud: "0oa-other" })],
  ["no audience", without("aud")],
  ["an empty list of audiences", claims({ aud: [] })],
  ["two audiences and another azp", claims({ aud: ["0oa-client", "0oa-other"], azp: "0oa-other" })],
  ["two audiences and no azp", claims({ aud: ["0oa-client", "0oa-other"] })],
  ["the right audience and another azp", claims({ azp: "0oa-other" })],
  ["another nonce", claims({ nonce: "another" })],
  ["no nonce", without("nonce")],
  [
    "an expired token",
    { claims: (all) => void Object.assign(all, { exp: seconds() - 3600, iat: seconds() - 7200 }) },
  ],
  [
    "a token that expired 90 seconds ago",
    { claims: (all) => void Object.assign(all, { exp: seconds() - 90 }) },
  ],
  ["no expiry", without("exp")],
  ["an expiry that is text", claims({ exp: "tomorrow" })],
  ["a token that is not valid yet", { claims: (all) => void Object.assign(all, { nbf: seconds() + 3600 }) }],
  ["no time of issue", without("iat")],
  ["a token issued an hour ago", { claims: (all) => void Object.assign(all, { iat: seconds() - 3600 }) }],
  ["a token issued in the future", { claims: (all) => void Object.assign(all, { iat: seconds() + 3000 }) }],
  ["an empty subject", claims({ sub: "" })],
  [
    "a subject of spaces",
    {
      claims: (all) => void Object.assign(all, { sub: "   " }),
      userInfo: (all) => void Object.assign(all, { sub: "   " }),
    },
  ],
  ["a subject that is a number", claims({ sub: 42 })],
  ["no subject", without("sub")],
  [
    "a subject with a NUL",
    {
      claims: (all) => void Object.assign(all, { sub: "a\0b" }),
      userInfo: (all) => void Object.assign(all, { sub: "a\0b" }),
    },
  ],
  [
    "a subject of 10 kB",
    {
      claims: (all) => void Object.assign(all, { sub: "s".repeat(10_000) }),
      userInfo: (all) => void Object.assign(all, { sub: "s".repeat(10_000) }),
    },
  ],
  ["an at_hash of another access token", claims({ at_hash: "AAAAAAAAAAAAAAAAAAAAAA" })],
];

const signatureCases: Case[] = [
  ["alg none", { token: (header, all) => `${part({ ...header, alg: "none" })}.${part(all)}.` }],
  [
    "HS256 with the client secret",
    { token: (_, all, { clientSecret }) => signed({ alg: "HS256" }, all, Buffer.from(clientSecret)) },
  ],
  [
    "HS256 with the public key",
    {
      token: async (_, all, { keys }) =>
        signed({ alg: "HS256", kid: "own" }, all, Buffer.from(await exportSPKI(keys.own.publicKey))),
    },
  ],
  [
    "ES256 by a published key",
    {
      keys: (set) => void set.keys.push({ ...set.keys[0], kid: "ec" } as never),
      token: (_, all, { keys }) => signed({ alg: "ES256", kid: "ec" }, all, keys.elliptic.privateKey),
    },
  ],
  [
    "RS384 in the header",
    { token: (header, all, { keys }) => reSigned(header, all, keys.own.privateKey, "RS384") },
  ],
  ["an unknown key id", { header: (header) => void Object.assign(header, { kid: "unknown" }) }],
  [
    "no key id, with several keys",
    {
      header: (header) => void delete header.kid,
      keys: (set) => void set.keys.push({ ...set.keys[0], kid: "b" } as never),
    },
  ],
  ["a foreign key under our key id", { token: byForeignKey }],
  [
    "a foreign key in the header (jwk)",
    {
      token: async (header, all, { keys }) =>
        signed({ ...header, jwk: await exportJWK(keys.foreign.publicKey) }, all, keys.foreign.privateKey),
    },
  ],
  [
    "a foreign key at an address (jku)",
    {
      token: (header, all, { keys, issuer }) =>
        signed({ ...header, jku: `${issuer}/foreign` }, all, keys.foreign.privateKey),
    },
  ],
  [
    "a foreign certificate in the header (x5c)",
    { token: (header, all, { keys }) => signed({ ...header, x5c: ["MIIB"] }, all, keys.foreign.privateKey) },
  ],
  [
    "an unknown critical extension",
    {
      token: async (header, all, { keys }) =>
        withHeader(await signed(header, all, keys.own.privateKey), { ...header, crit: ["x"], x: 1 }),
    },
  ],
  [
    "no signature",
    {
      answer: (answer) =>
        void Object.assign(answer, { id_token: String(answer.id_token).replace(/[^.]*$/, "") }),
    },
  ],
  [
    "a signature cut short",
    { answer: (answer) => void Object.assign(answer, { id_token: String(answer.id_token).slice(0, -8) }) },
  ],
  [
    "claims changed after signing",
    { answer: (answer) => void Object.assign(answer, { id_token: forged(String(answer.id_token)) }) },
  ],
  ["no ID token", { answer: (answer) => void delete answer.id_token }],
  ["an ID token that is a number", { answer: (answer) => void Object.assign(answer, { id_token: 1 }) }],
  ["no access token", { answer: (answer) => void delete answer.access_token }],
  ["a token type of its own", { answer: (answer) => void Object.assign(answer, { token_type: "mac" }) }],
];

const profileCases: Case[] = [
  ["another subject at /userinfo", userInfo({ sub: "00u-other" })],
  ["no subject at /userinfo", { userInfo: (all) => void delete all.sub }],
  ["a subject that is a number at /userinfo", userInfo({ sub: 42 })],
  ["no address", { userInfo: (all) => void delete all.email }, "profile-incomplete"],
  ["an address that is a list", userInfo({ email: ["a@acme.example"] }), "profile-incomplete"],
  [
    "names and addresses that are objects",
    userInfo({ email: {}, preferred_username: {}, name: {} }),
    "profile-incomplete",
  ],
  [
    "a login name of spaces and no address",
    userInfo({ preferred_username: " ", email: " " }),
    "profile-incomplete",
  ],
  ["an address with a NUL", userInfo({ email: "ada\0@acme.example" })],
  ["a login name with a NUL", userInfo({ preferred_username: "ada\0@acme.example" })],
  ["a login name of 10 kB", userInfo({ preferred_username: "x".repeat(10_000) })],
];

async function reSigned(header: Fields, all: Fields, key: CryptoKey, alg: string): Promise<string> {
  const jwk = await exportJWK(key);
  const hash = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" };
  const other = await crypto.subtle.importKey("jwk", { ...jwk } as JWK, hash, false, ["sign"]);
  return await signed({ ...header, alg }, all, other);
}

const withHeader = (token: string, header: Fields) => [part(header), ...token.split(".").slice(1)].join(".");

function forged(token: string): string {
  const [header, payload = "", signature] = token.split(".");
  const all = JSON.parse(Buffer.from(payload, "base64url").toString());
  return [header, part({ ...all, email: "boss@acme.example" }), signature].join(".");
}

describe("a hostile provider's tokens", () => {
  describe("on SQLite", () => {
    let current: TestDatabase;
    before(async () => {
      current = await createTestDatabase("SQLite");
    });
    after(() => current.dispose());
    const site = useHostileSite(() => current);

    it("are refused while a valid token signs in", async () => {
      const journey = await site().journey();
      const answer = await site().signIn(journey, "00u-control");
      assert.equal(answer.status, 303, answer.text);
      const account = await journey.client.get("/account");
      assert.match(account.text, /Ada/);
      assert.match(account.text, /00u-control@acme\.example/);
    });

    it("may be up to a minute late, because clocks differ", async () => {
      const late = await site().journey({
        claims: (all) => void Object.assign(all, { exp: seconds() - 30 }),
      });
      assert.equal((await site().signIn(late, "00u-late")).status, 303);
    });

    it("cannot pollute prototypes by the names of claims", async () => {
      const text = '{"__proto__":{"admin":true},"constructor":"x","toString":"y","hasOwnProperty":1}';
      const odd = JSON.parse(text) as Fields;
      const journey = await site().journey({
        token: (header, all, { keys }) => {
          const payload = JSON.parse(`${JSON.stringify(all).slice(0, -1)},${text.slice(1)}`) as Fields;
          return signed(header, payload, keys.own.privateKey);
        },
        userInfo: (all) => {
          for (const name of Object.keys(odd)) {
            Object.defineProperty(all, name, { value: odd[name], enumerable: true });
          }
        },
      });
      assert.equal((await site().signIn(journey, "00u-odd")).status, 303);
      assert.equal(({} as Fields).admin, undefined);
    });

    for (const [name, deviation, reason] of [...claimCases, ...signatureCases, ...profileCases]) {
      it(`are refused: ${name}`, async () => {
        const journey = await site().journey(deviation);
        // A new person in each case, so that an accepted sign-in cannot hide behind an earlier one.
        const subject = `00u-${randomUUID()}`;
        await site().refuses(reason ?? "provider-answer-not-valid", () => site().signIn(journey, subject));
        assert.equal(journey.provider.asked.elsewhere, 0);
        assert.equal(journey.provider.asked.token, 1);
      });
    }
  });
});
