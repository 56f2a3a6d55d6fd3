import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bold, okta, oktaProducts } from "okta-labels/labels";
import { brand } from "../../config/brand.ts";
import { refusalReasons } from "../../src/errors.ts";
import { type Capability, capabilities, configuredFacts, type GuideFacts } from "../../src/guide/facts.ts";
import { troubleshootingOf, unexplainedReasons, writeGuide } from "../../src/guide/guide.ts";
import { code, toMarkdown } from "../../src/guide/templates.ts";
import { connectionTypes } from "../../src/sign-in-protocols.ts";

const everybody = { origin: "https://app.example.com", tenant: null, key: null };

/** Okta's guidelines for guides, and test case C9299 of its SCIM test plan, in one order. */
const headings = {
  oidc: [
    ...["Contents", "Supported features", "Requirements", "Configuration steps", "Attributes and mapping"],
    ...["SP-initiated SSO", "IdP-initiated SSO", "Notes", "Known issues / Troubleshooting and tips"],
  ],
  // SAML {
  saml: [
    ...["Contents", "Supported features", "Requirements", "Read this before you enable SAML"],
    ...["Configuration steps", "Attributes and mapping", "SP-initiated SSO", "IdP-initiated SSO", "Notes"],
    "Known issues / Troubleshooting and tips",
  ],
  // SAML }
  scim: [
    ...["Contents", "Supported features", "Requirements", "Configuration steps", "Attributes and mapping"],
    ...["Notes", "Known issues / Troubleshooting and tips"],
  ],
  xaa: [
    ...["Contents", "Supported features", "Requirements", "Configuration steps", "Attributes and mapping"],
    ...["Notes", "Known issues / Troubleshooting and tips"],
  ],
};

