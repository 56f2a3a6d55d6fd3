import type { Connection, Role, User } from "../model.ts";
import { splitWords } from "./agents.ts";
import type { Database } from "./database.ts";
import type { SignedInPerson } from "./session-store.ts";
import { tenantRoles } from "./tenant/roles.ts";
import { tenantScope } from "./tenant/scope.ts";
import { toUser, type UserRow } from "./tenant/users.ts";

/** An access token, with what it rests on as the database knows it now: src/web/access-token-policy.ts judges it. */
export interface StoredAccessToken {
  kind: "access-token";
  tenant: SignedInPerson["tenant"];
  user: User;
  /** The person's role now, and when the token was issued. */
  role: Role;
  issuedRole: Role;
  /** The person's epoch when the token was issued. */
  issuedEpoch: number;
  connection: { id: string; key: string; isActive: boolean; letsAgentsIn: boolean };
  agent: { clientId: string; name: string; isRevoked: boolean; isBlocked: boolean };
  /** Whether the person revoked the agent's access. */
  isGrantRevoked: boolean;
  /** The identity provider's name of the agent; null if it sent none. */
  act: string | null;
  scopes: string[];
  resources: string[];
  keyThumbprint: string | null;
  expiresAt: number;
}

/** Finds access tokens before a tenant is known, and removes expired ones. */
export function accessTokenStore(database: Database, now: () => number = Date.now) {
  return {
    /** Returns null if there is no such token. One statement, and one for the role. */
    async find(tokenHash: string): Promise<StoredAccessToken | null> {
      const row: TokenRow | undefined = await database
        .sql()("access_tokens as t")
        .join("users", (on) => on.on("users.tenant_id", "t.tenant_id").andOn("users.id", "t.user_id"))
        .join("tenants", "tenants.id", "t.tenant_id")
        .join("connections as c", (on) =>
          on.on("c.tenant_id", "t.tenant_id").andOn("c.id", "t.connection_id"),
        )
        .where("t.token_hash", tokenHash)
        .first(["users.*", ...tokenColumns, ...agentColumns.map((column) => database.sql().raw(column))]);
      if (!row) return null;
      const role = await tenantRoles(tenantScope(database, row.tenant_id)).effective(row.id);
      return { ...toStored(row), kind: "access-token", role };
    },

    async removeExpired(): Promise<void> {
      await database.sql()("access_tokens").where("expires_at", "<=", now()).delete();
    },
  };
}

interface TokenRow extends UserRow {
  tenant_id: string;
  tenant_slug: string;
  tenant_name: string;
  connection_id: string;
  connection_key: string;
  connection_status: string;
  connection_settings: string | null;
  client_id: string;
  agent_name: string;
  agent_blocked: number | boolean;
  agent_revoked: number | boolean;
  grant_revoked: number | boolean;
  issued_role: Role;
  issued_epoch: number;
  act: string | null;
  scopes: string;
  resources: string;
  key_thumbprint: string | null;
  token_expires_at: number;
}

const tokenColumns = [
  "tenants.slug as tenant_slug",
  "tenants.name as tenant_name",
  "c.key as connection_key",
  "c.status as connection_status",
  "c.settings as connection_settings",
  "t.role as issued_role",
  "t.access_epoch as issued_epoch",
  "t.expires_at as token_expires_at",
  "t.connection_id",
  "t.client_id",
  "t.act",
  "t.scopes",
  "t.resources",
  "t.key_thumbprint",
];

const ofAgent = "a.tenant_id = t.tenant_id and a.client_id = t.client_id";
const ofGrant = "g.tenant_id = t.tenant_id and g.user_id = t.user_id and g.client_id = t.client_id";

/** Subqueries and no joins: PostgreSQL needs tens of milliseconds to plan a join of seven tables, for each call. */
const agentColumns = [
  `(select name from tenant_agents as a where ${ofAgent}) as agent_name`,
  `not exists (select 1 from tenant_agents as a where ${ofAgent} and a.blocked_at is null) as agent_blocked`,
  "exists (select 1 from agents where agents.client_id = t.client_id and agents.revoked_at is not null) as agent_revoked",
  `not exists (select 1 from agent_grants as g where ${ofGrant} and g.revoked_at is null) as grant_revoked`,
];

function toStored(row: TokenRow): Omit<StoredAccessToken, "kind" | "role"> {
  return {
    tenant: { id: row.tenant_id, slug: row.tenant_slug, name: row.tenant_name },
    user: toUser(row),
    issuedRole: row.issued_role,
    issuedEpoch: row.issued_epoch,
    connection: {
      id: row.connection_id,
      key: row.connection_key,
      isActive: row.connection_status === "active",
      letsAgentsIn: letsAgentsIn(row.connection_settings),
    },
    agent: {
      clientId: row.client_id,
      name: row.agent_name,
      isRevoked: Boolean(row.agent_revoked),
      isBlocked: Boolean(row.agent_blocked),
    },
    isGrantRevoked: Boolean(row.grant_revoked),
    act: row.act,
    scopes: splitWords(row.scopes),
    resources: splitWords(row.resources),
    keyThumbprint: row.key_thumbprint,
    expiresAt: row.token_expires_at,
  };
}

function letsAgentsIn(settings: string | null): boolean {
  const read: Connection["settings"] = settings && JSON.parse(settings);
  return read !== null && read.crossAppAccess !== false;
}
