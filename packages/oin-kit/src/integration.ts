/**
 * The manifest of an integration in Okta's catalog (the Okta Integration Network, OIN): what the OIN Wizard asks for
 * and cannot be read from the product's code. manifest.ts knows every limit.
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
