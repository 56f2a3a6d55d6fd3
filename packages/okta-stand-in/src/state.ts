import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { JWK } from "jose";
import type { SharedSignals } from "./shared-signals/state.ts";

/** Everything that the stand-in stores, in one JSON file. Ids have Okta's prefixes. */
export interface OrgState {
  /** `00o…`: the `idp` claim of ID tokens. */
  idpId: string;
  people: Record<string, OrgPerson>;
  groups: Record<string, OrgGroup>;
  apps: Record<string, OrgApp>;
  /** The integrations of the app catalog, by name. */
  catalog?: Record<string, CatalogApp>;
  /** "Directory > AI agents", by id. */
  agents?: Record<string, AiAgent>;
  /** How many ID-JAGs were issued: by month, person and resource app, "2026-11/00u…/0oa…". */
  idJagCounts?: Record<string, number>;
  /** Shared signals, as transmitter and as receiver. Absent until one is used. */
  signals?: SharedSignals;
  /** Private signing keys of the authorization server. The first one signs; all are published. */
  keys: JWK[];
}

/** The initial content of an org, which adds its own keys and idpId. */
export type OrgSeed = Omit<OrgState, "idpId" | "keys">;

export interface OrgPerson {
  /** `00u…`: the `sub` of ID tokens and the `externalId` of provisioning. */
  id: string;
  /** Okta's username. */
  login: string;
  email: string;
  firstName: string;
  middleName: string;
  lastName: string;
  /** Okta's names. A suspended person cannot sign in, but no application is told. */
  status: "ACTIVE" | "SUSPENDED" | "DEPROVISIONED";
}

export interface OrgGroup {
  /** `00g…` */
  id: string;
  name: string;
  memberIds: string[];
}

export interface OrgApp {
  /** `0oa…`: the app instance id, which is the client id of an OIDC app. */
  id: string;
  /** Used in the app's URLs: the name of its catalog entry, or that of a private app. */
  name: string;
  label: string;
  /** The values entered under General Settings, by the variable's name. Absent for a private app. */
  variables?: Record<string, string>;
  /** No one can sign in to an inactive app. */
  active: boolean;
  signOn: OidcSignOn | SamlSignOn;
  provisioning: Provisioning | null;
  /** The result of "Authenticate with {app}", until the integration is saved. */
  newGrant?: OAuthGrant;
  universalLogout: UniversalLogout | null;
  /** By the person's id. */
  assignments: Record<string, Assignment>;
  /** By the group's id. */
  pushGroups: Record<string, PushGroup>;
  /** Present while Entitlement Management is enabled. */
  governance?: Governance;
  /** Federated claims: sent in the ID token or the assertion. */
  claims?: FederatedClaim[];
  /** Present while Cross App Access (XAA) is enabled on the tab Resource Server. */
  resourceServer?: ResourceServer;
}

export interface ResourceServer {
  /** "Issuer URL" of the app's own authorization server: the `aud` of ID-JAGs. */
  issuerUrl: string;
  /** "Audience/tenant ID": the `aud_tenant` of ID-JAGs. Empty if the app does not need it. */
  tenantId: string;
}

interface FederatedClaim {
  name: string;
  /** `appuser.entitlements.role`: the values of a resource type. */
  expression: string;
}

export interface OidcSignOn {
  kind: "oidc";
  clientSecret: string;
  redirectUris: string[];
  postLogoutRedirectUris: string[];
  initiateLoginUri: string | null;
  /** "Grant type > Refresh Token": the app may request the scope `offline_access`. */
  refreshTokens?: boolean;
  /** "Rotate token after every use": a refresh token is replaced at each use. It persists by default. */
  rotatesRefreshTokens?: boolean;
  /** The tab "Okta API Scopes": what the app may request of the org's APIs. */
  apiScopes?: OktaApiScope[];
  /** "Group claims filter", as entered; absent if it is empty. Never sent: no app may request the scope `groups` here. */
  groupsClaim?: GroupsClaim;
}

/** The scopes of Okta's APIs that the stand-in knows. */
export const apiScopes = ["ssf.manage", "ssf.read"] as const;
export type OktaApiScope = (typeof apiScopes)[number];

