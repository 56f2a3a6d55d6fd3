/**
 * Every field of the OIN Wizard for sign-in, provisioning, entitlements and Universal Logout, typed from Okta's documents:
 * okta/okta-developer-docs, 468de9c511 of 2026-08-21, packages/@okta/vuepress-site/docs/guides/submit-oin-app/main. The
 * tests compare what the kit generates with this table, so it repeats no constant of the kit.
 */
export interface WizardFact {
  screen: string;
  section: string;
  label: string;
  required: boolean;
  /** The most characters of one value; null if Okta states none. */
  limit: number | null;
  /** The file that describes the field, below the folder above. */
  source: string;
}

/** The date of the documents. */
export const factsReadOn = "2026-08-21";

type Row = [label: string, required: boolean, limit?: number];

const rows = (screen: string, section: string, source: string, fields: Row[]): WizardFact[] =>
  fields.map(([label, required, limit = null]) => ({ screen, section, label, required, limit, source }));

const details = "Integration details";
const configure = "Configure your integration";
const information = "Test your integration";
const entitlementFields: Row[] = [
  ["Resource type", true],
  ["Endpoint", true],
  ["Required", false],
  ["Multi-valued", false],
  ["Description", false],
  ["ID", true],
  ["Display Name", true],
  ["Description", false],
];

/** The fields for the product in sample.ts, in the Wizard's order. */
export const wizardFacts: readonly WizardFact[] = [
  ...rows("Add integration capabilities", "Capabilities", "openidconnect/entry-path.md", [
    ["Single sign-on", true],
    ["Provisioning", false],
    ["Entitlement Management", false],
    ["Universal Logout", false],
  ]),
  ...rows(details, "OIN catalog properties", "openidconnect/catalog-properties.md", [
    ["Display name", true, 64],
    // "less than 1024 characters": submit-app-prereq, App description guidelines
    ["Description", true, 1023],
    ["Logo", true],
    ["Use Cases", false],
  ]),
  // Described without a screen: submit-app-prereq, Customer support contact guidelines
  ...rows(details, "Public support contact", "../../submit-app-prereq/main/index.md", [
    ["Support link", false],
    ["Support email", false],
    ["Support phone number", false],
  ]),
  ...rows(details, "Tenant settings", "openidconnect/tenant-settings.md", [
    ["Label", true],
    ["Name", true, 1024],
  ]),
  ...rows(details, "Authentication settings", "scim/auth-settings.md", [["Authentication mode", true]]),
  ...rows(configure, "Support contact", "index.md", [["Support email", true]]),
  ...rows(configure, "OIDC properties", "openidconnect/protocol-properties.md", [
    ["Redirect URIs", true, 1024],
    ["Initiate login URI", false],
    ["Post-logout URI", false],
    ["Configuration guide URL", true],
  ]),
  ...rows(configure, "SAML properties", "saml2/protocol-properties.md", [
    ["Default ACS URL", true, 1024],
    ["ACS URL", false, 1024],
    ["Index", false],
    ["Entity ID / audience restriction", true],
    ["Attribute statements 1: Attribute name", true],
    ["Attribute statements 1: Values", true],
    ["Attribute statements 2: Attribute name", true],
    ["Attribute statements 2: Values", true],
    ["Attribute statements 3: Attribute name", true],
    ["Attribute statements 3: Values", true],
    ["Group attributes", false],
    ["Configuration guide URL", true],
  ]),
  ...rows(configure, "SCIM properties", "scim/protocol-properties.md", [
    ["Base URL", true, 1024],
    ["What objects do you want Okta to manage in your integration?", true],
    ["User operations", true],
    ["Group operations", false],
    ["Import users, Import groups", true],
    ["Link to configuration guide", true],
  ]),
  ...["Role", "Entitlement"].flatMap((type) =>
    rows(
      configure,
      `SCIM 2.0 entitlement management properties: ${type}`,
      "scim/entitlement-management-properties.md",
      entitlementFields,
    ),
  ),
  ...rows(configure, "Universal Logout properties", "openidconnect/universal-logout-properties.md", [
    ["Global token revocation endpoint", true, 1024],
    ["Authentication method", true],
    ["Subject format", true],
    ["Partial support", false],
  ]),
  ...rows(information, "Test information for Okta review", "index.md", [
    ["Account URL", true],
    ["Username", true],
    ["Password", true],
    ["Testing instructions", false],
  ]),
  ...rows(information, "OIDC tests", "openidconnect/protocol-test-flow.md", [
    ["Supported sign-in flows", true],
    ["Supports Just-In-Time provisioning?", true],
    ["SP Initiate URL", true, 512],
  ]),
  ...rows(information, "SAML tests", "saml2/protocol-test-flow.md", [
    ["Supported sign-in flows", true],
    ["Supports Just-In-Time provisioning?", true],
    ["SP Initiate URL", true, 512],
    ["SP Initiate flow description", true, 2048],
  ]),
  ...rows("Test integration", "SCIM integration testing step", "scim/test-scim.md", [
    ["Link to Runscope spec test results", true],
    ["Link to Runscope CRUD test results", true],
    ["Link to SCIM Entitlement Management Runscope test results", true],
  ]),
  ...rows("Submit your integration", "Certification", "index.md", [
    ["I certify that I have successfully completed required tests", true],
  ]),
];
