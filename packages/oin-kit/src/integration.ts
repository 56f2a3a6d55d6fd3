/**
 * The manifest of an integration in Okta's catalog (the Okta Integration Network, OIN): the values for the OIN Wizard that
 * do not follow from the product's code. manifest.ts checks every limit.
 */
export interface Integration {
  /** Name in the catalog. At most 64 characters. */
  displayName: string;
  /** Describes the product, and how the integration helps a customer. Fewer than 1024 characters. */
  description: string;
  /** A file in public/: PNG with a transparent background, below 1 MB, 200 × 200 pixels. GIF and JPEG are possible. */
  logo: string;
  /**
   * At most three of Okta's list, and none that the capabilities contradict. Okta adds Single Sign-On and Lifecycle
   * Management; a listing has at most five categories, Okta's collections included.
   */
  useCases: UseCase[];
  /** Shown in the catalog; at least one is needed. */
  customerSupport: { link: string | null; email: string | null; phone: string | null };
  /** Only Okta uses it, if customers' sign-ins fail: a mailbox that people read, not a ticket queue. */
  escalationEmail: string;
  /** The production origin: https, no path, no trailing slash. BASE_URL has the same value there. */
  origin: string;
  /** Printed on the guides. Change all when their texts change: `productVersion` is the version that they describe. */
  guides: { edition: string; date: string; productVersion: string };
  /** Variables that a customer's Okta admin fills in when adding the integration. */
  variables: IntegrationVariable[];
  /**
   * The account for Okta's reviewers. It has a first and a last name because the first user that Okta's SPEC suite reads
   * must have both. Never store the password here.
   */
  testAccount: { tenant: string; tenantName: string; username: string; firstName: string; lastName: string };
  oidc: OidcCapability | null;
  /** A product that does not speak it can leave it out. */
  saml?: SamlCapability | null | undefined;
  scim: ScimCapability | null;
  /** Needs `oidc` or `saml`. */
  universalLogout: UniversalLogoutCapability | null;
  /** Needs `oidc` or `saml`. */
  crossAppAccess: CrossAppAccessCapability | null;
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

/** `name` becomes part of Okta's expressions and must never change after publication; `label` may. */
interface IntegrationVariable {
  name: string;
  label: string;
}

interface OidcCapability {
  /** Whether a first sign-in creates the person. */
  justInTime: boolean;
  /** Whether the tile on Okta's dashboard starts a sign-in through the initiate login URI. */
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
  /** The group attribute that Okta sends, or null. */
  groupAttribute: {
    name: string;
    filter: "Starts with" | "Equals" | "Contains" | "Matches regex";
    value: string;
  } | null;
}

interface ScimCapability {
  /**
   * A token that the customer enters, sent with the word Bearer or without; or OAuth 2, for which Okta fetches tokens and an
   * administrator of the customer consents.
   */
  authentication: "Bearer" | "Header" | "OAuth 2";
  users: {
    create: boolean;
    update: boolean;
    changePassword: boolean;
    deactivate: boolean;
    patch: boolean;
    importUserSchema: boolean;
  };
  groups: { create: boolean; update: boolean; delete: boolean } | null;
  /** Resources that Okta Identity Governance may assign; empty if there are none. */
  entitlements: EntitlementResourceType[];
}

interface EntitlementResourceType {
  /** The name of the SCIM resource type. `endpoint` is its list, below the base URL. */
  resourceType: string;
  endpoint: string;
  required: boolean;
  multiValued: boolean;
  description: string;
}

interface UniversalLogoutCapability {
  subjectFormat: "Email" | "Issuer and Subject identifier";
  /** True if sessions may continue until they expire. */
  partial: boolean;
}

interface CrossAppAccessCapability {
  /** The scopes that agents can have, with what they allow in words. */
  scopes: { name: string; description: string }[];
  /** Whether an agent may use the URL of a metadata document as its client ID. */
  clientIdMetadataDocuments: boolean;
}
