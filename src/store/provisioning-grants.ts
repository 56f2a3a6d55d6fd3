import type { Database } from "./database.ts";

/** The tenant and the id of a row. */
export interface TenantRowId {
  tenantId: string;
  id: string;
}

/** Finds codes, grants and their access tokens before a tenant is known, and ends what a client was given in all tenants. */
export function provisioningGrantStore(database: Database, now: () => number = Date.now) {
  const idOf = async (table: string, where: Record<string, string>): Promise<TenantRowId | null> => {
    const row = (await database.sql()(table).where(where).first(["tenant_id", "id"])) as
      | { tenant_id: string; id: string }
      | undefined;
    return row ? { tenantId: row.tenant_id, id: row.id } : null;
  };
  return {
    code: (codeHash: string) => idOf("provisioning_codes", { code_hash: codeHash }),

    /** By the part that all refresh tokens of a grant share. */
    grant: (familyHash: string) => idOf("provisioning_grants", { family_hash: familyHash }),

    /** Revokes an access token of a client. Does nothing for any other token. */
    async revokeAccessToken(clientId: string, tokenHash: string): Promise<void> {
      const ofClient = database.sql()("provisioning_grants").where("client_id", clientId).select("id");
      await database
        .sql()("provisioning_tokens")
        .where("token_hash", tokenHash)
        .whereIn("grant_id", ofClient)
        .whereNull("revoked_at")
        .update({ revoked_at: now() });
    },

    /**
     * Ends all grants of a client, with their access tokens, in all tenants. Call it in a transaction.
     *
     * PostgreSQL: the order closes a race with token requests that authenticated before the revocation. Such a request locks
     * its code or its grant, and then inserts rows that a statement does not see until they are committed. Each statement here
     * waits for these locks, and the next statement sees what the request inserted.
     */
    async endOfClient(clientId: string): Promise<void> {
      await database.sql()("provisioning_codes").where("client_id", clientId).delete();
      const ofClient = database.sql()("provisioning_grants").where("client_id", clientId);
      const ended = { ended_at: now(), end_cause: "client-revoked", sealed_response: null };
      await ofClient.clone().whereNull("ended_at").update(ended);
      await database
        .sql()("provisioning_tokens")
        .whereIn("grant_id", ofClient.clone().select("id"))
        .whereNull("revoked_at")
        .update({ revoked_at: now() });
    },

    /** Removes codes a day after they expired: until then, a second use of one ends its grant. */
    async removeExpired(): Promise<void> {
      await database
        .sql()("provisioning_codes")
        .where("expires_at", "<=", now() - 86_400_000)
        .delete();
    },
  };
}
