import assert from "node:assert/strict";
import { readOn } from "okta-labels/labels";
import type { Integration } from "../src/integration.ts";
import { submissionValues } from "../src/submission.ts";
import { wizardScreens } from "../src/wizard.ts";
import { sample } from "./sample.ts";
import { factsReadOn, wizardFacts } from "./wizard-facts.ts";

const { manifest: integration } = sample;
const { saml, scim } = integration;
assert.ok(saml && scim);

const withManifest = (change: Partial<Integration>) => ({
  ...sample,
  manifest: { ...integration, ...change },
});

/** Every field with its place, in order. */
const fieldsOf = (change: Partial<Integration> = {}) =>
  wizardScreens(withManifest(change)).flatMap(({ title: screen, sections }) =>
    sections.flatMap(({ title: section, fields }) => fields.map((field) => ({ screen, section, ...field }))),
  );

describe("the Wizard's fields", () => {
  it("are those of Okta's documents, on their screens, in order, with their limits", () => {
    assert.deepEqual(
      fieldsOf().map(({ screen, section, label, required, limit }) => ({
        screen,
        section,
        label,
        required,
        limit,
      })),
      wizardFacts.map(({ source: _, ...fact }) => fact),
    );
    assert.equal(readOn, factsReadOn, "labels and facts come from the same documents");
  });

  it("are each there once", () => {
    const places = fieldsOf().map(({ section, label }) => `${section}: ${label}`);
    const twice = places.filter((place, index) => places.indexOf(place) !== index);
    // Okta uses the word for the resource type and for the mapping of its values.
    const allowed = ["Role", "Entitlement"].map(
      (type) => `SCIM 2.0 entitlement management properties: ${type}: Description`,
    );
    assert.deepEqual(twice, allowed);
  });

  it("leave out the sections of a capability that the manifest does not have", () => {
    const change = { saml: null, scim: null, universalLogout: null, variables: [] };
    const sections = new Set(fieldsOf(change).map(({ section }) => section));
    assert.deepEqual(
      [...sections],
      [
        "Capabilities",
        "OIN catalog properties",
        "Public support contact",
        "Support contact",
        "OIDC properties",
        "Test information for Okta review",
        "OIDC tests",
        "Certification",
      ],
    );
  });

  it("have the endpoints of the authorization server for the mode OAuth 2, and no secret", () => {
    const fields = fieldsOf({ scim: { ...scim, authentication: "OAuth 2" } });
    assert.deepEqual(
      fields
        .filter(({ section }) => section === "Authentication settings")
        .map(({ label, value }) => [label, value]),
      [
        ["Authentication mode", "OAuth 2"],
        ["Authorize endpoint", "'https://app.example.com/authorize'"],
        ["Token endpoint", "'https://app.example.com/token'"],
        ["Client ID", null],
        ["Client secret", null],
        ["Scopes", null],
      ],
    );
  });

  it("demand URL and description of the SP flow only where SAML offers it", () => {
    const spFields = (spInitiated: boolean) =>
      fieldsOf({ saml: { ...saml, spInitiated } }).filter(
        ({ section, label }) => section === "SAML tests" && label.startsWith("SP "),
      );
    assert.deepEqual(
      spFields(true).map(({ required, value }) => [required, value !== null]),
      [
        [true, true],
        [true, true],
      ],
    );
    assert.deepEqual(
      spFields(false).map(({ required, value }) => [required, value]),
      [
        [false, null],
        [false, null],
      ],
    );
  });

  it("have a value, or a note that says when it exists", () => {
    const empty = fieldsOf().filter(
      ({ required, value }) => required && (value === null || value.length === 0),
    );
    assert.deepEqual(
      empty.filter(({ note }) => note === ""),
      [],
    );
    assert.deepEqual(
      empty.map(({ label }) => label),
      [
        "Password",
        "Link to Runscope spec test results",
        "Link to Runscope CRUD test results",
        "Link to SCIM Entitlement Management Runscope test results",
        "I certify that I have successfully completed required tests",
      ],
    );
  });

  it("leave every declaration to a person", () => {
    const declarations = fieldsOf().filter(({ label }) =>
      /certify|declare|agree|confirm|completed/i.test(label),
    );
    assert.equal(declarations.length, 1);
    for (const { value, note } of declarations) {
      assert.equal(value, null);
      assert.match(note, /Yours to declare/);
    }
  });

  it("keep every value within its limit", () => {
    for (const { label, value, limit } of fieldsOf())
      for (const text of [value ?? []].flat()) assert.ok(text.length <= (limit ?? text.length), label);
  });

  it("have a row for each part of a statement, and for the group attribute", () => {
    const groupAttribute = { name: "groups", filter: "Starts with" as const, value: "app-" };
    const rows = fieldsOf({ saml: { ...saml, groupAttribute } }).flatMap(({ label, value }) =>
      /^(Attribute|Group) (statements 2|attributes)/.test(label) ? [[label, value]] : [],
    );
    assert.deepEqual(rows, [
      ["Attribute statements 2: Attribute name", "lastName"],
      ["Attribute statements 2: Values", "user.lastName"],
      ["Group attributes: Name", "groups"],
      ["Group attributes: Filter", "Starts with"],
      ["Group attributes: Value", "app-"],
    ]);
  });
});

