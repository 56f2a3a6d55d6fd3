import assert from "node:assert/strict";
import { testPlan } from "oin-kit/test-plan";
import { brand } from "../../config/brand.ts";
import { integration } from "../../config/integration.ts";
import { configuredFacts } from "../../src/guide/facts.ts";
import { writeGuide } from "../../src/guide/guide.ts";

assert.ok(integration.scim);
const manifest = { ...integration, scim: { ...integration.scim, authentication: "OAuth 2" as const } };
const reader = { origin: "https://product.example", tenant: null, key: null };

describe("a submission with the authentication mode OAuth 2", () => {
  it("has a guide that leads to the owner's consent, and asks for no token", () => {
    const guide = writeGuide("scim", reader, { ...configuredFacts, integration: manifest });
    assert.match(guide, new RegExp(`click \\*\\*Authenticate with ${brand.productName}\\*\\*`));
    assert.match(guide, /Sign in as an owner, check the name of your organisation, and click \*\*Allow\*\*/);
    assert.doesNotMatch(guide, /API Token|a token|the token/i);
  });

  it("leaves the guide of a token as it is", () => {
    const guide = writeGuide("scim", reader);
    assert.match(guide, /paste the token into \*\*API Token\*\*/);
    assert.doesNotMatch(guide, /Authenticate with/);
  });

  it("plans Okta's case C21902, which a token does not need", () => {
    const caseOf = (given: typeof manifest | typeof integration) =>
      testPlan(given).find(({ id }) => id === "C21902") ?? assert.fail();
    assert.equal(caseOf(manifest).notSupported, null);
    assert.match(caseOf(manifest).answer, /400, and no redirect/);
    assert.match(caseOf(integration).notSupported ?? "", /no OAuth redirect/);
  });
});
