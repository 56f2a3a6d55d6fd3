import type { ConnectionType, Role, User } from "../model.ts";
import type { Database } from "./database.ts";
import { tenantConnections } from "./tenant/connections.ts";
import { tenantIdentities } from "./tenant/identities.ts";
import { tenantRoles } from "./tenant/roles.ts";
import { tenantScope } from "./tenant/scope.ts";
import { toUser } from "./tenant/users.ts";

/** How long sessions of a tenant last. Both are whole minutes. */
export interface SessionLimits {
  /** Without a request. */
  idleMinutes: number;
  /** After the sign-in, however busy the session is. */
  absoluteMinutes: number;
}

/** The demands of a tenant on its people's sessions and sign-ins. */
export interface SessionPolicy extends SessionLimits {
  /** How long ago an administrator may have signed in to open the console, in minutes; null if that does not matter. */
  adminFreshMinutes: number | null;
  // SAML {
  /** Whether a SAML sign-in may begin at the identity provider. If so, each connection can still forbid it. */
  samlUnsolicited: boolean;
  // SAML }
  /** The people whose sign-in with a local password needs a second step. Others may set one up. */
  secondStep: SecondStepPolicy;
}

export const secondStepPolicies = ["none", "admins", "everyone"] as const;
export type SecondStepPolicy = (typeof secondStepPolicies)[number];

/** For tenants that chose none, and for browsers that are not signed in. The migration has the same numbers. */
export const defaultSessionLimits: SessionLimits = { idleMinutes: 8 * 60, absoluteMinutes: 24 * 60 };

/** For tenants that chose none. */
export const defaultSessionPolicy: SessionPolicy = {
  ...defaultSessionLimits,
  adminFreshMinutes: null,
  samlUnsolicited: true, // SAML
  secondStep: "none",
};

/** The moments of a session that decide when it ends. */
export interface SessionTimes {
  createdAt: number;
  seenAt: number;
  /** The end that the identity provider set; absent if it set none. */
  endsAt?: number;
  /** Of the session's tenant; absent before sign-in. */
  limits?: SessionLimits;
}

/** When a session ends if no further request comes. */
export function sessionEnd(session: SessionTimes): number {
  const { idleMinutes } = session.limits ?? defaultSessionLimits;
  return Math.min(session.seenAt + idleMinutes * 60_000, latestSessionEnd(session));
}

/** When a session ends at the latest, however busy it is. */
export function latestSessionEnd({
  createdAt,
  endsAt = Number.POSITIVE_INFINITY,
  limits = defaultSessionLimits,
}: Omit<SessionTimes, "seenAt">): number {
  return Math.min(createdAt + limits.absoluteMinutes * 60_000, endsAt);
}

/** The columns of a tenant's row that hold its limits, and their values. */
export interface SessionLimitsRow {
  session_idle_minutes: number;
  session_absolute_minutes: number;
}

export interface SessionPolicyRow extends SessionLimitsRow {
  admin_fresh_minutes: number | null;
  saml_unsolicited: number | boolean; // SAML
  second_step: SecondStepPolicy;
}

/** The epoch of a session that the person's organisation ended. No user has it, so the session gives no access. */
export const endedEpoch = -1;

/**
 * The columns of a session that the person's organisation ended. Its row stays until it expires, so that the browser's next
 * request can say why the session ended; it keeps no data.
 */
export const endedByOrganisation = { access_epoch: endedEpoch, data: "{}" };

export const sessionLimitsColumns = ["tenants.session_idle_minutes", "tenants.session_absolute_minutes"];
export const sessionPolicyColumns = [
  ...sessionLimitsColumns,
  "tenants.admin_fresh_minutes",
  "tenants.saml_unsolicited", // SAML
  "tenants.second_step",
];

export function toSessionLimits(row: SessionLimitsRow): SessionLimits {
  return { idleMinutes: row.session_idle_minutes, absoluteMinutes: row.session_absolute_minutes };
}

export function toSessionPolicy(row: SessionPolicyRow): SessionPolicy {
  return {
    ...toSessionLimits(row),
    adminFreshMinutes: row.admin_fresh_minutes,
    samlUnsolicited: Boolean(row.saml_unsolicited), // SAML
    secondStep: row.second_step,
  };
}

