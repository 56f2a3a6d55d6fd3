import { brand } from "./brand.ts";

/**
 * The manifest of the integration in Okta's catalog (the Okta Integration Network, OIN): what the OIN Wizard asks for
 * and cannot be read from the code. The guides, the submission package and the readiness check all start here;
 * URLs come from src/endpoints.ts and attributes from config/attributes.ts. src/oin/manifest.ts knows every limit.
 */
export interface Integration {
  /** Name in the catalog. At most 64 characters. */
  displayName: string;
  /** What the product is and what the integration does for a customer. Fewer than 1024 characters. */
  description: string;
  /** A file in public/: PNG, GIF or JPEG below 1 MB, 200 × 200 pixels. */
  logo: string;
  /** At most three of Okta's list. Single Sign-On and Lifecycle Management are added by Okta. */
  useCases: UseCase[];
  /** Shown in the catalog; at least one is needed. */
  customerSupport: { link: string | null; email: string | null; phone: string | null };
  /** For Okta alone, when customers' sign-ins fail: a mailbox that somebody reads, not a ticket queue. */
  escalationEmail: string;
  /** Where the product runs in production: https, no path, no trailing slash. BASE_URL has the same value there. */
  origin: string;
  /** Printed on the guides: change both when their texts change. */
  guides: { edition: string; date: string };
  /** What a customer's Okta admin fills in when adding the integration. */
  variables: IntegrationVariable[];
  /**
   * What Okta's reviewers sign in with. It has a first and a last name, because the first user whom Okta's SPEC suite reads
   * must have both. The password is never written down here.
   */
  testAccount: { tenant: string; tenantName: string; username: string; firstName: string; lastName: string };
  oidc: OidcCapability | null;
  saml: SamlCapability | null;
  scim: ScimCapability | null;
  /** Needs `oidc` or `saml`. */
  universalLogout: UniversalLogoutCapability | null;
}

/** The OIN Wizard's list (Okta: "Use case guidelines"). */
export type UseCase =
  | "Automation"
  | "Centralized Logging"
  | "Directory and HR Sync"
  | "Identity Governance and Administration (IGA)"
  | "Identity Verification"
  | "Multifactor Authentication (MFA)"
  | "Zero Trust";

/** `name` is written into Okta's expressions and must never change once it is published; `label` may. */
interface IntegrationVariable {
  name: string;
  label: string;
}

interface OidcCapability {
  /** Whether a first sign-in creates the person. */
  justInTime: boolean;
  /** Whether Okta's dashboard tile starts a sign-in, through the initiate login URI. */
  idpInitiated: boolean;
  /** Whether signing out of the product also ends the Okta session. */
  signOutOfOkta: boolean;
}

interface SamlCapability {
  justInTime: boolean;
  idpInitiated: boolean;
  spInitiated: boolean;
  /** How a person starts a sign-in at the product, for Okta's reviewers. At most 2048 characters. */
  spFlowDescription: string;
  /** A group attribute that the integration sends, or null. */
  groupAttribute: {
    name: string;
    filter: "Starts with" | "Equals" | "Contains" | "Matches regex";
    value: string;
  } | null;
}

interface ScimCapability {
  /** How Okta sends the provisioning token: with the word Bearer, or bare. */
  authentication: "Bearer" | "Header";
  users: {
    create: boolean;
    update: boolean;
    changePassword: boolean;
    deactivate: boolean;
    patch: boolean;
    importUserSchema: boolean;
  };
  groups: { create: boolean; update: boolean; delete: boolean } | null;
  /** What Okta Identity Governance may assign; empty when there is nothing. */
  entitlements: EntitlementResourceType[];
}

interface EntitlementResourceType {
  /** Name of the SCIM resource type, and where its list is under the base URL. */
  resourceType: string;
  endpoint: string;
  required: boolean;
  multiValued: boolean;
  description: string;
}

interface UniversalLogoutCapability {
  subjectFormat: "Email" | "Issuer and Subject identifier";
  /** True when sessions live on until they expire by themselves. */
  partial: boolean;
}

/** What is asked of Okta at sign-in. Okta allows openid, profile, email, address and phone; nothing else in the catalog. */
export const oidcScopes: readonly string[] = ["openid", "profile", "email"];

/** The one integration variable: the connection key of a customer, which stands in every URL of its connection. */
export const connectionVariable = { name: "connection", label: "Connection ID" } as const;

export const integration: Integration = {
  displayName: brand.productName,
  description:
    `${brand.productName} is a task list for teams: write down what has to be done, say who does it, tick it off. ` +
    `The Okta ${brand.productName} integration allows customers to sign in with OpenID Connect or SAML, to provision ` +
    "users, groups, roles and entitlements from Okta with SCIM, and to end every session of a person with Universal " +
    "Logout. People get access on their first day and lose it on their last, without another password.",
  logo: "logo-oin.png",
  useCases: ["Automation", "Directory and HR Sync", "Identity Governance and Administration (IGA)"],
  customerSupport: { link: brand.supportUrl, email: brand.supportEmail, phone: null },
  escalationEmail: "identity-escalation@tasklane.example",
  origin: "https://app.example.com",
  guides: { edition: "1.0", date: "25 November 2026" },
  variables: [connectionVariable],
  testAccount: {
    tenant: "okta-review",
    tenantName: "Okta Review",
    username: "isvtest@okta.com",
    firstName: "Okta",
    lastName: "Reviewer",
  },
  oidc: { justInTime: true, idpInitiated: true, signOutOfOkta: true },
  saml: {
    justInTime: true,
    idpInitiated: true,
    spInitiated: true,
    spFlowDescription:
      "Open the SP Initiate URL. It leads to Okta at once. Sign in to Okta as a person who is assigned to the app; " +
      `you land on the task list of ${brand.productName}. The name at the top right opens the account page, which ` +
      "shows first name, last name and e-mail; Sign out stands beside it.",
    groupAttribute: null,
  },
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
        description: `What a person may do in ${brand.productName}: member or admin.`,
      },
      {
        resourceType: "Entitlement",
        endpoint: "/Entitlements",
        required: false,
        multiValued: true,
        description: "Single permissions beside the role.",
      },
    ],
  },
  universalLogout: { subjectFormat: "Email", partial: false },
};
