/**
 * Identity providers other than Okta: the names on their screens, and how much of the application works with each. Every
 * fact is from the sources of its provider, read on the day below. test/guide/providers.test.ts holds the claims
 * about the application against its code.
 */
import { configuredFacts, type GuideFacts, guideData } from "../../../src/guide/facts.ts";
import { renderTemplate } from "../../../src/guide/templates.ts";

const providersReadOn = "30 November 2026";

type ProfileField = "givenName" | "familyName" | "email" | "displayName";

export interface OtherProvider {
  id: "entra" | "google" | "onelogin";
  name: string;
  /** Where its administrators work. */
  console: string;
  saml: {
    /** The way to a new app, label by label. */
    add: readonly string[];
    /** Where the two addresses go: the provider's field, and our address for it. */
    fields: readonly (readonly [field: string, value: "entityId" | "acsUrl"])[];
    /** Further fields of the provider: the field, its value, and why. */
    choices: readonly (readonly [field: string, value: string, why: string])[];
    attributes: { place: readonly string[]; sources: Readonly<Partial<Record<ProfileField, string>>> };
    metadata: { place: readonly string[]; isUrl: boolean };
    assign: readonly string[];
  };
  /** Null if the provider pushes no accounts to an app of the customer's own. */
  scim: {
    place: readonly string[];
    urlField: string;
    tokenField: string;
    /** How the provider tries the two values: a sentence of Markdown. */
    check: string;
    start: readonly string[];
    /** When changes arrive. */
    pace: string;
  } | null;
  /** The issuers under which it speaks OpenID Connect; the application takes none of them. */
  oidc: { issuer: string; why: string };
  /** The field for a logout address, which stays empty; null if there is none. */
  logoutField: string | null;
  sources: readonly (readonly [title: string, url: string])[];
}

const learn = "https://learn.microsoft.com/en-us/entra";
const hasPath =
  "It has a path, and the issuer of a connection has none: a rule of the Okta Integration Network.";