const templates = readdirSync("views/guide", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md.ejs"))
  .map((file) => ({ file, text: readFileSync(join("views/guide", file), "utf8") }));

const { integration } = configuredFacts;
const { oidc, scim, crossAppAccess } = integration;
const { saml } = integration; // SAML
assert.ok(oidc && scim && crossAppAccess);
assert.ok(saml); // SAML

/** Switches, as [feature, guide, change, the heading that disappears, the listed feature that disappears]. */
const switches: [string, Capability, Partial<GuideFacts["integration"]>, string | null, string][] = [
  [
    "tiles",
    "oidc",
    { oidc: { ...oidc, idpInitiated: false } },
    "## IdP-initiated SSO",
    "Third-party Initiated Login",
  ],
  ["Just-In-Time", "oidc", { oidc: { ...oidc, justInTime: false } }, null, "**Just-In-Time provisioning**"],
  ["signing out of Okta", "oidc", { oidc: { ...oidc, signOutOfOkta: false } }, null, "SP-initiated SLO"],
  // SAML {
  [
    "Universal Logout",
    "saml",
    { universalLogout: null },
    "### Switch Universal Logout on (optional)",
    "**Universal Logout**",
  ],
  [
    "tiles",
    "saml",
    { saml: { ...saml, idpInitiated: false } },
    "## IdP-initiated SSO",
    "**IdP-initiated SSO**",
  ],
  [
    "starting here",
    "saml",
    { saml: { ...saml, spInitiated: false } },
    "## SP-initiated SSO",
    "**SP-initiated SSO**",
  ],
  // SAML }
  ["groups", "scim", { scim: { ...scim, groups: null } }, "### Push groups", "**Group push**"],
  [
    "passwords",
    "scim",
    { scim: { ...scim, users: { ...scim.users, changePassword: false } } },
    null,
    "**Sync password**",
  ],
  [
    "entitlements",
    "scim",
    { scim: { ...scim, entitlements: [] } },
    "### Assign roles and entitlements (optional)",
    "Okta Identity Governance",
  ],
  [
    "Universal Logout",
    "xaa",
    { universalLogout: null },
    null,
    "or when Universal Logout ends their sessions",
  ],
];

/** Facts in which every value differs from the configured one. */
const otherFacts: GuideFacts = {
  brand: {
    ...configuredFacts.brand,
    productName: "Zebra",
    supportEmail: "help@zebra.test",
    supportUrl: "https://zebra.test/help",
  },
  integration: {
    ...integration,
    displayName: "Zebra for Teams",
    guides: { edition: "9.9", date: "1 April 2031", productVersion: "77.1" },
    variables: [{ name: "stable", label: "Stable number" }],
    saml: { ...saml, groupAttribute: { name: "herds", filter: "Starts with", value: "Zebra" } }, // SAML
    scim: {
      ...scim,
      entitlements: scim.entitlements.map((one) => ({
        ...one,
        resourceType: `Zebra ${one.resourceType}`,
        description: "Stripes",
      })),
    },
    crossAppAccess: {
      ...crossAppAccess,
      scopes: crossAppAccess.scopes.map((scope, index) => ({
        ...scope,
        name: `zebra.${index}`,
        description: `May see stripe ${index}`,
      })),
    },
  },
  attributes: configuredFacts.attributes.map((entry, index) => ({
    ...entry,
    label: `Label ${index}`,
    scim: `scimPath${index}`,
    oidcClaim: entry.oidcClaim && `claim_${index}`,
    ...(entry.samlAttribute ? { samlAttribute: `saml_${index}` } : {}), // SAML
    oktaExpression: entry.oktaExpression && `user.expression${index}`,
  })),
  entitlements: [{ id: "grazing", displayName: "Grazing", description: "May graze." }],
  scopes: ["openid", "phone"],
};

/** Facts as they appear in a text: names as words, and identifiers as code. */
function factTexts({ brand, integration: manifest, attributes, entitlements }: GuideFacts): string[] {
  const names = attributes
    .flatMap((entry) => [
      ...[entry.scim, entry.oidcClaim, entry.oktaExpression],
      entry.samlAttribute, // SAML
    ])
    .filter((name) => typeof name === "string");
  return [
    ...[
      brand.productName,
      brand.supportEmail,
      brand.supportUrl,
      `Edition ${manifest.guides.edition},`,
      `${brand.productName} ${manifest.guides.productVersion}`,
      manifest.guides.date,
    ],
    ...manifest.variables.map(({ label }) => label),
    ...(manifest.scim?.entitlements.map(({ description }) => description) ?? []),
    ...(manifest.crossAppAccess?.scopes.flatMap(({ name, description }) => [code(name).text, description]) ??
      []),
    ...[...names, ...entitlements.map(({ id }) => id)].map((name) => code(name).text),
  ].map((text) => (text.startsWith("`") ? text : toMarkdown(text)));
}

/** A section of a guide, from its heading to the next heading. */
function sectionOf(text: string, heading: string): string {
  const [, after] = text.split(`\n${heading}\n`);
  assert.ok(after !== undefined, heading);
  return after.split(/^##+ /m)[0] ?? "";
}

describe("configuration guides", () => {
  for (const capability of capabilities) {
    it(`${capability}: has every heading that Okta requires, in order, with content below each`, () => {
      const text = writeGuide(capability, everybody);
      const sections = text.split(/^## /m).slice(1);
      assert.deepEqual(
        sections.map((section) => section.split("\n")[0]),
        headings[capability],
      );
      for (const section of sections) assert.ok(section.split("\n").slice(1).join("").trim() !== "", section);
    });

    it(`${capability}: changes with every fact of config/, and hard-codes none`, () => {
      const before = factTexts(configuredFacts);
      const after = writeGuide(capability, { ...everybody, origin: "https://other.test" }, otherFacts);
      const left = before.filter((fact) => after.includes(fact));
      assert.deepEqual(left, []);
      const used = factTexts(otherFacts).filter((fact) => after.includes(fact));
      assert.ok(used.length >= 8, `only ${used.join(", ")} came from config/`);
    });
  }

  it("contain no hard-coded URL of the application", () => {
    const folders = ["scim", "api", "mcp", "oauth2", "login", "logout", "account", "guides", "signed-out"];
    const all = [...connectionTypes, ...folders, "setup", "global-token", "admin"];
    const address = new RegExp(`/(${all.join("|")})\\b`);
    assert.ok(templates.length >= 8);
    const found = templates.flatMap(({ file, text }) => {
      const prose = text.replace(/<%[\s\S]*?%>/g, "");
      return address.test(prose) ? [`${file}: ${address.exec(prose)?.[0]}`] : [];
    });
    assert.deepEqual(found, []);
  });

  it("explain every reason for which the code refuses a sign-in, in one row, or leave it to the reference", () => {
    const rows = connectionTypes.flatMap((type) => [...troubleshootingOf(type)]);
    const explained = [...new Set(rows.flatMap(({ reasons }) => reasons))];
    assert.deepEqual([...explained, ...unexplainedReasons()].sort(), [...refusalReasons].sort());
    const reference = readFileSync("docs/reference/errors.md", "utf8");
    for (const reason of refusalReasons) assert.ok(reference.includes(`| \`${reason}\` |`), reason);
    for (const { reasons, cause, remedy } of rows)
      assert.ok(cause.text.length > 10 && remedy.text.length > 5, reasons.join());
    for (const capability of connectionTypes) {
      const own = troubleshootingOf(capability).flatMap(({ reasons }) => reasons);
      assert.equal(new Set(own).size, own.length, "each reason has one row");
    }
  });

  it("have one row for each sentence that a person can see, and no row about an attack or a password", () => {
    for (const capability of connectionTypes) {
      const rows = troubleshootingOf(capability);
      const seen = rows.flatMap((row) => row.seen);
      assert.ok(rows.length >= 10 && rows.length <= 16, `${rows.length} rows`);
      assert.equal(new Set(seen).size, seen.length);
      const text = writeGuide(capability, everybody);
      assert.doesNotMatch(text, /tell us|attack|one-time link/i);
      for (const sentence of seen) assert.ok(text.includes(toMarkdown(sentence)), sentence);
    }
    for (const capability of ["scim", "xaa"] as const)
      assert.doesNotMatch(writeGuide(capability, everybody), /tell us|attack/i);
  });

  it("explain every provisioning error, and no others", () => {
    const sources = ["src/scim", "packages/scim-server/src"]
      .flatMap((folder) => readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8")))
      .map((text) => text.replace(/^export type ScimType =.*?;/ms, "")) // the keywords that RFC 7644 defines
      .join("\n");
    const keywords = /"(uniqueness|mutability|noTarget|tooMany|sensitive|invalid[A-Z]\w+)"/g;
    // Okta never sends requests that get 405, 409 without a keyword (a reference in Bulk), 412, 501 or invalidCount.
    const statuses = /new ScimError\(\s*(?!405|409|412|501)(\d{3}),\s*null/g;
    const given = [keywords, statuses]
      .flatMap((pattern) => [...sources.matchAll(pattern)].map(([, code]) => code))
      .filter((code) => code !== "invalidCount");
    const [, troubles = ""] = writeGuide("scim", everybody).split(/^## Known issues.*$/m);
    const explained = [...troubles.matchAll(/`(?:\d{3} )?(\w+)`/g)].map(([, code]) => code);
    assert.deepEqual([...new Set(explained)].sort(), [...new Set(given)].sort());
  });

  it("explain every error of the token endpoint and of the API, and no others", () => {
    const sources = ["src/cross-app-access", "src/oauth", "src/web"]
      .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
      .filter((file) => !file.startsWith("src/web/") || file.includes("access-token"))
      .map((file) => readFileSync(file, "utf8"));
    const code =
      /"(invalid_\w+|insufficient_scope|unauthorized_client|unsupported_grant_type|temporarily_unavailable)"/g;
    const given = new Set(sources.flatMap((text) => [...text.matchAll(code)].map(([, name]) => name)));
    assert.ok(given.size >= 10, [...given].join());
    const [, troubles = ""] = writeGuide("xaa", everybody).split(/^## Known issues.*$/m);
    const explained = [...troubles.matchAll(/`\d{3} (\w+)`/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(explained)].sort(), [...given].sort());
  });

  for (const [title, capability, change, heading, feature] of switches) {
    it(`omit ${title} if the manifest does`, () => {
      const facts = { ...configuredFacts, integration: { ...configuredFacts.integration, ...change } };
      const [without, withIt] = [writeGuide(capability, everybody, facts), writeGuide(capability, everybody)];
      assert.ok(withIt.includes(feature), feature);
      assert.equal(without.includes(feature), false);
      if (heading) assert.ok(withIt.includes(`\n${heading}\n`) && !without.includes(`\n${heading}\n`));
    });
  }

  it("enable Entitlement management before anything of provisioning", () => {
    const text = writeGuide("scim", everybody);
    const order = [
      ...[
        `### Add ${brand.productName} to your Okta org`,
        "### Enable Entitlement management first (optional)",
      ],
      ...[`### Create a provisioning token in ${brand.productName}`, "### Enable provisioning in Okta"],
      ...[`### Choose what Okta does in ${brand.productName}`, "### Assign people"],
      "### Assign roles and entitlements (optional)",
    ].map((heading) => text.indexOf(`\n${heading}\n`));
    assert.ok(order.every((place) => place > 0));
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    const { section, enable, viewAccess, editAccess, customize, adminApp } = okta.entitlements;
    for (const label of [section, enable, viewAccess, editAccess, customize, adminApp])
      assert.ok(text.includes(bold(label)), label);
  });

  it("say which features of Okta an org needs", () => {
    const { identityEngine, adaptiveMfa, threatProtection, identityGovernance, lifecycleManagement } =
      oktaProducts;
    const signOn = [identityEngine, adaptiveMfa, threatProtection, identityGovernance];
    const claims = okta.features.federatedClaims;
    const needed = {
      oidc: [...signOn, claims],
      saml: [...signOn, claims], // SAML
      scim: [lifecycleManagement, identityGovernance],
      xaa: [identityEngine],
    };
    for (const capability of capabilities) {
      const text = sectionOf(writeGuide(capability, everybody), "## Requirements");
      for (const feature of needed[capability])
        assert.ok(text.includes(feature), `${capability}: ${feature}`);
    }
  });

  it("call the tab Sign On by both of its names in each section, and name the link that leads here", () => {
    const [tab, other] = [bold(okta.tabs.signOn), bold(okta.tabs.authentication)];
    const usual = okta.signOn.viewSetupInstructions;
    const links: Record<Capability, string> = {
      ...{ oidc: usual, scim: usual, xaa: usual },
      saml: okta.signOn.viewSamlSetupInstructions, // SAML
    };
    for (const capability of capabilities) {
      const text = writeGuide(capability, everybody);
      const sections = text.split(/^##+ /m).filter((section) => section.includes(tab));
      assert.ok(sections.length >= (["scim", "xaa"].includes(capability) ? 0 : 3), capability);
      for (const section of sections) assert.equal(section.split(other).length, 2, section);
      // Okta's link of an app leads to the guide to its sign-in, and to that of SCIM.
      assert.equal(
        text.split("## Contents")[0]?.includes(bold(links[capability])),
        capability !== "xaa",
        capability,
      );
    }
  });

  it("name settings of the customer's own app integrations in one section only", () => {
    for (const capability of [...connectionTypes, "scim"] as const) {
      const text = writeGuide(capability, everybody);
      const own = sectionOf(text, `### If ${brand.productName} is not in your catalog`);
      const labels = Object.values(okta.customApp).filter((label) => text.includes(bold(label)));
      assert.ok(labels.length > 0, capability);
      for (const label of labels) assert.ok(!text.replace(own, "").includes(bold(label)), label);
    }
  });

  it("tell an Okta administrator the values of Cross App Access to the letter, with each scope", () => {
    const text = writeGuide("xaa", { ...everybody, tenant: "acme", key: "acme-eu" });
    const values = [...text.matchAll(/^\| (.+?) \| `([^`]+)` \|$/gm)].map(([, name, value]) => [name, value]);
    const { issuerUrl, tenantId } = okta.resourceServer;
    assert.deepEqual(values, [
      [issuerUrl, "https://app.example.com"],
      [tenantId, "acme-eu"],
      [`${okta.agents.resourceIndicator} of the API`, "https://app.example.com/api/v1"],
      [`${okta.agents.resourceIndicator} of the MCP server`, "https://app.example.com/mcp"],
    ]);
    for (const { name, description } of crossAppAccess.scopes)
      assert.ok(text.includes(`| \`${name}\` | ${toMarkdown(description)} |`), name);
  });

  it("list the attributes of the app in the catalog, and those that a customer can add, with their SCIM names", () => {
    const text = writeGuide("scim", everybody);
    const mapped = sectionOf(text, "## Attributes and mapping");
    const addable = sectionOf(text, "### Add other attributes (optional)");
    for (const { scim: path, label, required, field } of configuredFacts.attributes) {
      const name = code(path.split(":").at(-1) ?? "").text;
      assert.equal(mapped.includes(`| ${toMarkdown(label)} | ${name} |`), required, path);
      assert.equal(addable.includes(`${toMarkdown(label)} ${name}`), !required && field !== "active", path);
    }
    assert.ok(addable.includes("Cost center") && addable.includes("by hand"));
  });

  it("contain the values of a customer's connection", () => {
    const mine = { origin: "https://app.example.com", tenant: "acme", key: "acme-eu" };
    assert.ok(writeGuide("saml", mine).includes("`https://app.example.com/saml/acme-eu/acs`")); // SAML
    const text = writeGuide("oidc", mine);
    assert.ok(text.includes("`https://app.example.com/oidc/acme-eu/callback`"));
    assert.ok(text.includes("`https://app.example.com/login/password/acme`"));
    assert.equal(text.includes("{connection}"), false);
  });

  it("show each picture that a step points to, and number pictures in the order of the steps", () => {
    const names = new Set(
      templates.flatMap(({ text }) =>
        [...text.matchAll(/(?:see|figure)\("([^"]+)"/g)].map(([, name]) => name ?? ""),
      ),
    );
    for (const capability of capabilities) {
      const text = writeGuide(capability, everybody, configuredFacts, { names, drawn: new Set() });
      const numbers = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, number]) => Number(number));
      const pointed = numbers(/\(Figure (\d+)\)/g);
      assert.ok(pointed.length >= 4, capability);
      assert.deepEqual(
        pointed,
        [...pointed].sort((a, b) => a - b),
      );
      assert.deepEqual(numbers(/^\*Figure (\d+)\./gm).sort(), [...pointed].sort());
    }
  });
});
