import assert from "node:assert/strict";
import type { Integration } from "../src/integration.ts";
import { manifestProblems } from "../src/manifest.ts";
import type { Product } from "../src/product.ts";
import { sample } from "./sample.ts";

const { manifest: integration, attributes } = sample;
const { saml, scim, testAccount, variables, description } = integration;
assert.ok(saml && scim);
const extraVariables = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `v${index}`, label: "Value" }));
const withVariable = (name: string, label = "Value") => ({ variables: [...variables, { name, label }] });

interface Fault {
  title: string;
  change: Partial<Integration>;
  /** What the problem names, as `field rule`. */
  names: string;
  message: RegExp;
}

const faults: Fault[] = [
  {
    title: "a name of 65 characters",
    change: { displayName: "x".repeat(65) },
    names: "displayName length",
    message: /65 characters.* 64 .*Catalog/,
  },
  { title: "no name", change: { displayName: " " }, names: "displayName required", message: /required/ },
  {
    title: "a description of 1024 characters",
    change: { description: description.padEnd(1024, "x") },
    names: "description length",
    message: /1024 characters.* 1023 /,
  },
  {
    title: "four use cases",
    change: { useCases: ["Automation", "Zero Trust", "Centralized Logging", "Identity Verification"] },
    names: "useCases use-case-count",
    message: /4 entries.* 3 /,
  },
  {
    title: "a use case twice",
    change: { useCases: ["Automation", "Automation"] },
    names: "useCases use-case-once",
    message: /twice/,
  },
  {
    title: "no way to reach support",
    change: { customerSupport: { link: null, email: null, phone: null } },
    names: "customerSupport support-contact",
    message: /a link, an e-mail address or a phone number/,
  },
  {
    title: "an invalid support link, address and number",
    change: { customerSupport: { link: "help", email: "me@", phone: "call us" } },
    names: "customerSupport.phone phone",
    message: /call us/,
  },
  {
    title: "an invalid escalation address",
    change: { escalationEmail: "okta" },
    names: "escalationEmail email",
    message: /"okta"/,
  },
  {
    title: "an http origin",
    change: { origin: "http://app.example.com" },
    names: "origin origin",
    message: /https/,
  },
  {
    title: "an origin with a path",
    change: { origin: "https://app.example.com/app" },
    names: "origin origin",
    message: /nothing else/,
  },
  {
    title: "an origin with a trailing slash",
    change: { origin: "https://app.example.com/" },
    names: "origin origin",
    message: /nothing else/,
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
    title: "nine variables",
    change: { variables: [...variables, ...extraVariables(8)] },
    names: "variables variable-count",
    message: /9 entries.* 8 /,
  },
  {
    title: "a variable with a capital",
    change: withVariable("orgUrl"),
    names: "variables[1].name variable-name",
    message: /lower-case/,
  },
  {
    title: "a variable that starts with a digit",
    change: withVariable("1st"),
    names: "variables[1].name variable-name",
    message: /a letter first/,
  },
  {
    title: "a variable with a hyphen",
    change: withVariable("sub-domain"),
    names: "variables[1].name variable-name",
    message: /underscores/,
  },
  {
    title: "a variable without a label",
    change: withVariable("site", ""),
    names: "variables[1].label required",
    message: /with the name/,
  },
  {
    title: "a variable twice",
    change: withVariable("connection"),
    names: "variables variable-once",
    message: /twice/,
  },
  {
    title: "variables without the one that the URLs need",
    change: { variables: [{ name: "workspace", label: "Workspace" }] },
    names: "variables variable-used",
    message: /lacks connection/,
  },
  {
    title: "a manifest without a capability",
    change: { oidc: null, saml: null, scim: null, universalLogout: null },
    names: "oidc capability",
    message: /needs one/,
  },
  {
    title: "Universal Logout without sign-in",
    change: { oidc: null, saml: null },
    names: "universalLogout universal-logout-needs-sso",
    message: /oidc or saml/,
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
  ["four variables", { variables: [...variables, ...extraVariables(3)] }, "variable-count-advised"],
  ["a variable whose name is likely to be reserved", withVariable("domain"), "variable-reserved"],
  ["a description that names no protocol", { description: "Tasklane is a product." }, "names-capabilities"],
  ["a description of another product", { displayName: "Another" }, "names-product"],
  [
    "one mailbox for tickets and escalations",
    { escalationEmail: integration.customerSupport.email ?? "" },
    "escalation-mailbox",
  ],
  [
    "a test user that is not Okta's preferred one",
    { testAccount: { ...testAccount, username: "okta@tasklane.example" } },
    "test-username-preferred",
  ],
  [
    "provisioning that does not deactivate",
    { scim: { ...scim, users: { ...scim.users, deactivate: false } } },
    "lifecycle",
  ],
];

const problemsOf = (change: Partial<Product>) => manifestProblems({ ...sample, ...change });

describe("the integration manifest", () => {
  it("has no problems if it breaks no rule", () => assert.deepEqual(manifestProblems(sample), []));

  it("refuses a missing logo, and one in SVG", () => {
    const [missing] = problemsOf({ logo: null });
    assert.equal(missing?.rule, "logo-file");
    assert.match(missing.message, /public/);
    const [drawn] = problemsOf({ logo: Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>") });
    assert.equal(drawn?.rule, "logo-format");
    assert.match(drawn.message, /PNG, GIF or JPEG/);
  });

  for (const { title, change, names, message } of faults) {
    it(`refuses ${title}`, () => {
      const found = problemsOf({ manifest: { ...integration, ...change } });
      const problem = found.find(({ field, rule }) => `${field} ${rule}` === names);
      assert.equal(problem?.level, "error", JSON.stringify(found));
      assert.match(problem.message, message);
      assert.ok(problem.message.startsWith(problem.field) && problem.message.includes(problem.source));
    });
  }

  for (const [title, change, rule] of remarks) {
    it(`remarks on ${title}`, () => {
      const found = problemsOf({ manifest: { ...integration, ...change } }).find(
        (problem) => problem.rule === rule,
      );
      assert.equal(found?.level, "warning");
    });
  }

  it("refuses a logo whose pixels, bytes or format Okta does not accept", () => {
    const logo = Buffer.from(sample.logo ?? []);
    const resized = (width: number, height: number) => {
      const copy = Buffer.from(logo);
      copy.writeUInt32BE(width, 16);
      copy.writeUInt32BE(height, 20);
      return copy;
    };
    const jpeg = Buffer.from("ffd8ffe000040000ffc0000b0800c800c801011100", "hex");
    const logos: [Uint8Array, string[]][] = [
      [logo, []],
      [resized(201, 200), ["logo-size"]],
      [resized(244, 244), ["logo-square"]],
      [Buffer.concat([logo, Buffer.alloc(1_000_000)]), ["logo-bytes"]],
      [Buffer.from("GIF89a\xc8\0\xc8\0", "latin1"), ["logo-png"]],
      [jpeg, ["logo-png"]],
      [jpeg.subarray(0, 12), ["logo-format"]],
      [logo.subarray(0, 18), ["logo-format"]],
      [Buffer.alloc(0), ["logo-format"]],
    ];
    for (const [bytes, rules] of logos) {
      const found = problemsOf({ logo: bytes }).map(({ rule }) => rule);
      assert.deepEqual(found, rules);
    }
  });

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
    const expression = { ...first, samlAttribute: "login", oktaExpression: "String.toUpperCase(user.login)" };
    const custom = { type: "string" as const, multiValued: true, caseExact: false, description: "Groups" };
    const tables: [typeof attributes, string[]][] = [
      [
        attributes.filter(({ scim: path }) => path !== "emails"),
        ["just-in-time-attributes", "user-attributes"],
      ],
      [[...attributes, expression], ["attribute-expression"]],
      [[...attributes, { ...first, scim: "urn:x:User:groups", custom }], ["reserved-attribute"]],
    ];
    for (const [table, rules] of tables) {
      const found = problemsOf({ attributes: table }).map(({ rule }) => rule);
      assert.deepEqual(found, rules);
    }
  });
});
