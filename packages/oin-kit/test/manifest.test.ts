import assert from "node:assert/strict";
import type { Integration } from "../src/integration.ts";
import { manifestProblems } from "../src/manifest.ts";
import { type ManifestFault, problemsOf, refusesEach, remarksOnEach } from "./manifest-faults.ts";
import { sample } from "./sample.ts";

const { manifest: integration, attributes } = sample;
const { saml, scim, testAccount } = integration;
assert.ok(saml && scim);
type GroupAttribute = NonNullable<(typeof saml)["groupAttribute"]>;
const withGroups = (name: string, filter: GroupAttribute["filter"], value: string) => ({
  saml: { ...saml, groupAttribute: { name, filter, value } },
});

const faults: ManifestFault[] = [
  {
    title: "an http guide for OIDC",
    change: { origin: "http://app.example.com" },
    names: "oidc.guideUrl https",
    message: /must start with https.*Customer configuration document/,
  },
  {
    title: "an http guide for SAML",
    change: { origin: "http://app.example.com" },
    names: "saml.guideUrl https",
    message: /must start with https/,
  },
  {
    title: "an http guide for SCIM",
    change: { origin: "http://app.example.com" },
    names: "scim.guideUrl https",
    message: /must start with https/,
  },
  {
    title: "an http tile, sign-out and account",
    change: { origin: "http://app.example.com" },
    names: "oidc.initiateLoginUri https",
    message: /must start with https/,
  },
  {
    title: "an underscore in the SCIM base URL",
    change: { origin: "https://my_app.example.com" },
    names: "scim.baseUrl no-underscore",
    message: /my_app.*scim-provisioning-integration-prepare/,
  },
  {
    title: "a redirect URI of more than 1024 characters",
    change: { origin: `https://${"a".repeat(1024)}.example` },
    names: "oidc.redirectUri length",
    message: /at most 1024/,
  },
  {
    title: "an SP Initiate URL of more than 512 characters",
    change: { origin: `https://${"a".repeat(500)}.example` },
    names: "saml.spInitiateUrl length",
    message: /at most 512/,
  },
  {
    title: "a manifest without a capability",
    change: { oidc: null, saml: null, scim: null, universalLogout: null, crossAppAccess: null },
    names: "oidc capability",
    message: /needs one/,
  },
  {
    title: "Universal Logout without sign-in",
    change: { oidc: null, saml: null, crossAppAccess: null },
    names: "universalLogout universal-logout-needs-sso",
    message: /oidc or saml/,
  },
  {
    title: "Cross App Access without sign-in",
    change: { oidc: null, saml: null, universalLogout: null },
    names: "crossAppAccess cross-app-access-needs-sso",
    message: /oidc or saml/,
  },
  {
    title: "a scope with a space",
    change: {
      crossAppAccess: {
        clientIdMetadataDocuments: true,
        scopes: [{ name: "fruit read", description: "Reads." }],
      },
    },
    names: "crossAppAccess.scopes scopes",
    message: /without spaces/,
  },
  {
    title: "SAML without a flow",
    change: { saml: { ...saml, idpInitiated: false, spInitiated: false } },
    names: "saml saml-flow",
    message: /neither flow/,
  },
  {
    title: "a flow description of 2049 characters",
    change: { saml: { ...saml, spFlowDescription: "x".repeat(2049) } },
    names: "saml.spFlowDescription length",
    message: /at most 2048/,
  },
  {
    title: "SP-initiated SAML without a description of the flow",
    change: { saml: { ...saml, spFlowDescription: "" } },
    names: "saml.spFlowDescription required",
    message: /required/,
  },
  {
    title: "an entitlement list that is a whole URL",
    change: {
      scim: {
        ...scim,
        entitlements: scim.entitlements.map((one) => ({ ...one, endpoint: "https://x/Roles" })),
      },
    },
    names: "scim.entitlements[0].endpoint entitlement-endpoint",
    message: /like \/Roles/,
  },
  {
    title: "entitlements without updates of users",
    change: { scim: { ...scim, users: { ...scim.users, update: false } } },
    names: "scim.entitlements entitlements-need-lifecycle",
    message: /users\.update/,
  },
  {
    title: "two entitlements from one endpoint",
    change: {
      scim: { ...scim, entitlements: scim.entitlements.map((one) => ({ ...one, endpoint: "/Roles" })) },
    },
    names: "scim.entitlements entitlement-once",
    message: /twice/,
  },
  {
    title: "a group attribute without a value",
    change: withGroups("groups", "Starts with", " "),
    names: "saml.groupAttribute group-filter",
    message: /not a value/,
  },
  {
    title: "a group attribute with an invalid regular expression",
    change: withGroups("groups", "Matches regex", "app-("),
    names: "saml.groupAttribute group-filter",
    message: /not a regular expression/,
  },
  {
    title: "a group attribute with the name of another statement",
    change: withGroups("email", "Matches regex", ".*"),
    names: "saml.attributeStatements attribute-once",
    message: /email twice/,
  },
  {
    title: "a group attribute without a name",
    change: withGroups(" ", "Matches regex", ".*"),
    names: "saml.attributeStatements attribute-name",
    message: /without a name/,
  },
  {
    title: "an entitlement without a description",
    change: {
      scim: { ...scim, entitlements: scim.entitlements.map((one) => ({ ...one, description: "" })) },
    },
    names: "scim.entitlements[1] required",
    message: /a description/,
  },
  {
    title: "a test tenant that is not a slug",
    change: { testAccount: { ...testAccount, tenant: "Okta Review" } },
    names: "testAccount.tenant test-tenant",
    message: /slug/,
  },
  {
    title: "a test user without a last name",
    change: { testAccount: { ...testAccount, lastName: "" } },
    names: "testAccount.lastName test-names",
    message: /a name/,
  },
  {
    title: "a test tenant whose name a shell would execute",
    change: { testAccount: { ...testAccount, tenantName: "$(whoami)" } },
    names: "testAccount.tenantName test-names",
    message: /a name/,
  },
  {
    title: "a test user that is not an e-mail address",
    change: { testAccount: { ...testAccount, username: "isvtest" } },
    names: "testAccount.username test-username",
    message: /e-mail/,
  },
];

