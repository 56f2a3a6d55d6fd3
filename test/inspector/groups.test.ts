import assert from "node:assert/strict";
import { policy } from "saml-policy/policy"; // SAML
import { tokenPolicy } from "../../src/cross-app-access/policy.ts";
import { checkGroups } from "../../src/inspector/describe/groups.ts";
import { checksOf, type NamedRule } from "../../src/inspector/describe/rules.ts";
import { shownRules } from "../../src/inspector/describe/shared-signals.ts";
import { remedyFor } from "../../src/inspector/remedies.ts";
import { clientGrantRules, clientRules, grantTypeRules, requestRules } from "../../src/oauth/policy.ts";
import { oidcPolicy } from "../../src/oidc/policy.ts";
import { type Protocol, protocols } from "../../src/recording.ts";
import { finishRules } from "../../src/saml/sign-in.ts"; // SAML
import { codeRules, questionRules, refreshRules } from "../../src/scim-authorization/policy.ts";
import { streamPolicy } from "../../src/shared-signals/stream-policy.ts";
import { connectionActive } from "../../src/sso/connection.ts"; // SAML
import { repeatedSignInRules } from "../../src/sso/sign-in.ts"; // SAML
import { connectionPolicy } from "../../src/universal-logout/policy.ts";
import { apiKeyPolicy, callPolicy } from "../../src/web/access-token-policy.ts";

/** The rules that the inspector shows. The calls of SCIM have no policy: describe/scim.ts has their checks. */
const policies: Record<Protocol, readonly NamedRule[]> = {
  scim: [
    ...requestRules,
    ...clientRules,
    ...grantTypeRules,
    ...clientGrantRules,
    ...questionRules,
    ...codeRules,
    ...refreshRules,
  ],
  oidc: Object.values(oidcPolicy).flat(),
  saml: [connectionActive, ...policy.flatMap(({ rules }) => rules), ...finishRules, ...repeatedSignInRules], // SAML
  "universal-logout": connectionPolicy,
  "shared-signals": [...shownRules, ...Object.values(streamPolicy).flat()],
  "cross-app-access": [...tokenPolicy, ...callPolicy],
  "api-key": apiKeyPolicy,
};

describe("the groups of the inspector's checks", () => {
  for (const protocol of protocols) {
    const named = checkGroups[protocol].flatMap(([, ids]) => ids);

    it(`have each rule of ${protocol} once, and no other`, () => {
      assert.deepEqual(
        [...named].sort(),
        [...new Set(policies[protocol].map(({ id }) => id))].sort(),
        "add the rule to src/inspector/describe/groups.ts",
      );
    });

    it(`have a remedy for each rule of ${protocol} that refuses`, () => {
      const without = policies[protocol].filter(({ reason }) => remedyFor(reason) === null);
      assert.deepEqual(without, []);
    });
  }

  it("come with the rule's source, and with its reason if it failed", () => {
    const [first, second] = checksOf("oidc", oidcPolicy.userInfo, {
      ruleId: "userinfo-accepted",
      found: "401",
    });
    assert.deepEqual(first, {
      name: "The provider's UserInfo endpoint can be reached",
      verdict: "passed",
      detail: null,
      group: "UserInfo",
      citation: "Core §5.3",
    });
    assert.deepEqual(
      [second?.verdict, second?.detail, second?.reason],
      ["failed", "401", "provider-answer-not-valid"],
    );
  });

  // SAML {
  it("tell the signature of an encrypted assertion from that of the response around it", () => {
    const rules = policy.flatMap((phase) => phase.rules);
    const groupsOf = (name: string) =>
      checksOf("saml", rules, null).flatMap((check) => (check.name.startsWith(name) ? [check.group] : []));
    assert.deepEqual(groupsOf("Nothing is signed with SHA-1"), ["Signatures", "Signature of the assertion"]);
  });
  // SAML }
});
