import { type Connection, type Role, roles, type User } from "../model.ts";
import { wordsOf } from "./agents.ts";
import type { Database } from "./database.ts";
import type { SignedInPerson } from "./session-store.ts";
import { tenantRoles } from "./tenant/roles.ts";
import { tenantScope } from "./tenant/scope.ts";
import { toUser } from "./tenant/users.ts";

/** The owner of a living access token, and what it allows them. */
export interface AccessTokenOwner {
  tenant: SignedInPerson["tenant"];
  user: User;
  /** The person's role now. */
  role: Role;
  connectionId: string;
  agent: { clientId: string; name: string };
  /** The identity provider's name of the agent; null if it sent none. */
  act: string | null;
  tokenId: string;
  scopes: string[];
  resources: string[];
  keyThumbprint: string | null;
  expiresAt: number;
}

/**
 * Finds the owner of an access token, before a tenant is known, and removes expired tokens.
 *
 * A token is dead as soon as anything that it rests on is gone, so that no one has to end it: access was revoked (another
 * epoch), the person is inactive or blocked, or lost the role, the connection is off or no longer lets agents in, the agent is revoked, or
 * blocked by the tenant or the person.
 */
export function accessTokenStore(database: Database, now: () => number = Date.now) {
  return {
    /** Returns null if the token is unknown, expired or dead. One statement, and one for the role. */
    async owner(tokenHash: string): Promise<AccessTokenOwner | null> {
      const row = await database
        .sql()("access_tokens as t")
        .join("users", (on) => on.on("users.tenant_id", "t.tenant_id").andOn("users.id", "t.user_id"))
        .join("tenants", "tenants.id", "t.tenant_id")
        .join("connections as c", (on) =>
          on.on("c.tenant_id", "t.tenant_id").andOn("c.id", "t.connection_id"),
        )
        .join("tenant_agents as a", (on) =>
          on.on("a.tenant_id", "t.tenant_id").andOn("a.client_id", "t.client_id"),
        )
        .join("agent_grants as g", (on) =>
          on
            .on("g.tenant_id", "t.tenant_id")
            .andOn("g.user_id", "t.user_id")
            .andOn("g.client_id", "t.client_id"),
        )
        .leftJoin("agents", "agents.client_id", "t.client_id")
        .where("t.token_hash", tokenHash)
        .where("t.expires_at", ">", now())
        .whereRaw("users.access_epoch = t.access_epoch")
        .where({ "users.active": true, "users.blocked": false, "c.status": "active" })
        .whereNull("a.blocked_at")
        .whereNull("g.revoked_at")
        .whereNull("agents.revoked_at")
        .first(["users.*", ...tokenColumns]);
      if (!row || !letsAgentsIn(row.settings)) return null;
      const role = await tenantRoles(tenantScope(database, row.tenant_id)).effective(row.id);
      if (roles.indexOf(role) < roles.indexOf(row.token_role)) return null;
      return {
        tenant: { id: row.tenant_id, slug: row.tenant_slug, name: row.tenant_name },
        user: toUser(row),
        role,
        connectionId: row.connection_id,
        agent: { clientId: row.client_id, name: row.agent_name },
        act: row.act,
        tokenId: row.token_id,
        scopes: wordsOf(row.scopes),
        resources: wordsOf(row.resources),
        keyThumbprint: row.key_thumbprint,
        expiresAt: row.token_expires_at,
      };
    },

    async removeExpired(): Promise<void> {
      await database.sql()("access_tokens").where("expires_at", "<=", now()).delete();
    },
  };
}

const tokenColumns = [
  "tenants.slug as tenant_slug",
  "tenants.name as tenant_name",
  "c.settings",
  "a.name as agent_name",
  "t.id as token_id",
  "t.role as token_role",
  "t.expires_at as token_expires_at",
  "t.connection_id",
  "t.client_id",
  "t.act",
  "t.scopes",
  "t.resources",
  "t.key_thumbprint",
];

function letsAgentsIn(settings: string | null): boolean {
  const read: Connection["settings"] = settings && JSON.parse(settings);
  return read !== null && read.crossAppAccess !== false;
}
