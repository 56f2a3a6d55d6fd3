import assert from "node:assert/strict";
import type { Integration } from "oin-kit/integration";
import { buildSubmission } from "oin-kit/submission";
import { integration } from "../../config/integration.ts";
import { configuredFacts, offeredGuides } from "../../src/guide/facts.ts";
import { writeGuide } from "../../src/guide/guide.ts";
import { connectionTypes } from "../../src/sign-in-protocols.ts";
import { submissionTexts } from "../../tools/guide/src/outputs.ts";
import { product } from "../../tools/guide/src/product.ts";

const { oidc, scim, crossAppAccess } = integration;
const { saml } = integration; // SAML
assert.ok(oidc && scim && crossAppAccess);
assert.ok(saml); // SAML
const withoutDocuments = { ...crossAppAccess, clientIdMetadataDocuments: false };
const everybody = { origin: integration.origin, tenant: null, key: null };
const groupAttribute = { name: "herds", filter: "Starts with", value: "Zebra" } as const; // SAML

/** Custom attributes are a fork's own; test/oin/manifest.test.ts holds them to Okta's rules. */
const ordinary = product.attributes.filter(({ custom }) => !custom);

/** Every guide of a fork with a changed manifest, and its package. */
function textsOf(change: Partial<Integration>): Record<string, string> {
  const manifest = { ...integration, useCases: [], ...change };
  const facts = { ...configuredFacts, integration: manifest };
  const guides = offeredGuides(facts).map((one) => [one, writeGuide(one, everybody, facts)] as const);
  const variable = manifest.variables[0]?.name ?? product.variable;
  const submission = buildSubmission({ ...product, manifest, variable, attributes: ordinary }, null);
  const text = submissionTexts(submission, facts).get("docs/oin/submission.md") ?? "";
  return { ...Object.fromEntries(guides), package: text.replace(/^\| C\d+ .*$/gm, "") };
}

/** Each part that a fork may leave out or rename, with the words that would then be untrue, by text. */
const forks: [string, Partial<Integration>, Record<string, RegExp>][] = [
  [
    "entitlements",
    { scim: { ...scim, entitlements: [] } },
    {
      oidc: /Okta Identity Governance|appuser\.entitlements|Without entitlements/,
      saml: /Okta Identity Governance|appuser\.entitlements|### Let Okta name/, // SAML
      scim: /okta-entitlement-management|Entitlement management/,
    },
  ],
  [
    "groups",
    { scim: { ...scim, groups: null } },
    {
      scim: /Import groups|okta-push-groups|Link Group|The person or group|people and groups|smaller groups/,
    },
  ],
  [
    "updates and deactivation",
    { scim: { ...scim, entitlements: [], users: { ...scim.users, update: false, deactivate: false } } },
    { scim: /Change their last name|Unassign them|is cleared in/ },
  ],
  [
    "provisioning",
    { scim: null },
    {
      oidc: /not provisioned|Provision the person|Okta deactivated it/,
      saml: /not provisioned|Provision the person|Okta deactivated it/, // SAML
      xaa: /[Pp]rovision (them|or)/,
      package: /SCIM 2\.0|OAuth 2 for SCIM|links exist|its token|CRUD/,
    },
  ],
  [
    "single sign-on",
    {
      ...{ oidc: null, universalLogout: null, crossAppAccess: null },
      saml: null, // SAML
    },
    {
      scim: /\*\*Single sign-on\*\*|see the guide to/,
      package: /Single sign-on \\\*|Submission Tester|Password only|Token Revocation|\w+ single logout/,
    },
  ],
  ["sign-in by SAML", { saml: null }, { xaa: /SAML|NameID|Org URL/ }], // SAML
  ["sign-in by OpenID Connect", { oidc: null }, { xaa: /OpenID Connect/ }], // SAML
  ["client ID metadata documents", { crossAppAccess: withoutDocuments }, { xaa: /metadata document/ }],
  // SAML {
  [
    "starting here by SAML",
    { saml: { ...saml, spInitiated: false } },
    { saml: /people sign in at|verify that you own/ },
  ],
  // SAML }
  [
    "the name of the variable",
    { variables: [{ name: "workspace", label: "Workspace key" }] },
    {
      ...{ oidc: /connection ID|\{connection\}/i, package: /Connection ID/ },
      saml: /connection ID/i, // SAML
    },
  ],
];

describe("the guides and the package of a fork", () => {
  for (const [what, change, untrue] of forks) {
    it(`say nothing untrue without ${what}`, () => {
      const [before, after] = [textsOf({}), textsOf(change)];
      for (const [name, words] of Object.entries(untrue)) {
        assert.match(before[name] ?? "", words);
        const text = after[name];
        assert.ok(text);
        assert.doesNotMatch(text, words, name);
      }
      for (const text of Object.values(after)) assert.doesNotMatch(text, / [.,;]( |$)|\*\*\*\*|undefined/m);
    });
  }

  it("name administrators by groups, where Okta assigns no roles", () => {
    const texts = textsOf({
      scim: { ...scim, entitlements: [] },
      saml: { ...saml, groupAttribute }, // SAML
    });
    // Okta sends the groups claim for the scope groups only, which an app of the catalog may not request.
    assert.doesNotMatch(texts.oidc ?? "", /Let Okta name the administrators|Group claims filter/);
    assert.match(texts.saml ?? "", /enter `herds` under \*\*Roles: name of the attribute\*\*/); // SAML
  });
});

describe("the instructions for Okta's reviewers", () => {
  it("name the buttons of the connection's page, and the switch that a new connection has off", () => {
    const text = product.testingInstructions(integration);
    for (const label of ["Create accounts at the first sign-in", "Review and switch on…", "Switch on"])
      assert.ok(text.split(`"${label}"`).length > connectionTypes.length, label);
    assert.doesNotMatch(text, /activate the connection/);
  });
});
