import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import type { Connection, ConnectionSettings } from "../../src/model.ts";
import type { KeyStore } from "../../src/trust/jwks.ts";
import { type TokenVerifier, tokenVerifier } from "../../src/universal-logout/token.ts";

export const issuer = "https://acme.okta.example";
export const alias = "https://login.acme.example";
export const audience = "https://product.example/global-token-revocation";
const seconds = () => Math.floor(Date.now() / 1000);

export type Fields = Record<string, unknown>;

export const connection = (settings: ConnectionSettings | null) => ({ settings }) as Connection;

export interface Tokens {
  verify: TokenVerifier;
  /** The addresses whose keys were read in this test. */
  asked(): readonly string[];
  /** A token, signed by the org unless there is another key. */
  tokenOf(claims?: Fields, header?: Fields, key?: KeyObject): Promise<string>;
}

/** An org with one key, and a verifier that reads it. Defines a hook. */
export function useTokens(): Tokens {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  let asked: string[] = [];
  beforeEach(() => {
    asked = [];
  });
  /** Has the org's one key, like trust/jwks.ts. */
  const keys: KeyStore = {
    async verify(token, jwksUri, options) {
      asked.push(jwksUri);
      return (await jwtVerify(token, publicKey, { ...options, algorithms: ["RS256"] })).payload;
    },
  };
  return {
    verify: tokenVerifier(keys, () => Promise.resolve(`${issuer}/keys`)),
    asked: () => asked,
    async tokenOf(claims = {}, header = {}, key = privateKey) {
      const times = { iat: seconds(), nbf: seconds() - 300, exp: seconds() + 300 };
      const all = { jti: randomUUID(), iss: issuer, sub: "0oa1", aud: audience, ...times, ...claims };
      return await new SignJWT(all as Fields)
        .setProtectedHeader({
          typ: "global-token-revocation+jwt",
          alg: "RS256",
          kid: "k",
          ...header,
        } as never)
        .sign(key);
    },
  };
}

/** Tokens that are invalid for every kind of connection. The claims are made by the test, because their times pass. */
export const wrongTokens: [what: string, claims: Fields | (() => Fields), header: Fields, problem: RegExp][] =
  [
    ["another type", {}, { typ: "JWT" }, /"typ"/],
    ["another issuer", { iss: "https://evil.example" }, {}, /"iss"/],
    ["no issuer", { iss: undefined }, {}, /"iss"/],
    ["another application", { sub: "0oa2" }, {}, /"sub"/],
    ["no application", { sub: undefined }, {}, /"sub"/],
    ["another audience", { aud: `${audience}?x=1` }, {}, /"aud"/],
    ["no audience", { aud: undefined }, {}, /"aud"/],
    ["no id", { jti: undefined }, {}, /"jti"/],
    ["no expiry", { exp: undefined }, {}, /"exp"/],
    ["no time of issue", { iat: undefined }, {}, /"iat"/],
    ["a time that is over", () => ({ exp: seconds() - 120 }), {}, /"exp"/],
    ["a time to come", () => ({ nbf: seconds() + 120 }), {}, /"nbf"/],
    ["an age of twenty minutes", () => ({ iat: seconds() - 1200 }), {}, /"iat"/],
  ];
