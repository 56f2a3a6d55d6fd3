import type { Integration } from "oin-kit/integration";
import { brand } from "./brand.ts";

/** The scopes that a sign-in requests. Okta's catalog allows openid, profile, email, address and phone only. */
export const oidcScopes: readonly string[] = ["openid", "profile", "email"];

/** A scope of the product's API. */
export interface ApiScope {
  name: string;
  /** Says what it allows, for people. */
  description: string;
  /** The least role that a person needs, or an agent gets no such scope for them. */
  role: "member" | "admin" | "owner";
}

/** The scopes that agents can have (docs/explanation/cross-app-access.md). */
export const apiScopes: readonly ApiScope[] = [
  { name: "tasks.read", description: "Read the team's tasks", role: "member" }, // sample domain
  { name: "tasks.write", description: "Add, assign and complete tasks", role: "member" }, // sample domain
];

/** Paths of the API that a token with every scope may read. The readiness check calls the first one. */
export const readablePaths: readonly string[] = [
  "/tasks", // sample domain
];

/** The one integration variable: the key of a customer's connection, which is part of all its URLs. */
export const connectionVariable = { name: "connection", label: "Connection ID" } as const;

/**
 * The manifest of the integration in Okta's catalog (the Okta Integration Network, OIN): every answer for the OIN Wizard
 * that the code does not already contain. The guides, the submission package and the readiness check all start here. URLs
 * come from src/endpoints.ts and attributes from config/attributes.ts. packages/oin-kit/src/integration.ts explains every
 * member, and oin-kit checks every limit.
 */
export const integration: Integration = {
  displayName: brand.productName,
  description:
    `${brand.productName} is ${brand.pitch}. ` +
    `The Okta ${brand.productName} integration allows customers to sign in with OpenID Connect or SAML, to provision ` +
    "users, groups, roles and entitlements from Okta with SCIM, and to end every session of a person with Universal " +
    "Logout. People get access on their first day and lose it on their last, without another password.",
  logo: "logo-oin.png",
  // Okta adds Single Sign-On and Lifecycle Management, and allows five categories. One use case leaves room for its Secure
  // Identity collection. Directory and HR Sync would promise profile sourcing, and Automation an API service.
  useCases: ["Identity Governance and Administration (IGA)"],
  customerSupport: { link: brand.supportUrl, email: brand.supportEmail, phone: null },
  escalationEmail: "identity-escalation@tasklane.example",
  origin: "https://app.example.com",
  guides: { edition: "1.1", date: "29 November 2026", productVersion: "0.1" },
  variables: [connectionVariable],
  testAccount: {
    tenant: "okta-review",
    tenantName: "Okta Review",
    username: "isvtest@okta.com",
    firstName: "Okta",
    lastName: "Reviewer",
  },
  oidc: { justInTime: true, idpInitiated: true, signOutOfOkta: true },
  // SAML {
  saml: {
    justInTime: true,
    idpInitiated: true,
    spInitiated: true,
    spFlowDescription:
      "Open the SP Initiate URL. It leads to Okta at once. Sign in to Okta as a person who is assigned to the app; " +
      `you land on the first page of ${brand.productName}. The initials at the top right open a menu with Account, ` +
      "the page with first name, last name and e-mail, and Sign out.",
    groupAttribute: null,
  },
  // SAML }
  scim: {
    authentication: "Bearer",
    users: {
      create: true,
      update: true,
      deactivate: true,
      changePassword: true,
      patch: true,
      importUserSchema: true,
    },
    groups: { create: true, update: true, delete: true },
    entitlements: [
      {
        resourceType: "Role",
        endpoint: "/Roles",
        required: false,
        multiValued: true,
        description: `The person's role in ${brand.productName}: member or admin.`,
      },
      {
        resourceType: "Entitlement",
        endpoint: "/Entitlements",
        required: false,
        multiValued: true,
        description: "Single permissions in addition to the role.",
      },
    ],
  },
  universalLogout: { subjectFormat: "Email", partial: false },
  crossAppAccess: {
    scopes: apiScopes.map(({ name, description }) => ({ name, description })),
    clientIdMetadataDocuments: true,
  },
};
