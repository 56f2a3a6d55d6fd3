import assert from "node:assert/strict";
import { compatibilityProblems, type WizardValues } from "../src/compatibility.ts";
import type { Integration } from "../src/integration.ts";
import { InconsistentManifestError } from "../src/manifest-rules.ts";
import { buildSubmission } from "../src/submission.ts";
import { testPlan } from "../src/test-plan.ts";
import { toYaml } from "../src/yaml.ts";
import { sample } from "./sample.ts";

const { manifest: integration } = sample;
const { oidc, saml, scim } = integration;
assert.ok(oidc && saml && scim);

const build = (change: Partial<Integration> = {}) =>
  buildSubmission({ ...sample, manifest: { ...integration, ...change } }, null);

describe("the submission package", () => {
  it("has the Wizard's screens in its order", () => {
    assert.deepEqual(
      build().screens.map(({ title }) => title),
      [
        "Add integration capabilities",
        "Integration details",
        "Configure your integration",
        "Test your integration",
        "Test integration",
        "Submit your integration",
      ],
    );
  });

  it("is not built if the manifest breaks one of Okta's rules", () => {
    assert.throws(
      () => build({ displayName: "x".repeat(65) }),
      (error: Error) => {
        assert.ok(error instanceof InconsistentManifestError);
        assert.match(error.message, /^displayName has 65 characters/);
        return true;
      },
    );
  });

  it("writes the same values as YAML, and quotes every text", () => {
    const values: WizardValues = {
      "A: screen": { Label: 'say "hi": #1', List: ["'https://x'", "- b"], None: null, Empty: [] },
    };
    assert.equal(
      toYaml(values),
      '"A: screen":\n  "Label": "say \\"hi\\": #1"\n  "List":\n    - "\'https://x\'"\n    - "- b"\n  "None": null\n  "Empty": []\n',
    );
  });

  it("generates an instance for each protocol, and a separate one for SCIM where Okta demands it", () => {
    const names = (change: Partial<Integration>) =>
      build(change).instances.map(({ name, capabilities }) => `${name}: ${capabilities.join(", ")}`);
    assert.deepEqual(names({}), [
      "OIDC: OpenID Connect, Universal Logout",
      "SAML: SAML 2.0, Universal Logout",
      "SCIM: SCIM 2.0, Entitlement Management",
    ]);
    const plain = { ...scim, entitlements: [] };
    const alone = { saml: null, oidc: { ...oidc, justInTime: false }, scim: plain };
    assert.deepEqual(names(alone), ["OIDC: OpenID Connect, Universal Logout, SCIM 2.0"]);
    assert.equal(names({ ...alone, oidc }).length, 2, "just-in-time");
    assert.equal(names({ ...alone, scim }).length, 2, "entitlements");
    assert.equal(names({ ...alone, scim: { ...plain, users: { ...scim.users, create: false } } }).length, 2);
  });
});

describe("the test plan", () => {
  it("has a test or a reason for every case", () => {
    for (const change of [{}, { saml: null }, { scim: { ...scim, groups: null } }]) {
      for (const { id, tests, notSupported } of testPlan({ ...integration, ...change }))
        assert.notEqual(tests.length > 0, notSupported !== null, id);
    }
    const areas = new Set(testPlan({ ...integration, scim: null, saml: null }).map(({ area }) => area));
    assert.deepEqual([...areas], ["OIDC"]);
    const offered = { ...integration, saml: { ...saml, idpInitiated: false }, universalLogout: null };
    const missing = testPlan(offered).filter(({ area, notSupported }) => area === "SAML" && notSupported);
    assert.deepEqual(
      missing.map(({ id }) => id),
      ["IdP flow", "Universal Logout"],
    );
  });
});

describe("compatibility with the published version", () => {
  const published = build().values;
  const changes: [string, (values: WizardValues) => WizardValues, RegExp][] = [
    [
      "a variable is renamed",
      set("Tenant settings", "Name", "workspace"),
      /connection was published and is gone.*breaks/,
    ],
    [
      "a variable is added",
      set("Tenant settings", "Name", ["connection", "region"]),
      /region is new, and empty/,
    ],
    [
      "a redirect URI is removed",
      set("OIDC properties", "Redirect URIs", []),
      /callback was published and is gone/,
    ],
    [
      "the tile's address is removed",
      set("OIDC properties", "Initiate login URI", null),
      /tiles lead nowhere/,
    ],
    ["the ACS moves", set("SAML properties", "Default ACS URL", "https://x/acs"), /acs was published/],
    ["the audience changes", set("SAML properties", "Entity ID", "https://x"), /the audience changes/],
    [
      "an attribute gets another source",
      set("SAML properties", "Attribute statements: email", "user.secondEmail"),
      /email = user\.email was published/,
    ],
    ["the base URL moves", set("SCIM properties", "Base URL", "'https://x'"), /provisioning stops/],
    ["groups are dropped", set("SCIM properties", "Objects", ["Users"]), /Groups was published/],
    [
      "the token is sent in another form",
      set("SCIM properties", "Authentication mode", "Header"),
      /another form/,
    ],
    [
      "Universal Logout moves",
      set("Universal Logout properties", "Global token revocation endpoint", "'https://x'"),
      /no longer reaches the product/,
    ],
    [
      "SAML is dropped",
      set("Add integration capabilities", "Single sign-on", ["OpenID Connect (OIDC)"]),
      /customers lose the way they sign in/,
    ],
  ];

  it("finds nothing if nothing changed, or only what customers do not rely on", () => {
    assert.deepEqual(compatibilityProblems(published, published), []);
    const renamed = set("OIN catalog properties", "Display name", "Other")(published);
    assert.deepEqual(compatibilityProblems(published, renamed), []);
    assert.equal(build().breaks, null);
    assert.deepEqual(buildSubmission(sample, published).breaks, []);
  });

  for (const [title, change, message] of changes) {
    it(`warns when ${title}`, () => {
      const problems = compatibilityProblems(published, change(published));
      assert.ok(
        problems.some((problem) => message.test(problem)),
        problems.join("\n"),
      );
    });
  }
});

function set(screen: string, label: string, value: string | string[] | null) {
  return (values: WizardValues): WizardValues => ({
    ...values,
    [screen]: { ...values[screen], [label]: value },
  });
}