/** The names in values.json. Programs and published copies read them, so none may go. */
const storedNames: Record<string, string[]> = {
  "Add integration capabilities": [
    "Single sign-on",
    "Provisioning",
    "Entitlement Management",
    "Universal Logout",
  ],
  "OIN catalog properties": [
    "Display name",
    "Description",
    "Logo",
    "Use cases",
    "Support link",
    "Support email",
    "Support phone",
  ],
  "Tenant settings": ["Label", "Name"],
  "OIDC properties": [
    "Redirect URIs",
    "Initiate login URI",
    "Post-logout URIs",
    "Link to configuration guide",
  ],
  "SAML properties": [
    "Default ACS URL",
    "ACS URLs",
    "Entity ID",
    "Attribute statements: firstName",
    "Attribute statements: lastName",
    "Attribute statements: email",
    "Group attributes",
    "Link to configuration guide",
  ],
  "Universal Logout properties": [
    "Global token revocation endpoint",
    "Authentication method",
    "Subject format",
    "Partial support",
  ],
  "SCIM properties": [
    "Authentication mode",
    "Base URL",
    "Objects",
    "User operations",
    "Group operations",
    "Import",
    "Link to configuration guide",
  ],
  "Entitlement Management properties: Role": [
    "Resource type",
    "Endpoint",
    "Required",
    "Multi-valued",
    "Description",
    "ID",
    "Display Name",
    "Description of the value",
  ],
  "Test information": ["Account URL", "Username", "Password", "Support email", "Testing instructions"],
  "Test your OIDC integration": ["Supported sign-in flows", "Just-In-Time provisioning", "SP Initiate URL"],
  "Test your SAML integration": [
    "Supported sign-in flows",
    "Just-In-Time provisioning",
    "SP Initiate URL",
    "SP Initiate flow description",
  ],
  Submit: [
    "Link to Runscope spec test results",
    "Link to Runscope CRUD test results",
    "Link to Runscope entitlement test results",
    "I certify that I have successfully completed required tests",
  ],
};

describe("the values for programs", () => {
  const values = submissionValues(sample);

  it("keep the names under which they were first published", () => {
    for (const [section, labels] of Object.entries(storedNames))
      assert.deepEqual(
        labels.filter((label) => values[section]?.[label] === undefined),
        [],
        section,
      );
  });

  it("keep the form of values that the Wizard shows in parts", () => {
    const groupAttribute = { name: "groups", filter: "Starts with" as const, value: "app-" };
    const stored = submissionValues(withManifest({ saml: { ...saml, groupAttribute } }));
    assert.equal(stored["SAML properties"]?.["Group attributes"], "groups, Starts with: app-");
    assert.equal(stored["SAML properties"]?.["Attribute statements: email"], "user.email");
    assert.deepEqual(stored["SCIM properties"]?.["Group operations"], ["Create", "Read", "Update", "Delete"]);
    assert.equal(Object.keys(stored["SAML properties"] ?? {}).length, 8);
  });

  it("list the values of a label that occurs several times", () => {
    const variables = [...integration.variables, { name: "region", label: "Region" }];
    const stored = submissionValues(withManifest({ variables }));
    assert.deepEqual(stored["Tenant settings"], {
      Label: ["Connection ID", "Region"],
      Name: ["connection", "region"],
    });
  });

  it("hold texts of several lines unchanged", () => {
    assert.equal(
      values["Test information"]?.["Testing instructions"],
      "Sign in as isvtest@okta.com.\n\n  API token: [token]\n",
    );
  });
});