/** The sign-in of a session. */
export interface StoredSignIn {
  tenantId: string;
  userId: string;
  /** The user's epoch at sign-in. If the user's differs now, access was revoked. */
  accessEpoch: number;
  /** null for a local password. */
  connectionId: string | null;
}

/**
 * A row of the sessions table, with the limits of its tenant. It stores only the SHA-256 of the cookie's session id.
 */
export interface StoredSession extends SessionTimes {
  sidHash: string;
  /** null before sign-in. */
  signIn: StoredSignIn | null;
  /** When housekeeping may remove the row. */
  expiresAt: number;
  /** SessionPolicy.adminFreshMinutes of its tenant; absent before sign-in. */
  adminFreshMinutes?: number | null;
  data: Record<string, unknown>;
}

/** The signed-in person, as the database knows them now. */
export interface SignedInPerson {
  tenant: { id: string; slug: string; name: string };
  user: User;
  role: Role;
  /** The connection that they signed in through; null for a local password. */
  connection: { id: string; key: string; type: ConnectionType } | null;
}

interface SessionRow {
  sid_hash: string;
  tenant_id: string | null;
  user_id: string | null;
  connection_id: string | null;
  access_epoch: number | null;
  created_at: number;
  seen_at: number;
  expires_at: number;
  ends_at: number | null;
  data: string;
}

export type SessionStore = ReturnType<typeof sessionStore>;

