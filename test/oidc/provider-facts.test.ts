import assert from "node:assert/strict";
import { InvalidError } from "../../src/errors.ts";
import { checkAlias, readProvider } from "../../src/oidc/provider-facts.ts";
import {
  type Deviation,
  type HostileProvider,
  hostileKeys,
  type Keys,
  newHostileKeys,
  startHostileProvider,
} from "../helpers/hostile-provider.ts";

const limits = { allowPrivateNetwork: true };

const metadata = (change: Record<string, unknown>): Deviation => ({
  discovery: (document) => void Object.assign(document, change),
});

const refused: [what: string, deviation: Deviation, message: RegExp][] = [
  [
    "another issuer",
    metadata({ issuer: "https://acme.okta.com" }),
    /says that its issuer is https:\/\/acme\.okta\.com\. Enter that address\.$/,
  ],
  ["an issuer of a megabyte", metadata({ issuer: "x".repeat(900_000) }), /^.{0,400}$/],
  ["no code flow", metadata({ response_types_supported: ["id_token"] }), /authorization code flow/],
  ["no RS256", metadata({ id_token_signing_alg_values_supported: ["ES256"] }), /RS256/],
  ["no PKCE", metadata({ code_challenge_methods_supported: undefined }), /PKCE by S256/],
  ["no userinfo", metadata({ userinfo_endpoint: undefined }), /userinfo_endpoint is missing or not valid/],
  ["a script for keys", metadata({ jwks_uri: "javascript:alert(1)" }), /jwks_uri is missing or not valid/],
  ["a page", { raw: { discovery: { body: "<h1>Welcome</h1>" } } }, /does not answer like an Okta org/],
  ["nothing", { raw: { discovery: { status: 404 } } }, /answered 404 instead of 200/],
  ["a redirect", { raw: { discovery: { status: 302 } } }, /redirects are not followed/],
  ["no key", { keys: (set) => void set.keys.splice(0) }, /publishes no RSA key/],
  [
    "a key of another kind",
    { keys: (set) => void Object.assign(set.keys[0] ?? {}, { kty: "EC" }) },
    /no RSA key/,
  ],
  ["keys that cannot be read", { raw: { keys: { status: 500 } } }, /answered 500/],
];

describe("the facts that a provider publishes", () => {
  let keys: Keys;
  const providers: HostileProvider[] = [];
  before(async () => {
    keys = await hostileKeys();
  });
  afterEach(async () => {
    for (const provider of providers.splice(0)) await provider.close();
  });
  const start = async (deviation: Deviation = {}, signing = keys) => {
    const provider = await startHostileProvider(signing, deviation);
    providers.push(provider);
    return provider.issuer;
  };

  it("are its endpoints and its keys", async () => {
    const issuer = await start();
    assert.deepEqual(await readProvider(issuer, limits), {
      issuer,
      authorizationEndpoint: `${issuer}/oauth2/v1/authorize`,
      tokenEndpoint: `${issuer}/oauth2/v1/token`,
      userinfoEndpoint: `${issuer}/oauth2/v1/userinfo`,
      jwksUri: `${issuer}/oauth2/v1/keys`,
      endSessionEndpoint: null,
      keyIds: ["own"],
    });
  });

  for (const [what, deviation, message] of refused) {
    it(`are refused with a sentence: ${what}`, async () => {
      const issuer = await start(deviation);
      await assert.rejects(readProvider(issuer, limits), (error) => {
        assert.ok(error instanceof InvalidError);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it("are not read from our own network", async () => {
    const issuer = await start();
    await assert.rejects(readProvider(issuer, { allowPrivateNetwork: false }), InvalidError);
  });

  it("show that two addresses are one org if both publish the same keys, in any order", async () => {
    const second = (set: { keys: object[] }, front: boolean) => {
      const one = { kty: "RSA", kid: "second", n: "n", e: "AQAB" };
      if (front) set.keys.unshift(one);
      else set.keys.push(one);
    };
    const issuer = await start({ keys: (set) => second(set, true) });
    await checkAlias(issuer, await start({ keys: (set) => second(set, false) }), limits);
    for (const stranger of [await start(), await start({}, await newHostileKeys())])
      await assert.rejects(checkAlias(issuer, stranger, limits), /signs with other keys/);
    await assert.rejects(checkAlias(issuer, issuer, limits), /This is the issuer itself/);
  });
});
