import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { JWK } from "jose";

/** Everything that the stand-in knows, in one JSON file. Ids have the prefixes that Okta's have. */
export interface OrgState {
  /** `00o…`: how ID tokens name the org as the place where somebody signed in. */
  idpId: string;
  people: Record<string, OrgPerson>;
  groups: Record<string, OrgGroup>;
  apps: Record<string, OrgApp>;
  /** Private signing keys of the authorization server: the first one signs, all of them are published. */
  keys: JWK[];
}

/** What an org is filled with: it brings its own keys, and the id that it has as an identity provider. */
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
  /** What Okta calls it: a suspended person cannot sign in, but no application is told. */
  status: "ACTIVE" | "SUSPENDED" | "DEPROVISIONED";
}

export interface OrgGroup {
  /** `00g…` */
  id: string;
  name: string;
  memberIds: string[];
}

export interface OrgApp {
  /** `0oa…`: the app instance id, and the client id of an OIDC app. */
  id: string;
  /** What stands in the app's addresses in place of a catalog name. */
  name: string;
  label: string;
  /** Nobody signs in to an app that is not active. */
  active: boolean;
  signOn: OidcSignOn | SamlSignOn;
  provisioning: Provisioning | null;
  universalLogout: UniversalLogout | null;
  /** By the person's id. */
  assignments: Record<string, Assignment>;
  /** By the group's id. */
  pushGroups: Record<string, PushGroup>;
}

interface OidcSignOn {
  kind: "oidc";
  clientSecret: string;
  redirectUris: string[];
  postLogoutRedirectUris: string[];
  initiateLoginUri: string | null;
}

export interface SamlSignOn {
  kind: "saml";
  /** `exk…`: the issuer is `http://www.okta.com/` and this. */
  externalKey: string;
  acsUrl: string;
  audience: string;
  defaultRelayState: string;
  /** Name, and where the value comes from in Okta's expression language: `user.firstName`. */
  attributeStatements: { name: string; expression: string }[];
  /** PKCS #8, PEM. */
  privateKey: string;
  /** Base64 DER. */
  certificate: string;
  /** Okta signs with SHA-256 only; SHA-1 shows what an application makes of it. */
  algorithm: "SHA256" | "SHA1";
}

export interface Provisioning {
  baseUrl: string;
  token: string;
  /** How the token is sent: Okta's authentication modes. */
  mode: "Bearer" | "Header";
  /**
   * How users and groups are updated. Apps of the catalog take profiles by PUT, or by PATCH ("Support PATCH for User"),
   * and everything else by PATCH; private apps take everything by PUT.
   */
  updates: "put" | "patch" | "private";
  createUsers: boolean;
  updateAttributes: boolean;
  deactivateUsers: boolean;
}

interface UniversalLogout {
  url: string;
  subjectFormat: "email" | "iss_sub";
}

/** Somebody who may use an app. */
export interface Assignment {
  /** The id that the application gave the person; null while it has not been told of them. */
  remoteId: string | null;
  /**
   * `waiting`: assigned before provisioning was set up, until "Provision Users"; `pending`: the application has to be
   * told; `removing`: it has to be told that the person is no longer assigned.
   */
  state: "waiting" | "pending" | "provisioned" | "failed" | "removing";
  problem: string | null;
}

export interface PushGroup {
  remoteId: string | null;
  /** The name and the members that the application was last told of: their ids there, by the person's id. */
  pushedName: string | null;
  pushedMembers: Record<string, string>;
  /** `removing`: unlinked, and the application's group is to be deleted. */
  state: "pending" | "pushed" | "failed" | "removing";
  problem: string | null;
}

/** The state and its file. */
export interface OrgStore {
  readonly state: OrgState;
  /** Says that something changed: it is on disk within half a second. */
  changed(): void;
  replace(state: OrgState): void;
  /** Writes what has not been written yet. */
  flush(): void;
}

const writeDelayMs = 500;

/** @param file null keeps everything in memory. */
export function openOrgStore(file: string | null): OrgStore {
  let state = (file && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : emptyState()) as OrgState;
  let timer: NodeJS.Timeout | null = null;
  const write = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    if (!file) return;
    mkdirSync(dirname(file), { recursive: true });
    // Whoever reads the file, and whenever this process ends: it is whole.
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

/** A new id of 20 characters, as Okta makes them. @param prefix what it is: "00u", "00g", "0oa", "exk". */
export function newId(prefix: string): string {
  return prefix + [...randomBytes(17)].map((byte) => letters[byte % letters.length]).join("");
}
