/**
 * The vocabulary of the whole program. Read this file first: every room speaks these words.
 *
 * Times are numbers: milliseconds since the epoch. `null` means "not known" or "does not apply"; no field
 * is ever `undefined` once it has been read from the store. Ids are UUIDs, unique across all tenants and
 * resources (SCIM demands that of resource ids, RFC 7643 §3.1).
 */

import type { ConnectionEdits } from "./connection-edits.ts";

/** A customer of the SaaS: the boundary that no row, session or token crosses. */
export interface Tenant {
  id: string;
  /** Stable name in URLs and on the command line; never changes. */
  slug: string;
  name: string;
  /** What happens when a second provisioning source writes to a user or group of the first. */
  sourceConflict: "refuse" | "adopt";
  /** Whether passwords that a provisioning client sends become passwords here. */
  passwordSync: boolean;
  /**
   * Whether an owner has agreed to what machines may do here. False for settings and tokens that an administrator opened
   * before only owners could.
   */
  machineAccessConfirmed: boolean;
  /** For how many days the tenant's activity is kept. */
  activityDays: number;
  createdAt: number;
}

/** An e-mail domain of a tenant. It routes sign-ins only once `verifiedAt` is set. */
export interface Domain {
  domain: string;
  /** Value of the DNS TXT record that proves ownership. */
  verificationToken: string;
  verifiedAt: number | null;
  /** The one connection that its people sign in through; null when they may come any way. */
  enforcedConnectionId: string | null;
}

/** What a person looks like, whoever told us: an identity provider, a provisioning client or the operator. */
export interface Profile {
  givenName: string | null;
  familyName: string | null;
  displayName: string | null;
  email: string | null;
}

/** Who brought a user into the tenant. It decides who may change them (see directory/). */
export type UserOrigin = "local" | "just-in-time" | "scim";

/** What is known of a person in the shape of RFC 7643 §4.1, for clients of that standard; a profile is taken from it. */
export type AttributeDocument = Record<string, unknown>;

export interface User extends Profile {
  id: string;
  /** Position in the tenant's list of users: assigned once, in commit order, never reused. */
  seq: number;
  /** Unique in the tenant ignoring case; the case that was given is kept. */
  loginName: string;
  /** False once an identity provider or provisioning client deactivated the user. */
  active: boolean;
  /** True while an administrator of the tenant keeps the user out; no provisioning client can lift it. */
  blocked: boolean;
  origin: UserOrigin;
  /** The provisioning source that manages the user, for `origin: "scim"`. */
  sourceId: string | null;
  /** The source's own stable key for the user (SCIM calls it externalId). */
  sourceKey: string | null;
  attributes: AttributeDocument;
  /** Ids of what config/entitlements.ts defines. */
  entitlements: string[];
  /** Sessions and sign-ins in flight that carry an older epoch are dead. */
  accessEpoch: number;
  /** Increases with every change of the row. */
  version: number;
  createdAt: number;
  updatedAt: number;
}

export interface Group {
  id: string;
  seq: number;
  /** Unique in the tenant ignoring case. */
  displayName: string;
  sourceId: string | null;
  sourceKey: string | null;
  version: number;
  createdAt: number;
  updatedAt: number;
}

/** Ordered from least to most powerful. */
export const roles = ["member", "admin", "owner"] as const;
export type Role = (typeof roles)[number];

/** The roles that a provisioning client, a group or a sign-in claim may grant: never `owner`. */
export type AssignableRole = Exclude<Role, "owner">;

/** Where a role grant came from. Group grants are not stored per user: they follow from membership. */
export type GrantSource = "manual" | "scim" | "claim" | "group";

export interface RoleGrant {
  role: Role;
  source: GrantSource;
  /** Group id for `group`, connection id for `claim`, otherwise null. */
  sourceId: string | null;
}

export type ConnectionType = "oidc" | "saml";
export type ConnectionStatus = "draft" | "active" | "disabled";

/**
 * What the subject of a connection's identities is. It decides how provisioning and sign-in find each other:
 * `source-key`: the provisioning client sends the same value as its key (OIDC `sub` = SCIM externalId at Okta);
 * `login-name`: it is the login name, so a rename moves the identity (SAML NameID by default);
 * `opaque`: neither.
 */
export type SubjectKind = "source-key" | "login-name" | "opaque";

