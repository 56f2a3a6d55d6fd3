import type { LinkPurpose, SessionSummary } from "../../model.ts";
import type { TenantScope } from "./scope.ts";

/** Passwords of local accounts, hashed (directory/password-hash.ts). */
export function tenantCredentials(scope: TenantScope, now: () => number) {
  const of = (userId: string) => scope.rows("local_credentials").where("user_id", userId);
  return {
    async passwordHash(userId: string): Promise<string | null> {
      const row = (await of(userId).first("password_hash")) as { password_hash: string } | undefined;
      return row?.password_hash ?? null;
    },

    async set(userId: string, passwordHash: string): Promise<void> {
      const row = { user_id: userId, password_hash: passwordHash, updated_at: now() };
      await scope.insert("local_credentials", row).onConflict(["tenant_id", "user_id"]).merge();
    },

    /** Returns whether there was a password. */
    async remove(userId: string): Promise<boolean> {
      return ((await of(userId).delete()) as number) > 0;
    },

    /** Forgets the passwords of everybody whom provisioning manages, and ends the sessions that began with one. */
    async removeProvisioned(): Promise<void> {
      const provisioned = () => scope.rows("users").where("origin", "scim").select("users.id");
      await scope.rows("sessions").whereNull("connection_id").whereIn("user_id", provisioned()).delete();
      await scope.rows("local_credentials").whereIn("user_id", provisioned()).delete();
    },
  };
}

/** One-time links. They are consumed through the system store: the link itself names the tenant. */
export function tenantLinks(scope: TenantScope, now: () => number) {
  return {
    async create(tokenHash: string, purpose: LinkPurpose, expiresAt: number): Promise<void> {
      await scope.insert("one_time_links", {
        token_hash: tokenHash,
        user_id: purpose.kind === "set-password" ? purpose.userId : null,
        connection_id: purpose.kind === "set-up-connection" ? purpose.connectionId : null,
        created_at: now(),
        expires_at: expiresAt,
      });
    },

    /** When the outstanding links of a connection's set-up end, the latest first. */
    async ofConnection(connectionId: string): Promise<{ createdAt: number; expiresAt: number }[]> {
      const query = scope.rows("one_time_links").where("connection_id", connectionId);
      const rows = (await query
        .where("expires_at", ">", now())
        .orderBy("expires_at", "desc")
        .select(["created_at", "expires_at"])) as { created_at: number; expires_at: number }[];
      return rows.map((row) => ({ createdAt: row.created_at, expiresAt: row.expires_at }));
    },

    /** Makes every outstanding link of a connection's set-up void. */
    async removeOfConnection(connectionId: string): Promise<void> {
      await scope.rows("one_time_links").where("connection_id", connectionId).delete();
    },

    /** Makes every outstanding link of a user void. */
    async removeOfUser(userId: string): Promise<void> {
      await scope.rows("one_time_links").where("user_id", userId).delete();
    },
  };
}

/** The sessions of one tenant's users, for those who look at them. What keeps them is session-store.ts. */
export function tenantSessions(scope: TenantScope, now: () => number) {
  const of = (userId: string) => scope.rows("sessions").where("user_id", userId);
  return {
    /** Living sessions of a user, the last seen first. Those of an older access epoch are dead. */
    async ofUser(userId: string, accessEpoch: number): Promise<SessionSummary[]> {
      const rows = (await of(userId)
        .where("access_epoch", accessEpoch)
        .where("expires_at", ">", now())
        .orderBy("seen_at", "desc")
        .select(["sid_hash", "created_at", "seen_at", "data"])) as SessionRow[];
      return rows.map((row) => ({
        id: row.sid_hash,
        createdAt: row.created_at,
        lastSeenAt: row.seen_at,
        userAgent: (JSON.parse(row.data) as { userAgent?: string }).userAgent ?? null,
      }));
    },

    /** Ends a user's sessions, all or all but one. */
    async end(userId: string, except: string | null): Promise<void> {
      const query = of(userId);
      if (except !== null) query.whereNot("sid_hash", except);
      await query.delete();
    },

    /** Ends every session that began through a connection. */
    async endOfConnection(connectionId: string): Promise<void> {
      await scope.rows("sessions").where("connection_id", connectionId).delete();
    },
  };
}

interface SessionRow {
  sid_hash: string;
  created_at: number;
  seen_at: number;
  data: string;
}
