/** The documents that state the rules: their titles and URLs. */
export const documents = {
  requirements: [
    "Okta: OIN submission requirements",
    "https://developer.okta.com/docs/guides/submit-app-prereq/main/",
  ],
  wizardOidc: [
    "Okta: OIN Wizard, OpenID Connect",
    "https://developer.okta.com/docs/guides/submit-oin-app/openidconnect/main/",
  ],
  wizardSaml: [
    "Okta: OIN Wizard, SAML 2.0",
    "https://developer.okta.com/docs/guides/submit-oin-app/saml2/main/",
  ],
  wizardScim: ["Okta: OIN Wizard, SCIM", "https://developer.okta.com/docs/guides/submit-oin-app/scim/main/"],
  updating: [
    "Okta: Update your published integration",
    "https://developer.okta.com/docs/guides/update-oin-app/openidconnect/main/",
  ],
  oidcReference: [
    "Okta: OpenID Connect & OAuth 2.0 API",
    "https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/",
  ],
  samlCertificates: [
    "Okta: Upgrade SAML apps to SHA256",
    "https://developer.okta.com/docs/guides/updating-saml-cert/main/",
  ],
  scimPrepare: [
    "Okta: Build your SCIM API service",
    "https://developer.okta.com/docs/guides/scim-provisioning-integration-prepare/main/",
  ],
  scimConcepts: ["Okta: Understanding SCIM", "https://developer.okta.com/docs/concepts/scim/"],
  scimFaqs: ["Okta: SCIM technical FAQs", "https://developer.okta.com/docs/concepts/scim/faqs/"],
  scimReference: [
    "Okta: SCIM 2.0 reference",
    "https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20/",
  ],
  specSuite: [
    "Okta: SCIM 2.0 SPEC test",
    "https://developer.okta.com/standards/SCIM/SCIMFiles/Okta-SCIM-20-SPEC-Test.json",
  ],
  crudSuite: [
    "Okta: SCIM 2.0 CRUD test",
    "https://developer.okta.com/standards/SCIM/SCIMFiles/Okta-SCIM-20-CRUD-Test.json",
  ],
  entitlementSuite: [
    "Okta: SCIM 2.0 entitlements test",
    "https://developer.okta.com/standards/SCIM/SCIMFiles/Okta-SCIM-20-Entitlements-Test.json",
  ],
  testPlan: [
    "Okta: SCIM test plan",
    "https://developer.okta.com/standards/SCIM/SCIMFiles/okta-scim-test-plan-v2.xlsx",
  ],
  entitlements: [
    "Okta: SCIM 2.0 with entitlements",
    "https://developer.okta.com/docs/guides/scim-with-entitlements/main/",
  ],
  universalLogout: [
    "Okta: Universal Logout for OIN integrations",
    "https://developer.okta.com/docs/guides/oin-universal-logout-overview/",
  ],
  xaaMetadata: [
    "Okta: Expose XAA metadata for your resource app",
    "https://developer.okta.com/docs/guides/xaa-resource-metadata/main/",
  ],
  idJag: [
    "Identity Assertion JWT Authorization Grant",
    "https://datatracker.ietf.org/doc/html/draft-ietf-oauth-identity-assertion-authz-grant",
  ],
  managedAuthorization: [
    "MCP: Enterprise-Managed Authorization",
    "https://github.com/modelcontextprotocol/ext-auth/blob/main/specification/stable/enterprise-managed-authorization.mdx",
  ],
  oidcCore: ["OpenID Connect Core 1.0", "https://openid.net/specs/openid-connect-core-1_0.html"],
  samlMetadata: [
    "SAML 2.0 Metadata",
    "https://docs.oasis-open.org/security/saml/v2.0/saml-metadata-2.0-os.pdf",
  ],
  samlBindings: [
    "SAML 2.0 Bindings",
    "https://docs.oasis-open.org/security/saml/v2.0/saml-bindings-2.0-os.pdf",
  ],
  samlCore: ["SAML 2.0 Core", "https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf"],
  rfc6265: ["RFC 6265bis", "https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis"],
  rfc6749: ["RFC 6749", "https://www.rfc-editor.org/rfc/rfc6749"],
  rfc6750: ["RFC 6750", "https://www.rfc-editor.org/rfc/rfc6750"],
  rfc6797: ["RFC 6797", "https://www.rfc-editor.org/rfc/rfc6797"],
  rfc7636: ["RFC 7636", "https://www.rfc-editor.org/rfc/rfc7636"],
  rfc7643: ["RFC 7643", "https://www.rfc-editor.org/rfc/rfc7643"],
  rfc7644: ["RFC 7644", "https://www.rfc-editor.org/rfc/rfc7644"],
  rfc7523: ["RFC 7523", "https://www.rfc-editor.org/rfc/rfc7523"],
  rfc8414: ["RFC 8414", "https://www.rfc-editor.org/rfc/rfc8414"],
  rfc8725: ["RFC 8725", "https://www.rfc-editor.org/rfc/rfc8725"],
  rfc9449: ["RFC 9449", "https://www.rfc-editor.org/rfc/rfc9449"],
  rfc9728: ["RFC 9728", "https://www.rfc-editor.org/rfc/rfc9728"],
  rfc9110: ["RFC 9110", "https://www.rfc-editor.org/rfc/rfc9110"],
  rfc9111: ["RFC 9111", "https://www.rfc-editor.org/rfc/rfc9111"],
} as const satisfies Record<string, readonly [title: string, url: string]>;

/** The areas that `--only` chooses from, with the headings of the report. */
export const areas = {
  site: "The deployment",
  listing: "The catalog entry",
  oidc: "Sign-in by OpenID Connect",
  saml: "Sign-in by SAML",
  "idp-metadata": "The identity provider's metadata",
  "universal-logout": "Universal Logout",
  agents: "AI agents by Cross App Access",
  guides: "The configuration guides",
  scim: "Provisioning by SCIM",
  "scim-oauth": "OAuth 2.0 for SCIM",
} as const;
export type Area = keyof typeof areas;

export interface CheckRule {
  area: Area;
  /** The requirement, as a sentence without a full stop. */
  title: string;
  document: keyof typeof documents;
  section: string;
  /** The remedy, as an instruction. */
  fix: string;
  /** A broken `must` is a failure, a broken `should` a warning. */
  level: "must" | "should";
}

/** Returns functions that make an area's rules: `must` for what Okta demands, `should` for what is advisable. */
export function rulesOf(area: Area) {
  const rule =
    (level: CheckRule["level"]) =>
    (
      title: string,
      [document, section]: [document: CheckRule["document"], section: string],
      fix: string,
    ): CheckRule => ({
      area,
      title,
      document,
      section,
      fix,
      level,
    });
  return { must: rule("must"), should: rule("should") };
}
