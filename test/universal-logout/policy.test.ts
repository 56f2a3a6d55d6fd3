import assert from "node:assert/strict";
import { judge, type Rule } from "policy-list/policy";
import type { Connection } from "../../src/model.ts";
import { keyStore } from "../../src/trust/jwks.ts";
import {
  bearerRules,
  contentRules,
  permissionRules,
  personRules,
  replayRules,
  revocationPolicy,
  subjectRules,
  tokenRules,
} from "../../src/universal-logout/policy.ts";
import { parseSubject } from "../../src/universal-logout/subject.ts";
import { readClaims, tokenVerifier } from "../../src/universal-logout/token.ts";
import { protocolsWithoutOrg } from "../helpers/protocols.ts";
import {
  type RevokingOrg,
  revocationToken,
  startRevokingOrg,
  strangersKey,
  type TokenParts,
} from "../helpers/revocation.ts";

type AnyRule = Rule<never>;

const audience = "https://product.example/global-token-revocation";
const now = () => Math.floor(Date.now() / 1000);

/** An input that one rule alone refuses, as facts; and the token whose verification brings such facts about. */
interface HostileCall {
  rules: readonly AnyRule[];
  facts: object;
  token?: () => TokenParts;
}

/** For a rule that jose checks, the fact is what jose found. */
const found = (ruleId: string, token?: () => TokenParts): [string, HostileCall] => [
  ruleId,
  { rules: tokenRules, facts: { finding: { ruleId, found: "wrong" } }, ...(token ? { token } : {}) },
];

const inputs = new Map<string, HostileCall>([
  ["token-readable", { rules: bearerRules, facts: { claims: readClaims("not a token") } }],
  found("connection-complete"),
  found("keys-available"),
  found("token-signature", () => ({ key: strangersKey })),
  found("token-type", () => ({ header: { typ: "JWT" } })),
  found("token-id", () => ({ claims: { jti: undefined } })),
  found("token-issuer", () => ({ claims: { iss: "https://evil.example" } })),
  found("token-application", () => ({ claims: { sub: "0oa2" } })),
  found("token-audience", () => ({ claims: { aud: `${audience}?x=1` } })),
  found("token-not-before", () => ({ claims: { nbf: now() + 300 } })),
  found("token-expiry", () => ({ claims: { exp: now() - 120 } })),
  found("token-fresh", () => ({ claims: { iat: now() - 1200 } })),
  ["switched-on", { rules: permissionRules, facts: { isOn: false } }],
  ["body-json", { rules: contentRules, facts: { isJson: false } }],
  [
    "body-subject",
    { rules: subjectRules, facts: { subject: parseSubject({ sub_id: { format: "phone" } }) } },
  ],
  ["token-unused", { rules: replayRules, facts: { isNew: false } }],
  ["person-known", { rules: personRules, facts: { userIds: [] } }],
]);

describe("the policy of Universal Logout", () => {
  let org: RevokingOrg;
  before(async () => {
    org = await startRevokingOrg();
  });
  after(() => org.close());

  const verifier = () =>
    tokenVerifier(keyStore({ allowPrivateNetwork: true }), () =>
      Promise.resolve(`${org.issuer}/oauth2/v1/keys`),
    );
  const connection = () => ({ settings: { issuer: org.issuer, clientId: "app" } }) as Connection;
  const findingFor = async (parts: TokenParts) =>
    await verifier()(await revocationToken(org, "app", audience, parts), connection(), audience);

  it("accepts a token in which nothing is wrong", async () => {
    assert.equal(await findingFor({}), null);
  });

  it("finds that a connection does not know its application", async () => {
    const token = await revocationToken(org, "app", audience);
    for (const settings of [null, ...protocolsWithoutOrg.map(({ settingsAt }) => settingsAt(org.issuer))]) {
      const finding = await verifier()(token, { settings } as Connection, audience);
      assert.equal(finding?.ruleId, "connection-complete");
    }
  });

  it("has a hostile input for each rule, and no rule twice", () => {
    assert.deepEqual([...inputs.keys()].sort(), revocationPolicy.map(({ id }) => id).sort());
  });

  for (const { id, name } of revocationPolicy) {
    it(`refuses by ${id} alone: ${name}`, async () => {
      const { rules, facts, token } = inputs.get(id) ?? assert.fail();
      assert.throws(
        () => judge(rules, facts as never),
        (error) => (error as { rule: AnyRule }).rule.id === id,
      );
      judge(
        rules.filter((rule) => rule.id !== id),
        facts as never,
      );
      if (token) assert.equal((await findingFor(token()))?.ruleId, id);
    });
  }
});
