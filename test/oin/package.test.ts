import assert from "node:assert/strict";
import type { Integration } from "oin-kit/integration";
import { buildSubmission } from "oin-kit/submission";
import { attributes } from "../../config/attributes.ts";
import { brand } from "../../config/brand.ts";
import { apiScopes, integration } from "../../config/integration.ts";
import { crossAppAccessUrls } from "../../src/endpoints.ts";
import { currentSubmission, submissionTexts } from "../../tools/guide/src/outputs.ts";
import { product } from "../../tools/guide/src/product.ts";

const text = submissionTexts(currentSubmission()).get("docs/oin/submission.md") ?? "";

/** The text of a chapter or section, up to the next heading of its level. */
function part(heading: string): string {
  const start = text.indexOf(`\n${heading}\n`);
  assert.notEqual(start, -1, heading);
  const level = /^#+/.exec(heading)?.[0] ?? "";
  const rest = text.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{2,${level.length}} `, "m"));
  return end === -1 ? rest : rest.slice(0, end);
}

/** Expects the patterns in this order. */
function assertOrder(where: string, patterns: readonly RegExp[]): void {
  const places = patterns.map((pattern) => where.search(pattern));
  for (const [index, place] of places.entries()) assert.notEqual(place, -1, String(patterns[index]));
  assert.deepEqual(
    places,
    [...places].sort((one, other) => one - other),
  );
}

describe("the submission package", () => {
  it("leads through the instance for provisioning with Entitlement Management first", () => {
    assertOrder(part("### Provisioning"), [
      /\*\*Entitlement management\*\*, click \*\*Edit\*\*, choose \*\*Enable\*\*/,
      /refuses this once provisioning is enabled/,
      /\*\*Configure API Integration\*\*/,
      /Mappings to make by hand/,
      /Runscope/,
    ]);
  });

  it("says where the provisioning token goes", () => {
    const account = part("## The reviewers' account");
    assertOrder(account, [/token create/, /\*\*Testing instructions\*\*/, /\*\*API Token\*\*/, /`SCIMAuth`/]);
    assert.ok(part("### Test information for Okta review").includes("[REPLACE THIS WITH THE TOKEN OF"));
  });

  it("lists the mappings to make by hand: every required attribute with its expression, and no other", () => {
    const rows = [
      ...part("### Mappings to make by hand").matchAll(/^\| [^|]+ \| `([^`]+)` \| `([^`]+)` \|$/gm),
    ];
    assert.deepEqual(
      rows.map(([, path, expression]) => [path, expression]),
      attributes
        .filter(({ required, field }) => required && field !== "loginName") // Okta's format of user names sets it
        .map(({ scim, oktaExpression }) => [scim, oktaExpression]),
    );
    assert.match(part("### Mappings to make by hand"), /It maps none of them/);
  });

  it("tests Universal Logout in an instance of each sign-in protocol", () => {
    const instances = [
      ...part("## Test instances").matchAll(/^\| (\w+) \| (.*) \| \*\*CURRENT VERSION\*\* \|$/gm),
    ];
    assert.deepEqual(
      instances.map(([, name, capabilities]) => [name, /Universal Logout/.test(capabilities ?? "")]),
      [
        ["OIDC", true],
        ["SAML", true], // SAML
        ["SCIM", false],
      ],
    );
    assert.match(part("### Universal Logout"), /For SAML.*\*\*App instance ID\*\*.*\*\*App Embed Link\*\*/); // SAML
  });

  it("answers Okta's questionnaire for Cross App Access from the manifest and the code, and asks for the rest", () => {
    const chapter = part("## Cross App Access");
    assert.match(chapter, new RegExp(`\`Request to enable XAA support for ${brand.productName} on OIN\``));
    assertOrder(chapter, [
      /--evidence cross-app-access\.json/,
      /oin@okta\.com/,
      new RegExp(`^App name: ${brand.productName}$`, "m"),
    ]);
    const answers = Object.fromEntries(
      [...chapter.matchAll(/^(\w[^:|`]*): (.+)$/gm)].map(([, label = "", answer]) => [label, answer]),
    );
    assert.deepEqual(answers, {
      "App name": brand.productName,
      "Integrator org domain": "[FILL THIS IN]",
      "SSO mode": [
        "OIDC",
        "SAML", // SAML
      ].join(", "),
      Role: "Resource app",
      "OIN link": "[FILL THIS IN]",
      "New or update": "New",
      "Global Issuer URL": "https://app.example.com",
      "Protected resource identifiers": "https://app.example.com/api/v1, https://app.example.com/mcp",
      Scopes: apiScopes.map(({ name }) => name).join(", "),
      "CIMD support": "Yes: a client ID may be the URL of a metadata document",
      "Well-known documents": [
        "https://app.example.com/.well-known/oauth-authorization-server",
        "https://app.example.com/.well-known/oauth-protected-resource/api/v1",
        "https://app.example.com/.well-known/oauth-protected-resource/mcp",
      ].join(", "),
      "Test org, app and user": "[FILL THIS IN]",
      Evidence: "cross-app-access.json",
    });
    assert.doesNotMatch(part("## What does not apply"), /Cross App Access/);
  });

  it("serves every well-known document that the questionnaire names", () => {
    const { authorizationServer, protectedResource, apiResource, mcpResource } = crossAppAccessUrls(
      integration.origin,
    );
    const resources = [apiResource, mcpResource].map((url) => protectedResource(new URL(url).pathname));
    assert.deepEqual(currentSubmission().values["Cross App Access"]?.["Well-known documents"], [
      authorizationServer,
      ...resources,
    ]);
  });

  it("has no request for Cross App Access if the manifest has none", () => {
    const { crossAppAccess, values } = buildSubmission(
      { ...product, manifest: { ...integration, crossAppAccess: null } },
      null,
    );
    assert.deepEqual([crossAppAccess, values["Cross App Access"]], [null, undefined]);
  });

  it("names what Okta has to have switched on", () => {
    const before = part("## Before you start");
    assert.match(
      before,
      /Universal Logout needs Okta Identity Engine, and Adaptive MFA or Identity Threat Protection/,
    );
    assert.match(before, /super administrator/);
    assert.match(before, /Entitlement Management needs Okta Identity Governance/);
  });
});

describe("the instructions for Okta's reviewers", () => {
  const instructions = (change: Partial<Integration> = {}) =>
    product.testingInstructions({ ...integration, ...change });
  const { oidc } = integration;
  const { saml } = integration; // SAML
  assert.ok(oidc);
  assert.ok(saml); // SAML

  it("are plain text: account, connection, base URL, token, cleaning up, contact", () => {
    assertOrder(instructions(), [
      /login\/password\/okta-review as isvtest@okta\.com/,
      /Connection ID .*: okta-review/,
      /Client secret/,
      /App instance ID/, // SAML
      /base URL https:\/\/app\.example\.com\/scim\/v2/,
      /API token: \[/,
      /Just-In-Time.*Delete/,
      /Clear User Sessions/,
      /identity-escalation@/,
    ]);
    assert.doesNotMatch(instructions(), /\*\*|\\|&amp;|<%/);
  });

  it("speak of no capability that the manifest leaves out", () => {
    const without: [Partial<Integration>, RegExp][] = [
      [{ scim: null }, /SCIM|API token:/],
      [{ universalLogout: null }, /Universal Logout|App instance ID/],
      [{ saml: null }, /SAML|App instance ID/], // SAML
      [{ oidc: null }, /OpenID/],
      [
        {
          oidc: { ...oidc, justInTime: false },
          saml: { ...saml, justInTime: false }, // SAML
        },
        /Just-In-Time|temporary/,
      ],
    ];
    for (const [change, words] of without) {
      assert.match(instructions(), words);
      assert.doesNotMatch(instructions(change), words);
    }
  });
});
