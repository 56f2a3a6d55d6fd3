import type { TenantScope } from "./scope.ts";

/** One of our keys for the signals to a connection's org. */
export interface StoredSignalKey {
  /** A connection's running number. */
  generation: number;
  /** A public JWK with its `kid`, as JSON. */
  publicKey: string;
  /** The private key, sealed (secrets.ts). */
  sealedKey: string;
  createdAt: number;
}

interface SignalKeyRow {
  generation: number;
  public_key: string;
  sealed_key: string;
  created_at: number;
}

/** The signals that one tenant sends: which connections' orgs want them, and with which keys. */
export function tenantSignalTransmitters(scope: TenantScope, now: () => number) {
  const keysOf = (connectionId: string) => scope.rows("signal_keys").where("connection_id", connectionId);
  return {
    async setSending(connectionId: string, isOn: boolean): Promise<void> {
      await scope.rows("connections").where("id", connectionId).update({ sends_signals: isOn });
    },

    /**
     * The active connections whose orgs want signals about a person: they sign in by the connection, and have an address
     * that the org may know.
     */
    async listening(userId: string): Promise<string[]> {
      const query = scope.rows("identities").where("identities.user_id", userId);
      scope.join(query, "connections", "id", "identities.connection_id");
      scope.join(query, "users", "id", "identities.user_id");
      const rows = (await query
        .where({ "connections.sends_signals": true, "connections.status": "active" })
        .whereRaw("coalesce(identities.email, users.email) is not null")
        .distinct("identities.connection_id")) as { connection_id: string }[];
      return rows.map((row) => row.connection_id);
    },

    /** The address by which a connection's org knows a person: that of their last sign-in there, or else our own. */
    async addressOf(connectionId: string, userId: string): Promise<string | null> {
      const identity = (await scope
        .rows("identities")
        .where({ user_id: userId, connection_id: connectionId })
        .whereNotNull("email")
        .orderBy("last_sign_in_at", "desc")
        .first("email")) as { email: string } | undefined;
      if (identity) return identity.email;
      const user = (await scope.rows("users").where("id", userId).first("email")) as
        | { email: string | null }
        | undefined;
      return user?.email ?? null;
    },

    /** Oldest first. */
    async keys(connectionId: string): Promise<StoredSignalKey[]> {
      const columns = ["generation", "public_key", "sealed_key", "created_at"];
      const rows = (await keysOf(connectionId).orderBy("generation").select(columns)) as SignalKeyRow[];
      return rows.map((row) => ({
        generation: row.generation,
        publicKey: row.public_key,
        sealedKey: row.sealed_key,
        createdAt: row.created_at,
      }));
    },

    async addKey(connectionId: string, key: Omit<StoredSignalKey, "createdAt">): Promise<void> {
      await scope.insert("signal_keys", {
        connection_id: connectionId,
        generation: key.generation,
        public_key: key.publicKey,
        sealed_key: key.sealedKey,
        created_at: now(),
      });
    },

    /** Removes the keys before a generation. */
    async removeKeysBefore(connectionId: string, generation: number): Promise<void> {
      await keysOf(connectionId).where("generation", "<", generation).delete();
    },

    /**
     * Counts a refused sign-in of a person. A window begins with the first one. Returns the count in this window.
     * @param windowMs its length.
     */
    async countRefusal(userId: string, windowMs: number): Promise<number> {
      const at = now();
      const isOver = "refused_people.started_at <= ?";
      const rows = (await scope
        .insert("refused_people", { user_id: userId, started_at: at, count: 1 })
        .onConflict(["tenant_id", "user_id"])
        .merge({
          count: scope.raw(`case when ${isOver} then 1 else refused_people.count + 1 end`, [at - windowMs]),
          started_at: scope.raw(`case when ${isOver} then ? else refused_people.started_at end`, [
            at - windowMs,
            at,
          ]),
        })
        .returning("count")) as { count: number }[];
      return Number(rows[0]?.count);
    },
  };
}
