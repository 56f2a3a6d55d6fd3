import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { RefusalReason } from "../../src/errors.ts";
import { createTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import type { Deviation } from "../helpers/hostile-provider.ts";
import { useHostileSite } from "../helpers/hostile-sign-in.ts";

type Endpoint = keyof NonNullable<Deviation["raw"]>;
type Raw = NonNullable<NonNullable<Deviation["raw"]>[Endpoint]>;
type Case = [name: string, endpoint: Endpoint, raw: Raw, reason: RefusalReason];

const unavailable = "provider-unavailable";
const notValid = "provider-answer-not-valid";
const elsewhere = (status: number): Raw => ({ status, headers: { location: "/elsewhere" } });
const huge: Raw = { body: JSON.stringify({ padding: "x".repeat(2_000_000) }) };
const page: Raw = { headers: { "content-type": "text/html" }, body: "<h1>Welcome</h1>" };
const broken: Raw = { body: '{"issuer":' };

const cases: Case[] = [
  ["discovery that redirects", "discovery", elsewhere(302), notValid],
  ["discovery that hangs", "discovery", "hang", unavailable],
  ["discovery of 2 MB", "discovery", huge, unavailable],
  ["discovery that is a page", "discovery", page, notValid],
  ["discovery that is cut off", "discovery", broken, notValid],
  ["no discovery", "discovery", { status: 404, body: "{}" }, notValid],
  ["keys that redirect", "keys", elsewhere(302), unavailable],
  ["keys that hang", "keys", "hang", unavailable],
  ["keys of 2 MB", "keys", huge, unavailable],
  ["keys that are a page", "keys", page, unavailable],
  ["keys that are not a key set", "keys", { body: '{"keys":1}' }, unavailable],
  ["an empty key set", "keys", { body: '{"keys":[]}' }, notValid],
  ["no keys", "keys", { status: 404, body: "{}" }, unavailable],
  // A 307 redirect would send the code and our client secret to another address.
  ["a token endpoint that redirects with the body", "token", elsewhere(307), notValid],
  ["a token endpoint that redirects", "token", elsewhere(302), notValid],
  ["a token endpoint that hangs", "token", "hang", unavailable],
  ["tokens of 2 MB", "token", huge, unavailable],
  ["tokens that are a page", "token", page, notValid],
  ["tokens that are cut off", "token", broken, notValid],
  ["a token endpoint that fails", "token", { status: 500, body: "{}" }, unavailable],
  [
    "a token endpoint that says that it fails",
    "token",
    { status: 503, body: '{"error":"temporarily_unavailable"}' },
    unavailable,
  ],
  [
    "a token endpoint that is asked too often",
    "token",
    { status: 429, body: '{"error":"slow"}' },
    unavailable,
  ],
  ["a token endpoint with too much to do", "token", { status: 429, body: "{}" }, unavailable],
  ["a code that the provider refuses", "token", { status: 400, body: '{"error":"invalid_grant"}' }, notValid],
  [
    "a client that it does not know",
    "token",
    { status: 401, body: '{"error":"invalid_client"}' },
    "provider-client-refused",
  ],
  ["userinfo that redirects", "userInfo", elsewhere(302), notValid],
  ["userinfo that hangs", "userInfo", "hang", unavailable],
  ["userinfo of 2 MB", "userInfo", huge, unavailable],
  ["userinfo that is a page", "userInfo", page, notValid],
  ["userinfo that is a list", "userInfo", { body: "[]" }, notValid],
  ["userinfo that is refused", "userInfo", { status: 401, body: "{}" }, notValid],
];

const metadataCases: [
  name: string,
  change: (metadata: Record<string, unknown>) => void,
  reason?: RefusalReason,
][] = [
  ["another issuer", (metadata) => void Object.assign(metadata, { issuer: "https://evil.example" })],
  ["the issuer with a path", (all) => void Object.assign(all, { issuer: `${all.issuer}/oauth2/default` })],
  ["no issuer", (metadata) => void delete metadata.issuer],
  ["no address to sign in at", (metadata) => void delete metadata.authorization_endpoint],
  ["no token endpoint", (metadata) => void delete metadata.token_endpoint],
  ["no address of keys", (metadata) => void delete metadata.jwks_uri],
  ["no userinfo", (metadata) => void delete metadata.userinfo_endpoint],
  [
    "a token endpoint that is a file",
    (all) => void Object.assign(all, { token_endpoint: "file:///etc/passwd" }),
  ],
  [
    "keys that are a script",
    (all) => void Object.assign(all, { jwks_uri: "javascript:alert(1)" }),
    unavailable,
  ],
  [
    "a sign-in page that is a script",
    (all) => void Object.assign(all, { authorization_endpoint: "javascript:1" }),
  ],
];

describe("a hostile provider's endpoints", () => {
  describe("on SQLite", () => {
    let current: TestDatabase;
    before(async () => {
      current = await createTestDatabase("SQLite");
    });
    after(() => current.dispose());
    const site = useHostileSite(() => current);

    for (const [name, endpoint, raw, reason] of cases) {
      it(`are refused: ${name}`, async () => {
        const journey = await site().journey({ raw: { [endpoint]: raw } });
        const started = Date.now();
        await site().refuses(reason, () => site().signIn(journey, `00u-${randomUUID()}`));
        // At most five seconds for each of two attempts.
        assert.ok(Date.now() - started < 25_000);
        assert.equal(journey.provider.asked.elsewhere, 0);
      });
    }

    for (const [name, discovery, reason = notValid] of metadataCases) {
      it(`are refused: discovery that names ${name}`, async () => {
        const journey = await site().journey({ discovery });
        await site().refuses(reason, () => site().signIn(journey, `00u-${randomUUID()}`));
        assert.equal(journey.provider.asked.elsewhere, 0);
      });
    }
  });
});
