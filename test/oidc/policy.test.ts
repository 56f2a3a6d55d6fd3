import assert from "node:assert/strict";
import { judge, type Rule } from "policy-list/policy";
import { RefusedError } from "../../src/errors.ts";
import { oidcPolicy } from "../../src/oidc/policy.ts";
import {
  discoveryCall,
  discoveryRules,
  grantRules,
  signatureRules,
  userInfoRules,
} from "../../src/oidc/provider-errors.ts";
import { authorizationUrl, callProvider, newExpectations, redeem } from "../../src/oidc/relying-party.ts";
import { toIdentity } from "../../src/oidc/routes.ts";
import {
  answerRules,
  callbackRules,
  claimRules,
  identityRules,
  initiationRules,
} from "../../src/oidc/sign-in-rules.ts";
import { type ConfiguredConnection, connectionActive } from "../../src/sso/connection.ts";
import { repeatedSignInRules } from "../../src/sso/sign-in.ts";
import { keyStore } from "../../src/trust/jwks.ts";
import { oidcProviders } from "../../src/trust/openid-providers.ts";
import {
  type Deviation,
  type HostileProvider,
  hostileKeys,
  type Keys,
  signed,
  startHostileProvider,
} from "../helpers/hostile-provider.ts";

type Fields = Record<string, unknown>;
type AnyRule = Rule<never>;

const issuer = "https://acme.okta.example";
const now = () => Math.floor(Date.now() / 1000);
const claims = (change: () => Fields): Deviation => ({ claims: (all) => void Object.assign(all, change()) });
const answer = (change: Fields): Deviation => ({
  callback: (url) => {
    for (const [name, value] of Object.entries(change)) url.searchParams.set(name, String(value));
  },
});

/** An input that one rule alone refuses, as facts; and what a provider does to bring such facts about. */
interface HostileInput {
  rules: readonly AnyRule[];
  facts: object;
  deviation?: Deviation;
  /** Of the connection. */
  maxAgeSeconds?: number;
  /** The person has to sign in again, with one of these classes of authentication if they are named. */
  again?: { acrValues: string | null };
}

const initiation = { named: issuer, issuer, issuerAlias: null };
const callback = { repeated: [], state: "s", pending: {}, error: null };
const response = { iss: null, issuer, error: null };
const token = {
  claims: { sub: "00u1" },
  clientId: "0oa1",
  accessToken: "a",
  maxAgeSeconds: null,
  again: null,
  now: Date.parse("2026-11-29T12:00:00Z"),
};
const noon = token.now / 1000;
/** An answer of the token endpoint. */
const refusal = (status: number, error: string, description = ""): Deviation => ({
  raw: { token: { status, body: JSON.stringify({ error, error_description: description }) } },
});
const identity = { loginName: "ada", email: "ada@acme.example", unfit: [] };

const input = (rules: readonly AnyRule[], facts: object, deviation?: Deviation): HostileInput =>
  deviation ? { rules, facts, deviation } : { rules, facts };

/** For a rule that a library checks, the fact is what the library found. */
const found = (rules: readonly AnyRule[], ruleId: string, deviation: Deviation): [string, HostileInput] => [
  ruleId,
  { rules, facts: { finding: { ruleId, found: "not as it must be" } }, deviation },
];

