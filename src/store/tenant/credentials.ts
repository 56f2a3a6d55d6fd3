import type { Knex } from "knex";
import type { ConnectionType, LinkPurpose, SessionSummary, SignInProof } from "../../model.ts";
import {
  defaultSessionLimits,
  endedByOrganisation,
  endedEpoch,
  latestSessionEnd,
  type SessionLimits,
  type SessionLimitsRow,
  type SessionPolicy,
  type SessionPolicyRow,
  sessionLimitsColumns,
  sessionPolicyColumns,
  toSessionLimits,
  toSessionPolicy,
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
      // First, to wait for the sessions that are being stored (createLocal in session-store.ts).
      await scope.rows("local_credentials").whereIn("user_id", provisioned()).delete();
      const begun = scope.rows("sessions").whereNull("connection_id").whereIn("user_id", provisioned());
      await begun.update(endedByOrganisation);
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

/** Where a page of a tenant's sessions begins. */
export type SessionPosition = Pick<SessionSummary, "id" | "createdAt">;

/** The sessions of one tenant's users: their policy, and to list and end them. session-store.ts creates and loads them. */
export function tenantSessions(scope: TenantScope, now: () => number) {
  const of = (userId: string) => scope.rows("sessions").where("user_id", userId);
  const policyIn = (row: unknown) => (row ? toSessionPolicy(row as SessionPolicyRow) : null);
  const readLimits = async () => {
    const row = (await scope.tenantRow().first(sessionLimitsColumns)) as SessionLimitsRow | undefined;
    return row ? toSessionLimits(row) : null;
  };
  /** Sessions that give access now, by the tenant's limits. Those of an older access epoch give none. */
  const valid = ({ idleMinutes, absoluteMinutes }: SessionLimits) => {
    const query = scope.rows("sessions").where("sessions.expires_at", ">", now());
    scope.join(query, "users", "id", "sessions.user_id");
    scope.leftJoin(query, "connections", "id", "sessions.connection_id");
    return query
      .whereRaw("sessions.access_epoch = users.access_epoch")
      .where("sessions.seen_at", ">", now() - idleMinutes * 60_000)
      .where("sessions.created_at", ">", now() - absoluteMinutes * 60_000)
      .where((end) => end.whereNull("sessions.ends_at").orWhere("sessions.ends_at", ">", now()))
      .select(["sessions.*", "users.login_name", "connections.key", "connections.type"]);
  };
  return {
    /** Returns null if the tenant was deleted. */
    limits: readLimits,

    /** Returns null if the tenant was deleted. */
    async policy(): Promise<SessionPolicy | null> {
      return policyIn(await scope.tenantRow().first(sessionPolicyColumns));
    },

    /** Like policy, and locks the tenant's row until the transaction ends. */
    async lockPolicy(): Promise<SessionPolicy | null> {
      return policyIn(await scope.tenantRow().forNoKeyUpdate().first(sessionPolicyColumns));
    },

    /** Applies to all sessions of the tenant, also those that exist. */
    async changePolicy(changes: Partial<SessionPolicy>): Promise<void> {
      const row = {
        session_idle_minutes: changes.idleMinutes,
        session_absolute_minutes: changes.absoluteMinutes,
        admin_fresh_minutes: changes.adminFreshMinutes,
        saml_unsolicited: changes.samlUnsolicited, // SAML
        second_step: changes.secondStep,
      };
      // knex leaves out what is undefined.
      await scope.tenantRow().update(row);
    },

    /** A user's valid sessions, the last seen first: all, or at most `limit`. */
    async ofUser(userId: string, limit?: number): Promise<SessionSummary[]> {
      const limits = (await readLimits()) ?? defaultSessionLimits;
      const query = valid(limits).where("sessions.user_id", userId).orderBy("sessions.seen_at", "desc");
      if (limit !== undefined) query.limit(limit);
      return ((await query) as SessionRow[]).map((row) => toSummary(row, limits));
    },

    /** The valid sessions of all users, the last begun first, after the position `after`. */
    async page(after: SessionPosition | null, limit: number): Promise<SessionSummary[]> {
      const limits = (await readLimits()) ?? defaultSessionLimits;
      const query = valid(limits)
        .orderBy("sessions.created_at", "desc")
        .orderBy("sessions.sid_hash", "desc")
        .limit(limit);
      if (after)
        query.whereRaw("(sessions.created_at, sessions.sid_hash) < (?, ?)", [after.createdAt, after.id]);
      return ((await query) as SessionRow[]).map((row) => toSummary(row, limits));
    },

    /**
     * The connections through which a user's valid sessions began.
     * @param except the id of a session that does not count. @param only the id of the one that counts.
     */
    async connectionsOf(userId: string, except: string | null, only?: string): Promise<string[]> {
      const query = scope.join(of(userId), "users", "id", "sessions.user_id");
      if (except !== null) query.whereNot("sid_hash", except);
      if (only !== undefined) query.where("sid_hash", only);
      const rows = (await query
        .whereRaw("sessions.access_epoch = users.access_epoch")
        .where("expires_at", ">", now())
        .whereNotNull("connection_id")
        .distinct("connection_id")) as { connection_id: string }[];
      return rows.map((row) => row.connection_id);
    },

    /** Removes a user's sessions, all of them or all but one, because the user wants it. */
    async remove(userId: string, except: string | null): Promise<void> {
      const query = of(userId);
      if (except !== null) query.whereNot("sid_hash", except);
      await query.delete();
    },

    /** Removes one session of a user, because the user wants it. Returns false if there is no such session. */
    async removeOne(userId: string, id: string): Promise<boolean> {
      return ((await of(userId).where("sid_hash", id).delete()) as number) > 0;
    },

    /** Marks all sessions of a user as ended by their organisation: their browsers learn it. */
    async revoke(userId: string): Promise<void> {
      await of(userId).update(endedByOrganisation);
    },

    /** As revoke(), for one session. Returns false if there is no such session. */
    async revokeOne(userId: string, id: string): Promise<boolean> {
      const one = of(userId).where("sid_hash", id).whereNot("access_epoch", endedEpoch);
      return ((await one.update(endedByOrganisation)) as number) > 0;
    },

    /** As revoke(), for all sessions that began through a connection. */
    async revokeOfConnection(connectionId: string): Promise<void> {
      await scope.rows("sessions").where("connection_id", connectionId).update(endedByOrganisation);
    },
  };
}

interface SessionRow {
  sid_hash: string;
  user_id: string;
  login_name: string;
  key: string | null;
  type: ConnectionType | null;
  created_at: number;
  seen_at: number;
  ends_at: number | null;
  data: string;
}

function toSummary(row: SessionRow, limits: SessionLimits): SessionSummary {
  const { userAgent = null, address = null, proof = null } = JSON.parse(row.data) as SessionDetails;
  const end = row.ends_at === null ? {} : { endsAt: row.ends_at };
  return {
    id: row.sid_hash,
    user: { id: row.user_id, loginName: row.login_name },
    createdAt: row.created_at,
    lastSeenAt: row.seen_at,
    endsAt: latestSessionEnd({ createdAt: row.created_at, limits, ...end }),
    connection: row.key === null || row.type === null ? null : { key: row.key, type: row.type },
    userAgent,
    address,
    proof,
  };
}

/** The parts of a session's data that its lists show. */
interface SessionDetails {
  userAgent?: string;
  address?: string;
  proof?: SignInProof;
}