interface GroupsClaim {
  name: string;
  filter: "starts-with" | "equals" | "contains" | "regex";
  value: string;
}

export interface SamlSignOn {
  kind: "saml";
  /** `exk…`: the issuer is `http://www.okta.com/` followed by this. */
  externalKey: string;
  acsUrl: string;
  audience: string;
  defaultRelayState: string;
  /** "Application username format": the value of the NameID. The Okta username if absent. */
  usernameFormat?: UsernameFormat;
  /** The expression is in Okta's expression language: `user.firstName`. */
  attributeStatements: { name: string; expression: string }[];
  /** PKCS #8, PEM. */
  privateKey: string;
  /** Base64 DER. */
  certificate: string;
  /** The inactive key: a new one before it is activated, the former one afterwards. */
  spare?: { privateKey: string; certificate: string };
  /** Okta signs with SHA-256 only. SHA-1 tests that an application refuses it. */
  algorithm: "SHA256" | "SHA1";
}

/** Okta's choices of an application username that the stand-in knows. */
type UsernameFormat = "okta-username" | "email";

export interface Provisioning {
  baseUrl: string;
  /** Empty with OAuth 2. */
  token: string;
  /** Okta's authentication mode: with or without "Bearer" before the token, or an access token of the application. */
  mode: "Bearer" | "Header" | "OAuth 2";
  /** Present with OAuth 2. */
  grant?: OAuthGrant;
  /**
   * How the org updates users and groups. Catalog apps get profiles by PUT, or by PATCH ("Support PATCH for User"), and
   * everything else by PATCH. Private apps get everything by PUT.
   */
  updates: "put" | "patch" | "private";
  createUsers: boolean;
  updateAttributes: boolean;
  deactivateUsers: boolean;
  /** "Sync Password": sends the password that an administrator sets. */
  syncPassword?: boolean;
  /** "To Okta": the value by which an import matches the application's users with people. */
  importFormat?: "userName" | "email";
}

/** The application's authorization server, and the org as its client (Okta: "Authentication settings"). */
export interface OAuthSettings {
  authorizeUrl: string;
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  /** Separated by spaces; may be empty. */
  scopes: string;
}

/** The tokens that the application issued to the org. */
export interface OAuthGrant {
  settings: OAuthSettings;
  accessToken: string;
  refreshToken: string | null;
  /** In ms since the epoch; null if the application did not say. */
  expiresAt: number | null;
}

export interface UniversalLogout {
  url: string;
  subjectFormat: "email" | "iss_sub";
}

/** A person's assignment to an app. */
export interface Assignment {
  /** The person's id in the application; null until the org has pushed them. */
  remoteId: string | null;
  /**
   * `waiting`: assigned before provisioning was set up, until "Provision Users". `pending`: to be pushed. `removing`:
   * unassigned, and to be deactivated in the application.
   */
  state: "waiting" | "pending" | "provisioned" | "failed" | "removing";
  problem: string | null;
  /**
   * "Customize entitlements": what an administrator chose for this person. Null if they were assigned before Entitlement
   * Management was enabled: the policy does not apply, and nothing is chosen yet. Absent if the policy decides.
   */
  custom?: GrantedValue[] | null;
}

/** A value of a resource type, assigned to a person. */
export interface GrantedValue {
  /** The name of the resource type: "Role", "License". */
  resourceType: string;
  /** The id at the resource type's endpoint. */
  value: string;
  display: string;
}

/** "Entitlement management" of an app. */
export interface Governance {
  /** As the application offered them when the org last read it; empty until then. */
  resourceTypes: GovernedType[];
  /** Rules that assign values to everyone in a group. */
  policy: PolicyRule[];
}

export interface GovernedType {
  name: string;
  /** The user's attribute that holds the values (Okta: "SCIM 2.0 with entitlements"). */
  attribute: "roles" | "entitlements";
  description: string;
  values: { value: string; display: string; description: string }[];
}

interface PolicyRule {
  name: string;
  groupId: string;
  values: GrantedValue[];
}