const inputs = new Map<string, HostileInput>([
  ["connection-active", input([connectionActive], { connection: { status: "disabled" }, testId: null })],
  ["initiation-issuer", input(initiationRules, { ...initiation, named: "https://evil.example" })],
  found(discoveryRules, "discovery-available", { raw: { discovery: { status: 503 } } }),
  found(discoveryRules, "discovery-valid", {
    discovery: (all) => void Object.assign(all, { issuer: "https://evil.example" }),
  }),
  ["parameters-once", input(callbackRules, { ...callback, repeated: ["code"] })],
  ["state-present", input(callbackRules, { ...callback, state: "" })],
  ["state-known", input(callbackRules, { ...callback, pending: null })],
  [
    "answer-issuer",
    input(answerRules, { ...response, iss: "https://evil.example" }, answer({ iss: "https://evil.example" })),
  ],
  [
    "provider-working",
    input(answerRules, { ...response, error: "server_error" }, answer({ error: "server_error" })),
  ],
  [
    "provider-consents",
    input(answerRules, { ...response, error: "access_denied" }, answer({ error: "access_denied" })),
  ],
  found(grantRules, "token-endpoint-available", { raw: { token: { status: 503, body: "{}" } } }),
  [
    "client-known",
    input(answerRules, { ...response, error: "invalid_client" }, answer({ error: "invalid_client" })),
  ],
  [
    "client-permitted",
    input(
      answerRules,
      { ...response, error: "unauthorized_client" },
      answer({ error: "unauthorized_client" }),
    ),
  ],
  found(grantRules, "client-accepted", refusal(401, "invalid_client")),
  found(grantRules, "client-authorized", refusal(400, "unauthorized_client")),
  found(
    grantRules,
    "redirect-accepted",
    refusal(400, "invalid_grant", "The 'redirect_uri' does not match the redirection URI."),
  ),
  found(grantRules, "code-accepted", refusal(400, "invalid_grant")),
  found(grantRules, "id-token-complete", { answer: (all) => void delete all.id_token }),
  found(
    grantRules,
    "id-token-expiry",
    claims(() => ({ exp: now() - 90 })),
  ),
  found(
    grantRules,
    "id-token-not-before",
    claims(() => ({ nbf: now() + 3600 })),
  ),
  found(
    grantRules,
    "id-token-issuer",
    claims(() => ({ iss: "https://evil.example" })),
  ),
  found(
    grantRules,
    "id-token-audience",
    claims(() => ({ aud: "0oa-other" })),
  ),
  found(
    grantRules,
    "id-token-nonce",
    claims(() => ({ nonce: "another" })),
  ),
  found(signatureRules, "keys-available", { raw: { keys: { status: 503 } } }),
  found(signatureRules, "id-token-signature", {
    token: (header, all, { keys }) => signed(header, all, keys.foreign.privateKey),
  }),
  found(
    signatureRules,
    "id-token-fresh",
    claims(() => ({ iat: now() - 3600 })),
  ),
  [
    "id-token-subject",
    input(
      claimRules,
      { ...token, claims: { sub: "s".repeat(256) } },
      claims(() => ({ sub: "s".repeat(256) })),
    ),
  ],
  [
    "id-token-authorized-party",
    input(
      claimRules,
      { ...token, claims: { sub: "00u1", azp: "0oa2" } },
      claims(() => ({ azp: "0oa2" })),
    ),
  ],
  [
    "id-token-access-token",
    input(
      claimRules,
      { ...token, claims: { sub: "00u1", at_hash: "x" } },
      claims(() => ({ at_hash: "x" })),
    ),
  ],
  [
    "id-token-session-expiry",
    input(
      claimRules,
      { ...token, claims: { sub: "00u1", session_expiry: "soon" } },
      claims(() => ({ session_expiry: "soon" })),
    ),
  ],
  [
    "id-token-session-running",
    input(
      claimRules,
      { ...token, claims: { sub: "00u1", session_expiry: noon } },
      claims(() => ({ session_expiry: now() - 1 })),
    ),
  ],
  [
    "id-token-session-lifetime",
    input(
      claimRules,
      { ...token, claims: { sub: "00u1", session_lifetime: 0 } },
      claims(() => ({ session_lifetime: "an hour" })),
    ),
  ],
  ["id-token-auth-time", { ...input(claimRules, { ...token, maxAgeSeconds: 60 }, {}), maxAgeSeconds: 60 }],
  [
    "id-token-auth-age",
    {
      ...input(
        claimRules,
        { ...token, claims: { sub: "00u1", auth_time: noon - 60 }, maxAgeSeconds: 60 },
        claims(() => ({ auth_time: now() - 61 })),
      ),
      maxAgeSeconds: 60,
    },
  ],
  [
    "id-token-signed-in-again",
    {
      ...input(
        claimRules,
        {
          ...token,
          again: { sentAt: token.now, acrValues: null },
          claims: { sub: "00u1", auth_time: noon - 61 },
        },
        claims(() => ({ auth_time: now() - 90 })),
      ),
      again: { acrValues: null },
    },
  ],
  [
    "id-token-class",
    {
      ...input(
        claimRules,
        {
          ...token,
          again: { sentAt: token.now, acrValues: "phr phrh" },
          claims: { sub: "00u1", auth_time: noon, acr: "pwd" },
        },
        claims(() => ({ auth_time: now(), acr: "pwd" })),
      ),
      again: { acrValues: "phr phrh" },
    },
  ],
  ["same-person", input(repeatedSignInRules, { againFor: "ada", found: "grace" })],
  found(userInfoRules, "userinfo-available", { raw: { userInfo: { status: 503 } } }),
  found(userInfoRules, "userinfo-accepted", { raw: { userInfo: { status: 401, body: "{}" } } }),
  found(userInfoRules, "userinfo-subject", {
    userInfo: (all) => void Object.assign(all, { sub: "00u-other" }),
  }),
  [
    "claims-fit",
    input(
      identityRules,
      { ...identity, unfit: ["email"] },
      { userInfo: (all) => void Object.assign(all, { email: "ada\0@acme.example" }) },
    ),
  ],
  [
    "profile-complete",
    input(identityRules, { ...identity, email: null }, { userInfo: (all) => void delete all.email }),
  ],
]);

