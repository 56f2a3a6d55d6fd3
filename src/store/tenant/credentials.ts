import type { Knex } from "knex";
import type { LinkPurpose, SessionSummary } from "../../model.ts";
import {
  endedByOrganisation,
  latestSessionEnd,
  type SessionLimits,
  type SessionLimitsRow,
  sessionEnd,
  sessionLimitsColumns,
  toSessionLimits,
} from "../session-store.ts";
import type { TenantScope } from "./scope.ts";

/** Password hashes (directory/password-hash.ts). */
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

    /** Deletes the passwords of all provisioned people, and ends the sessions that began with one. */
    async removeProvisioned(): Promise<void> {
      const provisioned = () => scope.rows("users").where("origin", "scim").select("users.id");
      const begun = scope.rows("sessions").whereNull("connection_id").whereIn("user_id", provisioned());
      await begun.update(endedByOrganisation);
      await scope.rows("local_credentials").whereIn("user_id", provisioned()).delete();
    },
  };
}

/** A set-up link as its administrators see it: never the link itself. */
export interface SetUpLink {
  createdAt: number;
  expiresAt: number;
  /** When its guest last looked at the set-up, and at which step; null if they have not opened it. */
  seenAt: number | null;
  seenStep: number | null;
}

interface SetUpLinkRow {
  created_at: number;
  expires_at: number;
  seen_at: number | null;
  seen_step: number | null;
}

/** One-time links. The system store consumes them, because only the link says which tenant it belongs to. */
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

    /** The unexpired set-up links of a connection; the last to expire comes first. */
    async ofConnection(connectionId: string): Promise<SetUpLink[]> {
      const query = scope.rows("one_time_links").where("connection_id", connectionId);
      const rows = (await query
        .where("expires_at", ">", now())
        .orderBy("expires_at", "desc")
        .select(["created_at", "expires_at", "seen_at", "seen_step"])) as SetUpLinkRow[];
      return rows.map((row) => ({
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        seenAt: row.seen_at,
        seenStep: row.seen_step,
      }));
    },

    /** Remembers when the guest of a set-up link last looked at which step. To the minute, so that a reload writes nothing. */
    async recordVisit(tokenHash: string, step: number): Promise<void> {
      const at = now();
      const isNews = (row: Knex.QueryBuilder) =>
        row
          .whereNull("seen_at")
          .orWhere("seen_at", "<", at - 60_000)
          .orWhereNot("seen_step", step);
      const link = scope.rows("one_time_links").where("token_hash", tokenHash);
      await link.where(isNews).update({ seen_at: at, seen_step: step });
    },

    /** Revokes a connection's set-up links. */
    async removeOfConnection(connectionId: string): Promise<void> {
      await scope.rows("one_time_links").where("connection_id", connectionId).delete();
    },

    /** Revokes a user's links. */
    async removeOfUser(userId: string): Promise<void> {
      await scope.rows("one_time_links").where("user_id", userId).delete();
    },
  };
}

/** The sessions of one tenant's users: their limits, and to list and end them. session-store.ts creates and loads them. */
export function tenantSessions(scope: TenantScope, now: () => number) {
  const of = (userId: string) => scope.rows("sessions").where("user_id", userId);
  const limitsIn = (row: unknown) => (row ? toSessionLimits(row as SessionLimitsRow) : null);
  const readLimits = async () => limitsIn(await scope.tenantRow().first(sessionLimitsColumns));
  return {
    /** Returns null if the tenant was deleted. */
    limits: readLimits,

    /** Like limits, and locks the tenant's row until the transaction ends. */
    async lockLimits(): Promise<SessionLimits | null> {
      return limitsIn(await scope.tenantRow().forNoKeyUpdate().first(sessionLimitsColumns));
    },

    /** Limits all sessions of the tenant, also those that exist. */
    async changeLimits({ idleMinutes, absoluteMinutes }: SessionLimits): Promise<void> {
      const row = { session_idle_minutes: idleMinutes, session_absolute_minutes: absoluteMinutes };
      await scope.tenantRow().update(row);
    },

    /** A user's valid sessions, the last seen first. Those of an older access epoch are not valid. */
    async ofUser(userId: string, accessEpoch: number): Promise<SessionSummary[]> {
      const limits = await readLimits();
      const rows = (await of(userId)
        .where("access_epoch", accessEpoch)
        .where("expires_at", ">", now())
        .orderBy("seen_at", "desc")
        .select(["sid_hash", "created_at", "seen_at", "ends_at", "data"])) as SessionRow[];
      return rows.flatMap((row) => {
        const times = {
          createdAt: row.created_at,
          seenAt: row.seen_at,
          ...(row.ends_at === null ? {} : { endsAt: row.ends_at }),
          ...(limits ? { limits } : {}),
        };
        if (sessionEnd(times) <= now()) return [];
        return {
          id: row.sid_hash,
          createdAt: row.created_at,
          lastSeenAt: row.seen_at,
          endsAt: latestSessionEnd(times),
          userAgent: (JSON.parse(row.data) as { userAgent?: string }).userAgent ?? null,
        };
      });
    },

    /** The connections through which a user's valid sessions began, without those of `except`, a session's id. */
    async connectionsOf(userId: string, except: string | null): Promise<string[]> {
      const query = scope.join(of(userId), "users", "id", "sessions.user_id");
      if (except !== null) query.whereNot("sid_hash", except);
      const rows = (await query
        .whereRaw("sessions.access_epoch = users.access_epoch")
        .where("expires_at", ">", now())
        .whereNotNull("connection_id")
        .distinct("connection_id")) as { connection_id: string }[];
      return rows.map((row) => row.connection_id);
    },

    /** Ends a user's sessions, all of them or all but one, because the user wants it. */
    async end(userId: string, except: string | null): Promise<void> {
      const query = of(userId);
      if (except !== null) query.whereNot("sid_hash", except);
      await query.delete();
    },

    /** Ends all sessions of a user on behalf of their organisation. */
    async revoke(userId: string): Promise<void> {
      await of(userId).update(endedByOrganisation);
    },

    /** Ends all sessions that began through a connection, on behalf of the organisation. */
    async endOfConnection(connectionId: string): Promise<void> {
      await scope.rows("sessions").where("connection_id", connectionId).update(endedByOrganisation);
    },
  };
}

interface SessionRow {
  sid_hash: string;
  created_at: number;
  seen_at: number;
  ends_at: number | null;
  data: string;
}