/**
 * An integration in the app catalog, with the URL expressions that its vendor submitted in the OIN Wizard. Each protocol has
 * its own dialect (Okta: "Dynamic properties with expressions"): `{app.name}` in OIDC, `${org.name}` in SAML,
 * `'text' + app.name` in SCIM and Universal Logout.
 */
export interface CatalogApp {
  /** Used in URLs: "product". */
  name: string;
  label: string;
  description: string;
  /** Fields of General Settings. */
  variables: { name: string; label: string }[];
  oidc: CatalogOidc | null;
  saml?: CatalogSaml | null | undefined;
  scim: CatalogScim | null;
  universalLogout: UniversalLogout | null;
}

interface CatalogOidc {
  redirectUris: string[];
  postLogoutRedirectUris: string[];
  initiateLoginUri: string | null;
  /** "View Setup Instructions" opens it. */
  guideUrl: string;
}

interface CatalogSaml {
  acsUrl: string;
  audience: string;
  attributeStatements: { name: string; expression: string }[];
  guideUrl: string;
}

interface CatalogScim {
  baseUrl: string;
  mode: Provisioning["mode"];
  /** With OAuth 2. Both URLs are expressions. */
  oauth?: OAuthSettings;
  updates: Provisioning["updates"];
  changePassword: boolean;
  guideUrl: string;
}

/** An AI agent: the requesting app of Cross App Access. */
export interface AiAgent {
  /** `wlp…`: the `act.sub` of its ID-JAGs. */
  id: string;
  name: string;
  /** STAGED until an administrator activates it for the first time. */
  status: "STAGED" | "ACTIVE" | "INACTIVE";
  /** "User access": the app that people sign in to, and are assigned to. */
  linkedAppId: string | null;
  /** "Client registration": how it authenticates at the org. */
  registration: ClientRegistration | null;
  /** "Resource connections" */
  connections: ResourceConnection[];
}

/** An agent with an OIDC app shares the app's client ID and secret; one with a SAML app has its own. */
export type ClientRegistration =
  | { method: "id-only" }
  | { method: "secret"; secret: string }
  | { method: "keys"; keys: JWK[] }
  | { method: "jwks-uri"; jwksUri: string };

export interface ResourceConnection {
  id: string;
  /** The resource app. */
  appId: string;
  /** "Resource indicator": the URLs of the protected resources. */
  resources: string[];
  /** "AI agent's client ID registered in this app" */
  clientId: string;
  /** The scopes that the agent may request. Null allows any scope. */
  scopes: string[] | null;
}

export interface PushGroup {
  remoteId: string | null;
  /** The name and members of the last push: the members' ids in the application, by the person's id. */
  pushedName: string | null;
  pushedMembers: Record<string, string>;
  /** `removing`: unlinked, and to be deleted in the application. */
  state: "pending" | "pushed" | "failed" | "removing";
  problem: string | null;
}

/** The state, and the file that stores it. */
export interface OrgStore {
  readonly state: OrgState;
  /** Call after a change: writes the file within half a second. */
  changed(): void;
  replace(state: OrgState): void;
  /** Writes unsaved changes at once. */
  flush(): void;
}

const writeDelayMs = 500;

/** @param file null keeps the state in memory only. */
export function openOrgStore(file: string | null): OrgStore {
  let state = (file && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : emptyState()) as OrgState;
  let timer: NodeJS.Timeout | null = null;
  const write = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    if (!file) return;
    mkdirSync(dirname(file), { recursive: true });
    // Renaming is atomic: the file is complete for every reader, even if this process ends now.
    writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  return {
    get state() {
      return state;
    },
    changed() {
      timer ??= setTimeout(write, writeDelayMs);
    },
    replace(next) {
      state = next;
      write();
    },
    flush: () => timer && write(),
  };
}

function emptyState(): OrgState {
  return { idpId: newId("00o"), people: {}, groups: {}, apps: {}, keys: [] };
}

const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A new id of 20 characters, like Okta's. @param prefix the kind: "00u", "00g", "0oa", "exk". */
export function newId(prefix: string): string {
  return prefix + [...randomBytes(17)].map((byte) => letters[byte % letters.length]).join("");
}