/** Which values of a claim or attribute grant the role `admin`, for as long as they are sent. */
interface RoleMapping {
  name: string;
  adminValues: string[];
}

/** How to reach one OpenID provider. */
export interface OidcSettings {
  issuer: string;
  /** A second name of the same org, its custom domain or the reverse; trusted with the issuer's keys alone. */
  issuerAlias?: string | null;
  clientId: string;
  /** Whether signing out here also signs out of the provider (OpenID RP-Initiated Logout). */
  signOutOfProvider?: boolean;
  roleMapping?: RoleMapping | null;
  /** Whether the provider may end our sessions (Universal Logout); absent means that it may. */
  universalLogout?: boolean;
}

/** How to recognise one SAML identity provider. */
export interface SamlSettings {
  idpEntityId: string;
  ssoUrl: string;
  /** Signing certificates, base64 DER without line breaks. */
  certificates: string[];
  metadataUrl: string | null;
  /** Okta's id of the app instance (`0oa…`) and the org's URL: Universal Logout needs both. */
  appInstanceId: string | null;
  orgUrl: string | null;
  /** When the metadata URL was last read, and why the last attempt failed; the values of the one before stay. */
  metadataRead?: { at: number; problem: string | null } | null;
  roleMapping?: RoleMapping | null;
  universalLogout?: boolean;
  /** Whether a sign-in may begin at the provider, without a request of ours (Okta's tiles); absent means that it may. */
  idpInitiated?: boolean;
  /** What must carry a valid signature; absent means the assertion. */
  signed?: "assertion" | "response";
  /** The attribute that names the subject, instead of the NameID. Decided when the connection is created. */
  subjectAttribute?: string | null;
  /** Names of attributes where the provider does not use those of config/attributes.ts. */
  attributeNames?: Partial<Record<"loginName" | keyof Profile, string>>;
  /** Whether our certificate is published for encryption, too, and encrypted assertions are accepted. */
  encryptedAssertions?: boolean;
  /** Whether our metadata is signed. */
  signMetadata?: boolean;
  /** Whether the provider is asked to make the person sign in again. */
  forceAuthn?: boolean;
}

interface ConnectionBase extends ConnectionEdits {
  id: string;
  /** The public name in URLs; owned by one tenant in the whole deployment and never reused. */
  key: string;
  status: ConnectionStatus;
  /** Whether a first sign-in may create the user. */
  justInTime: boolean;
  subjectKind: SubjectKind;
  /** When a test sign-in last succeeded with what is set now; null when none has. */
  testedAt: number | null;
  createdAt: number;
  updatedAt: number;
}

/** One customer's set-up of one protocol with one identity provider. Settings are null while it is a draft. */
export type Connection =
  | (ConnectionBase & { type: "oidc"; settings: OidcSettings | null })
  | (ConnectionBase & { type: "saml"; settings: SamlSettings | null });

/** What every sign-in protocol ends in: who the identity provider says this is. */
export interface ExternalIdentity {
  connectionId: string;
  /** The provider's stable name for the person: unique within the connection only. */
  subject: string;
  loginName: string;
  profile: Profile;
  /** Roles that a mapped claim grants for as long as it is sent; absent when the connection maps none. */
  roles?: AssignableRole[];
}

/** A stored external identity. */
export interface Identity {
  connectionId: string;
  subject: string;
  userId: string;
  /** The e-mail address of the last sign-in: Universal Logout may name the person by it. */
  email: string | null;
  lastSignInAt: number | null;
}

/** Keeps a deleted person from coming back just in time. */
export interface Tombstone {
  id: string;
  loginName: string;
  createdAt: number;
}

/** One provisioning client of a tenant; its tokens write under its name. */
export interface ProvisioningSource {
  id: string;
  name: string;
}

export interface ProvisioningToken {
  id: string;
  sourceId: string;
  sourceName: string;
  /** The first characters of the token, to tell tokens apart; useless for signing in. */
  hint: string;
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
  revokedAt: number | null;
}

/** What a one-time link lets its holder do. */
export type LinkPurpose =
  | { kind: "set-password"; userId: string }
  | { kind: "set-up-connection"; connectionId: string };

/** A session as its owner sees it. */
export interface SessionSummary {
  /** A public handle, not the cookie's value. */
  id: string;
  createdAt: number;
  lastSeenAt: number;
  userAgent: string | null;
}