/** Stores browser sessions. The cookie finds them before a tenant is known. */
export function sessionStore(database: Database, now: () => number = Date.now) {
  const one = (sidHash: string) => database.sql()("sessions").where("sid_hash", sidHash);
  return {
    /**
     * Returns null if there is no such session, or if it has expired. The limits are the tenant's current ones, so a
     * shorter limit ends existing sessions at once.
     */
    async load(sidHash: string): Promise<StoredSession | null> {
      const row = (await one(sidHash)
        .leftJoin("tenants", "tenants.id", "sessions.tenant_id")
        .where("expires_at", ">", now())
        .first(["sessions.*", ...sessionPolicyColumns])) as (SessionRow & SessionPolicyRow) | undefined;
      const session = row ? toStoredSession(row) : null;
      return session && sessionEnd(session) > now() ? session : null;
    },

    /** The limits for a new session; undefined if the tenant was deleted. */
    async limitsOf(tenantId: string): Promise<SessionLimits | undefined> {
      const row = await database.sql()("tenants").where("id", tenantId).first(sessionLimitsColumns);
      return row && toSessionLimits(row as SessionLimitsRow);
    },

    /**
     * Stores the session of a sign-in with a local password, or with a passkey in its place. Returns false if the person has no
     * password any more. Locks its row, so that a change that deletes it finds the session to end.
     */
    async createLocal(session: StoredSession, { tenantId, userId }: StoredSignIn): Promise<boolean> {
      return await database.transaction(async (joined) => {
        // The person first, as in changes of an account, to avoid a deadlock.
        const person = joined.sql()("users").where({ tenant_id: tenantId, id: userId });
        await person.forKeyShare().first("id");
        const password = joined.sql()("local_credentials").where({ tenant_id: tenantId, user_id: userId });
        if (!(await password.forKeyShare().first("user_id"))) return false;
        await joined.sql()("sessions").insert(toRow(session));
        return true;
      });
    },

    async create(session: StoredSession): Promise<void> {
      await database.sql()("sessions").insert(toRow(session));
    },

    /**
     * Adds the session of a sign-in through a connection. Returns false if the connection no longer leads to the person:
     * since the sign-in was decided, it was switched off, removed, or given another provider. Such a change waits for the new
     * session, or the session for the change: neither misses the other.
     */
    async createThrough(
      session: StoredSession,
      { tenantId, userId, connectionId }: StoredSignIn,
    ): Promise<boolean> {
      return await database.transaction(async (inside) => {
        const scope = tenantScope(inside, tenantId);
        const connection = await tenantConnections(scope, now).hold(connectionId ?? "");
        // Read after the wait: PostgreSQL shows each statement what is committed by then.
        const identities = await tenantIdentities(scope, now).ofUser(userId);
        const leadsToPerson = identities.some((identity) => identity.connectionId === connectionId);
        if (connection?.status !== "active" || !leadsToPerson) return false;
        await inside.sql()("sessions").insert(toRow(session));
        return true;
      });
    },

    /** Updates an existing session. A session that ended in the meantime stays ended. */
    async update(session: StoredSession): Promise<void> {
      const { sid_hash: sidHash, ...row } = toRow(session);
      await one(sidHash)
        .where((inner) => inner.whereNull("access_epoch").orWhereNot("access_epoch", endedEpoch))
        .update(row);
    },

    async touch(sidHash: string, seenAt: number, expiresAt: number): Promise<void> {
      await one(sidHash).update({ seen_at: seenAt, expires_at: expiresAt });
    },

    async remove(sidHash: string): Promise<void> {
      await one(sidHash).delete();
    },

    /** Marks a session as ended by the person's organisation. */
    async revoke(sidHash: string): Promise<void> {
      await one(sidHash).update(endedByOrganisation);
    },

    async removeExpired(): Promise<void> {
      await database.sql()("sessions").where("expires_at", "<=", now()).delete();
    },

    /**
     * Returns who is signed in, checked at each request: null if access was revoked (another epoch), if the user is
     * inactive, blocked or deleted, or if their connection is no longer active. All of these are the organisation's doing.
     */
    async person({
      tenantId,
      userId,
      accessEpoch,
      connectionId,
    }: StoredSignIn): Promise<SignedInPerson | null> {
      const row = await database
        .sql()("users")
        .join("tenants", "tenants.id", "users.tenant_id")
        .leftJoin("connections", (on) =>
          on.on("connections.tenant_id", "users.tenant_id").andOnVal("connections.id", connectionId ?? ""),
        )
        .where({ "users.tenant_id": tenantId, "users.id": userId })
        .where({ "users.access_epoch": accessEpoch, "users.active": true, "users.blocked": false })
        .first(["users.*", ...personColumns]);
      if (!row || (connectionId !== null && row.connection_status !== "active")) return null;
      return {
        tenant: { id: tenantId, slug: row.tenant_slug, name: row.tenant_name },
        user: toUser(row),
        role: await tenantRoles(tenantScope(database, tenantId)).effective(userId),
        connection:
          connectionId === null
            ? null
            : { id: connectionId, key: row.connection_key, type: row.connection_type },
      };
    },
  };
}

const personColumns = [
  "tenants.slug as tenant_slug",
  "tenants.name as tenant_name",
  "connections.key as connection_key",
  "connections.type as connection_type",
  "connections.status as connection_status",
];

function toStoredSession(row: SessionRow & SessionPolicyRow): StoredSession {
  const signedIn = row.tenant_id !== null && row.user_id !== null && row.access_epoch !== null;
  return {
    sidHash: row.sid_hash,
    signIn: signedIn
      ? {
          tenantId: row.tenant_id as string,
          userId: row.user_id as string,
          accessEpoch: row.access_epoch as number,
          connectionId: row.connection_id,
        }
      : null,
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    ...(row.ends_at === null ? {} : { endsAt: row.ends_at }),
    ...(signedIn ? { limits: toSessionLimits(row), adminFreshMinutes: row.admin_fresh_minutes } : {}),
    data: JSON.parse(row.data) as Record<string, unknown>,
  };
}

function toRow(session: StoredSession): SessionRow {
  return {
    sid_hash: session.sidHash,
    tenant_id: session.signIn?.tenantId ?? null,
    user_id: session.signIn?.userId ?? null,
    connection_id: session.signIn?.connectionId ?? null,
    access_epoch: session.signIn?.accessEpoch ?? null,
    created_at: session.createdAt,
    seen_at: session.seenAt,
    expires_at: session.expiresAt,
    ends_at: session.endsAt ?? null,
    data: JSON.stringify(session.data),
  };
}
