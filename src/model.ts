/**
 * The vocabulary of the whole program: read this file first.
 *
 * Times are milliseconds since the epoch. `null` means "unknown" or "does not apply"; no field that was read from the
 * store is `undefined`. Ids are UUIDs, unique across all tenants and resources (as RFC 7643 §3.1 requires).
 */

/** A customer of the SaaS. No row, session or token crosses a tenant's boundary. */
export interface Tenant {
  id: string;
  /** Stable name in URLs and on the command line; never changes. */
  slug: string;
  name: string;
  /** Whether a provisioning source may take over users and groups of another one. */
  sourceConflict: "refuse" | "adopt";
  /** Whether provisioning is refused with roles and entitlements that do not exist, or carried out without them. */
  unknownRoles: "refuse" | "ignore";
  /** Whether a provisioning client may create people without the names and the address that config/attributes.ts requires. */
  incompletePeople: "refuse" | "accept";
  /** Whether people can sign in with passwords that a provisioning client sets. */
  passwordSync: boolean;
  /** False if administrators gave access to provisioning clients before only owners could, and no owner confirmed it yet. */
  machineAccessConfirmed: boolean;
  /** How many days the tenant's activity is kept. */
  activityDays: number;
  createdAt: number;
}

/** An e-mail domain of a tenant. It routes sign-ins only once `verifiedAt` is set. */
export interface Domain {
  domain: string;
  /** Value of the DNS TXT record that proves ownership. */
  verificationToken: string;
  verifiedAt: number | null;
  /** The connection that its people must sign in through; null if they may choose. */
  enforcedConnectionId: string | null;
}

/** A person's names, from an identity provider, a provisioning client or the operator. */
export interface Profile {
  givenName: string | null;
  familyName: string | null;
  displayName: string | null;
  email: string | null;
}
export const profileFields = ["givenName", "familyName", "displayName", "email"] as const;

/** How a user was created, which decides who may change them (see directory/). */
export type UserOrigin = "local" | "invited" | "just-in-time" | "scim";

/** A person's attributes in the shape of RFC 7643 §4.1. The profile is derived from it. */
export type AttributeDocument = Record<string, unknown>;