const remarks: [string, Partial<Integration>, string][] = [
  [
    "a test user that is not Okta's preferred one",
    { testAccount: { ...testAccount, username: "okta@product.example" } },
    "test-username-preferred",
  ],
  [
    "provisioning that does not deactivate",
    { scim: { ...scim, users: { ...scim.users, deactivate: false } } },
    "lifecycle",
  ],
];

describe("the integration manifest", () => {
  it("has no problems if it breaks no rule", () => assert.deepEqual(manifestProblems(sample), []));

  refusesEach(faults);
  remarksOnEach(remarks);

  it("refuses scopes that Okta grants to no catalog app", () => {
    const rulesOf = (scopes: string[]) => problemsOf({ scopes }).map(({ rule }) => rule);
    assert.deepEqual(rulesOf(["openid", "phone"]), []);
    assert.deepEqual(rulesOf(["openid", "offline_access"]), ["scope-allowed"]);
    assert.deepEqual(rulesOf(["openid", "groups"]), ["scope-allowed"]);
    assert.deepEqual(rulesOf(["profile"]), ["scope-openid"]);
  });

  it("refuses an attribute table that Okta cannot work with", () => {
    const [first] = attributes;
    assert.ok(first);
    const custom = { type: "string" as const, multiValued: true, caseExact: false, description: "Groups" };
    const tables: [typeof attributes, string[]][] = [
      [
        attributes.filter(({ scim: path }) => path !== "emails"),
        ["just-in-time-attributes", "user-attributes"],
      ],
      [[...attributes, { ...first, scim: "urn:x:User:groups", custom }], ["reserved-attribute"]],
    ];
    for (const [table, rules] of tables) {
      const found = problemsOf({ attributes: table }).map(({ rule }) => rule);
      assert.deepEqual(found, rules);
    }
  });

  it("refuses an attribute statement that the Wizard does not accept", () => {
    const rulesOf = (oktaExpression: string | null, samlAttribute = "team") => {
      const entry = { field: null, scim: "x", samlAttribute, oktaExpression };
      return problemsOf({ attributes: [...attributes, entry] }).map(({ rule }) => rule);
    };
    const accepted = ["user.department", "appuser.team", "$" + "{user.userName}", "user.city, user.state"];
    for (const expression of accepted) assert.deepEqual(rulesOf(expression), [], expression);
    const refused = [
      "String.toUpperCase(user.login)",
      "user.teamOfCustomer",
      "user.userName",
      "$" + "{user.email}",
      "$" + "{org.connection}",
      "app.team",
      "org.name",
      "'constant'",
      'user.getInternalProperty("id")',
      "user.city,",
      "User.city",
      "user.city + user.state",
      "",
      null,
    ];
    for (const expression of refused)
      assert.deepEqual(rulesOf(expression), ["attribute-expression"], String(expression));
    assert.deepEqual(rulesOf("user.login"), ["attribute-user-name"]);
    assert.deepEqual(rulesOf("user.city", "email"), ["attribute-once"]);
    assert.deepEqual(rulesOf("user.city", " "), ["attribute-name"]);
  });

  it("refuses one guide for two kinds of integration", () => {
    const addresses = { ...sample.addresses, guide: () => "/guide" };
    assert.deepEqual(
      problemsOf({ addresses }).map(({ field, rule }) => `${field} ${rule}`),
      ["guides.guideUrl guide-separate"],
    );
  });
});