const allRules: readonly AnyRule[] = [...new Set<AnyRule>(Object.values(oidcPolicy).flat())];

describe("the policy of OpenID Connect", () => {
  let keys: Keys;
  const providers: HostileProvider[] = [];
  before(async () => {
    keys = await hostileKeys();
  });
  after(async () => {
    for (const provider of providers) await provider.close();
  });

  /** A whole sign-in without Express: discovery, the way to the provider and back, the identity. */
  async function signIn(
    deviation: Deviation,
    { maxAgeSeconds = null, again }: { maxAgeSeconds?: number | null; again?: HostileInput["again"] } = {},
  ): Promise<void> {
    const provider = await startHostileProvider(keys, deviation);
    providers.push(provider);
    const limits = { allowPrivateNetwork: true };
    const { clientId, clientSecret } = provider;
    const settings = { issuer: provider.issuer, clientId };
    const current = await callProvider(discoveryCall, () =>
      oidcProviders(limits).configuration(settings, clientSecret),
    );
    const redirectUri = "http://localhost/callback";
    const client = { ...settings, redirectUri, current, former: null, keys: keyStore(limits), maxAgeSeconds };
    const expectations = { ...newExpectations(), again: again ? { ...again, sentAt: Date.now() } : null };
    const url = await authorizationUrl(client, { state: "s", expectations, loginHint: null });
    const login = await redeem(provider.authorize(url), expectations, client);
    toIdentity({ id: "c", settings } as ConfiguredConnection<"oidc">, login);
  }

  it("accepts a sign-in in which nothing is wrong", () => signIn({}));

  it("has a hostile input for each rule, and no rule twice", () => {
    assert.deepEqual([...inputs.keys()].sort(), allRules.map(({ id }) => id).sort());
  });

  for (const { id, name } of allRules) {
    it(`refuses by ${id} alone: ${name}`, async () => {
      const { rules, facts, deviation, ...asked } = inputs.get(id) ?? assert.fail();
      assert.throws(
        () => judge(rules, facts as never),
        (error) => (error as { rule: AnyRule }).rule.id === id,
      );
      judge(
        rules.filter((rule) => rule.id !== id),
        facts as never,
      );
      if (!deviation) return;
      await assert.rejects(signIn(deviation, asked), (error) => {
        assert.ok(error instanceof RefusedError, String(error));
        assert.equal(error.broken?.ruleId, id);
        return true;
      });
    });
  }
});