export interface User extends Profile {
  id: string;
  /** Position in the tenant's list of users: assigned once, in commit order, never reused. */
  seq: number;
  /** Unique in the tenant, ignoring case; stored with the given case. */
  loginName: string;
  /** False once a provisioning client deactivated the user. */
  active: boolean;
  /** True while an administrator blocks the user; a provisioning client cannot change it. */
  blocked: boolean;
  origin: UserOrigin;
  /** The provisioning source that manages the user; null unless `origin` is `scim`. */
  sourceId: string | null;
  /** The source's own stable key for the user (SCIM calls it externalId). */
  sourceKey: string | null;
  attributes: AttributeDocument;
  /** Ids from config/entitlements.ts. */
  entitlements: string[];
  /** Sessions and sign-ins in flight with an older epoch are no longer valid. */
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

/** The roles that a provisioning client, a group or a claim may grant: never `owner`. */
export type AssignableRole = Exclude<Role, "owner">;

/** The origin of a role grant. Group grants are not stored per user; they follow from membership. */
export type GrantSource = "manual" | "scim" | "claim" | "group";

export interface RoleGrant {
  role: Role;
  source: GrantSource;
  /** Group id for `group`, connection id for `claim`, otherwise null. */
  sourceId: string | null;
}

/** The sign-in protocols (sign-in-protocols.ts). */
export type ConnectionType = keyof SettingsByType;
export type ConnectionStatus = "draft" | "active" | "disabled";

/**
 * The kind of subject that a connection has, which decides how a sign-in finds a provisioned user:
 * `source-key`: the key that the provisioning client sends (at Okta, the OIDC `sub` is the SCIM externalId);
 * `login-name`: the login name, so a rename moves the identity (the NameID of XML assertions by default);
 * `opaque`: neither.
 */
export type SubjectKind = "source-key" | "login-name" | "opaque";

/** The values of a claim or attribute that grant the role `admin` for as long as they are sent. */
interface RoleMapping {
  name: string;
  adminValues: string[];
}

/** The settings of an OpenID provider. */
export interface OidcSettings {
  issuer: string;
  /** The same org's other issuer (with or without its custom domain), trusted with the same keys only. */
  issuerAlias?: string | null;
  clientId: string;
  /** Whether signing out here also signs out at the provider (OpenID RP-Initiated Logout). */
  signOutOfProvider?: boolean;
  /** People have to sign in at the provider again after this time (OpenID Connect Core §3.1.2.1, max_age). */
  maxAgeMinutes?: number | null;
  /** The classes of authentication that administrators need who sign in again, separated by spaces (acr_values). */
  acrValues?: string | null;
  roleMapping?: RoleMapping | null;
  /** Whether the provider may end our sessions (Universal Logout); true if absent. */
  universalLogout?: boolean;
  /** Whether the provider may let agents act for people (Cross App Access); true if absent. */
  crossAppAccess?: boolean;
}

// SAML {
/** The settings of a SAML identity provider. */
export interface SamlSettings {
  idpEntityId: string;
  ssoUrl: string;
  /** Whether to send requests to that address by the POST binding, instead of by redirect. */
  requestByPost?: boolean;
  /** Signing certificates, base64 DER without line breaks. */
  certificates: string[];
  metadataUrl: string | null;
  /** Okta's id of the app instance (`0oa…`) and the org's URL. Universal Logout needs both. */
  appInstanceId: string | null;
  orgUrl: string | null;
  /** The same org's other name (with or without its custom domain), trusted with the same keys only. */
  orgUrlAlias?: string | null;
  /**
   * When the metadata URL was last read, and why that failed. A failure keeps the earlier settings. `notes` are about what
   * was left out.
   */
  metadataRead?: { at: number; problem: string | null; notes?: string[] } | null;
  roleMapping?: RoleMapping | null;
  universalLogout?: boolean;
  crossAppAccess?: boolean;
  /** Whether a sign-in may begin at the provider (Okta's tiles), without our request; true if absent. */
  idpInitiated?: boolean;
  /** The part that must have a valid signature; the assertion if absent. */
  signed?: "assertion" | "response";
  /** The attribute that names the subject, instead of the NameID. Cannot change after activation. */
  subjectAttribute?: string | null;
  /** The provider's attribute names, where they differ from config/attributes.ts. */
  attributeNames?: Partial<Record<"loginName" | keyof Profile, string>>;
  /** Whether to publish our certificate for encryption and accept encrypted assertions. */
  encryptedAssertions?: boolean;
  /** Whether to sign our metadata. */
  signMetadata?: boolean;
  /** Whether to ask the provider to make the person sign in again. */
  forceAuthn?: boolean;
}
// SAML }

/** The settings of each sign-in protocol. */
export interface SettingsByType {
  oidc: OidcSettings;
  saml: SamlSettings; // SAML
}
export type ConnectionSettings = SettingsByType[ConnectionType];

/** One change of a connection's settings. */
interface ConnectionEdit {
  at: number;
  /** A login name, "the guest of a set-up link" or "the operator". */
  by: string;
  /** The network address that the change came from. */
  from: string | null;
}

/** The last changes of a connection's settings, which an owner sees before activating it. */
interface ConnectionEdits {
  /** The last change of the settings; null if nothing changed since the connection was created. */
  edited: ConnectionEdit | null;
  /** The last change by the guest of a set-up link, until the connection is activated. */
  guestEdit: Omit<ConnectionEdit, "by"> | null;
  /** Until then guests of set-up links cannot change anything, because an owner is reviewing; null if they can. */
  guestsFrozenUntil: number | null;
  /** How often a client secret was entered; 0 if there is none. It represents the secret, which is never shown. */
  secretVersion: number;
  /** When it was last entered; null if unknown. */
  secretEnteredAt: number | null;
}

interface ConnectionBase extends ConnectionEdits {
  id: string;
  /** The public name in URLs; owned by one tenant in the whole deployment and never reused. */
  key: string;
  status: ConnectionStatus;
  /** Whether a first sign-in may create the user. */
  justInTime: boolean;
  subjectKind: SubjectKind;
  /** When a test last showed that the provider's answers are accepted; null if none has with the current settings. */
  testedAt: number | null;
  /** When a person was first known to get in, by a test or a sign-in; null if none is with the current settings. */
  admittedAt: number | null;
  /** Whether Okta provisions the accounts; null until an administrator has said so. */
  isProvisioned: boolean | null;
  /** Whether its org is told of what happens to people's access here (src/shared-signals/sending.ts). */
  sendsSignals: boolean;
  /** Whether the app is the one of Okta's catalog; null until an administrator has said so. */
  isCatalogApp: boolean | null;
  createdAt: number;
  updatedAt: number;
}

/** A tenant's set-up of one protocol with one identity provider. Settings may be null while it is a draft. */
export type Connection = {
  [Type in ConnectionType]: ConnectionBase & { type: Type; settings: SettingsByType[Type] | null };
}[ConnectionType];

/** The result of every sign-in protocol: who the identity provider says this is. */
export interface ExternalIdentity {
  connectionId: string;
  /** The provider's stable name for the person, unique only within the connection. */
  subject: string;
  loginName: string;
  profile: Profile;
  /** Roles that a mapped claim grants for as long as it is sent; absent if the connection maps none. */
  roles?: AssignableRole[];
}

/**
 * An external identity, and the settings by which its connection verified it. They may change before the identity is used, and
 * then it says nothing about the people of the new provider.
 */
export interface VerifiedIdentity extends ExternalIdentity {
  verifiedBy: ConnectionSettings;
}

/** A stored external identity. */
export interface Identity {
  connectionId: string;
  subject: string;
  userId: string;
  /** The e-mail address of the last sign-in, by which Universal Logout may name the person. */
  email: string | null;
  lastSignInAt: number | null;
}

/** Keeps a deleted person from being created just in time again. */
export interface Tombstone {
  id: string;
  loginName: string;
  createdAt: number;
}

/** A provisioning client of a tenant. */
export interface ProvisioningSource {
  id: string;
  name: string;
}

export interface ProvisioningToken {
  id: string;
  sourceId: string;
  sourceName: string;
  /** The first characters of the token, to tell tokens apart; useless for authentication. */
  hint: string;
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
  revokedAt: number | null;
}

/** A client of our authorization server: an agent that acts for people, or Okta's provisioning, which acts for a tenant. */
export type ClientKind = "agent" | "provisioning";

/** An agent: an OAuth client that acts for people whose identity provider allows it (Cross App Access). */
export interface Agent {
  kind: ClientKind;
  clientId: string;
  /** null for an agent of the whole deployment, or one that a metadata document describes. */
  tenantId: string | null;
  name: string;
  /** Where its keys are, if it authenticates with a signed JWT; null if it has secrets. */
  jwksUri: string | null;
  /** The names of the scopes that it may ever have. */
  scopes: string[];
  createdAt: number;
  revokedAt: number | null;
}

/** The state of a stream: being set up, or its status at the transmitter (SSF §8.1.2). */
export type SignalStreamStatus = "connecting" | "enabled" | "paused" | "disabled";

/** A transmitter of events, as its discovery document describes it (SSF §7.1). */
export interface SignalTransmitter {
  issuer: string;
  jwksUri: string;
  configurationEndpoint: string;
  statusEndpoint: string;
  verificationEndpoint: string;
}

/**
 * The stream by which a connection's identity provider pushes events to us (OpenID Shared Signals Framework). The push URL
 * has the connection's key, so a key has at most one stream: of two connections that share a key, the one that was
 * connected first.
 */
export interface SignalStream {
  id: string;
  connectionId: string;
  connectionKey: string;
  /** At the transmitter. */
  status: SignalStreamStatus;
  /** Why it has this status, in the transmitter's words; null if it gives none. */
  statusReason: string | null;
  /** Whether an administrator has paused it here, because the transmitter cannot pause it. Its events then change nothing. */
  isPausedHere: boolean;
  /** Our client at the provider: a second application, which may manage streams. */
  clientId: string;
  /** Whether we have a refresh token for it. Without one, events still arrive, but the stream cannot be managed. */
  isAuthorized: boolean;
  /** Null until it was read. */
  transmitter: SignalTransmitter | null;
  /** The stream's id at the transmitter; null until it exists there. */
  providerStreamId: string | null;
  /** The audience of its events; null until the transmitter has said it. */
  audiences: string[] | null;
  /** When a verification was last requested and not yet answered; null if none is in flight. */
  verificationRequestedAt: number | null;
  /** When a verification event last came back with our state; null if none did. */
  verifiedAt: number | null;
  /** Event types, as URIs. */
  eventsRequested: string[];
  eventsDelivered: string[];
  /** Whether a revoked or deleted credential ends the person's sessions. */
  credentialChangeEndsSessions: boolean;
  createdAt: number;
  updatedAt: number;
  /** When the last event was received, and its type as a URI; null if none was. */
  lastEventAt: number | null;
  lastEvent: string | null;
}

/** The action that a one-time link allows. */
export type LinkPurpose =
  | { kind: "set-password"; userId: string }
  | { kind: "set-up-connection"; connectionId: string };

/** How a person proved to the identity provider who they are, in the provider's words. */
export interface SignInProof {
  /** When, in ms since the epoch: `auth_time`, or AuthnInstant of an XML assertion; null if the provider does not say. */
  at: number | null;
  /** By which methods: `amr` (RFC 8176). Empty if the provider names none. */
  methods: readonly string[];
  /** How strongly: `acr`, or AuthnContextClassRef of an XML assertion; null if the provider does not say. */
  context: string | null;
}

/** A session as its user and administrators see it. */
export interface SessionSummary {
  /** A public handle, not the cookie's value. */
  id: string;
  user: { id: string; loginName: string };
  createdAt: number;
  lastSeenAt: number;
  /** When it ends at the latest; it ends earlier without requests. */
  endsAt: number;
  /** The connection that they signed in through; null for a local password. */
  connection: { key: string; type: ConnectionType } | null;
  userAgent: string | null;
  /** The network address of the sign-in. */
  address: string | null;
  /** Null for a local password. */
  proof: SignInProof | null;
}