export const providers: readonly OtherProvider[] = [
  {
    id: "entra",
    name: "Microsoft Entra ID",
    console: "Microsoft Entra admin center",
    saml: {
      add: ["Enterprise applications", "New application", "Create your own application"],
      fields: [
        ["Identifier (Entity ID)", "entityId"],
        ["Reply URL (Assertion Consumer Service URL)", "acsUrl"],
      ],
      choices: [
        ["Signing Option", "Sign SAML assertion", "the default"],
        ["Signing Algorithm", "SHA-256", "the default; SHA-1 is refused"],
      ],
      attributes: {
        place: ["Single sign-on", "Attributes & Claims", "Edit", "Add new claim"],
        sources: {
          givenName: "user.givenname",
          familyName: "user.surname",
          email: "user.mail",
          displayName: "user.displayname",
        },
      },
      metadata: {
        place: ["Single sign-on", "SAML Certificates", "App Federation Metadata Url"],
        isUrl: true,
      },
      assign: ["Users and groups"],
    },
    scim: {
      place: ["Provisioning", "New configuration"],
      urlField: "Tenant URL",
      tokenField: "Secret Token",
      check: "Click **Test Connection**, then **Create**.",
      start: ["Overview", "Start provisioning"],
      pace: "Microsoft Entra ID sends changes about every 40 minutes.",
    },
    oidc: {
      issuer: "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
      why: hasPath,
    },
    logoutField: "Logout Url",
    sources: [
      [
        "Enable single sign-on for an enterprise application",
        `${learn}/identity/enterprise-apps/add-application-portal-setup-sso`,
      ],
      [
        "Advanced certificate signing options in a SAML token",
        `${learn}/identity/enterprise-apps/certificate-signing-options`,
      ],
      ["Customize SAML token claims", `${learn}/identity-platform/saml-claims-customization`],
      [
        "Develop a SCIM endpoint for user provisioning to apps",
        `${learn}/identity/app-provisioning/use-scim-to-provision-users-and-groups`,
      ],
    ],
  },
  {
    id: "google",
    name: "Google Workspace",
    console: "Google Admin console",
    saml: {
      add: ["Apps", "Web and mobile apps", "Add app", "Add custom SAML app"],
      fields: [
        ["ACS URL", "acsUrl"],
        ["Entity ID", "entityId"],
      ],
      choices: [
        ["Signed response", "not selected", "the assertion is signed, and that is what a connection expects"],
        ["Name ID format", "EMAIL", "the person’s address"],
      ],
      attributes: {
        place: ["Attribute mapping"],
        sources: { givenName: "First name", familyName: "Last name", email: "Primary email" },
      },
      metadata: { place: ["Google Identity Provider details", "Download metadata"], isUrl: false },
      assign: ["User access", "ON for everyone"],
    },
    scim: null,
    oidc: {
      issuer: "https://accounts.google.com",
      why: "Every Google account has this issuer, so it does not say whose customer a person is.",
    },
    logoutField: null,
    sources: [
      [
        "Ory: the fields of a SAML app, and provisioning from the catalog only",
        "https://www.ory.com/docs/kratos/manage-identities/scim/google-workspace",
      ],
      ["Ory Polis: the attribute mapping", "https://www.ory.com/docs/polis/sso-providers/google"],
      [
        "Google: OpenID Connect API reference",
        "https://developers.google.com/identity/openid-connect/reference",
      ],
    ],
  },
  {
    id: "onelogin",
    name: "OneLogin",
    console: "OneLogin administration",
    saml: {
      add: ["Applications", "Add App", "SCIM Provisioner with SAML (SCIM v2 Core)"],
      fields: [
        ["SAML Audience URL", "entityId"],
        ["SAML Consumer URL", "acsUrl"],
      ],
      choices: [
        ["SAML Signature Algorithm", "SHA-256", "on the tab SSO; SHA-1 is refused"],
        ["SAML NameID (Subject), scimusername", "Email", "both have to be the same"],
        ["Include in SAML assertion", "selected, for each attribute", "otherwise it goes to SCIM only"],
      ],
      attributes: {
        place: ["Parameters", "Add parameter"],
        sources: { givenName: "First Name", familyName: "Last Name", email: "Email" },
      },
      metadata: { place: ["More Actions", "SAML Metadata"], isUrl: false },
      assign: ["Users", "Applications"],
    },
    scim: {
      place: ["Configuration"],
      urlField: "SCIM Base URL",
      tokenField: "SCIM Bearer Token",
      check: "Under **API Connection**, click **Enable**.",
      start: ["Provisioning", "Enable provisioning"],
      pace: "OneLogin sends a change when it happens, or once an administrator has approved it there.",
    },
    oidc: { issuer: "https://acme.onelogin.com/oidc/2", why: hasPath },
    logoutField: "SAML Single Logout URL",
    sources: [
      [
        "OneLogin: SCIM custom connectors (KB0013904)",
        "https://onelogin.service-now.com/kb?id=kb_article_view&sysparm_article=KB0013904",
      ],
      [
        "Pigeonhole: the fields of this connector",
        "https://help.pigeonholelive.com/hc/en-us/articles/217588238-Setting-up-SCIM-on-OneLogin",
      ],
      ["Workstars: the signature algorithm", "https://support.workstars.com/hc/en-gb/articles/8166534041873"],
      [
        "Posit: the issuer of OpenID Connect",
        "https://docs.posit.co/connect/admin/authentication/oauth2-openid-based/onelogin-openid-connect",
      ],
    ],
  },
];

/** The guide for one provider, as Markdown. */
export function providerGuide(
  provider: OtherProvider,
  origin: string,
  facts: GuideFacts = configuredFacts,
): string {
  const data = guideData(facts, { origin, tenant: null, key: null });
  return renderTemplate("guide/provider", { ...data, provider, readOn: providersReadOn });
}
