import { ConflictError } from "../../errors.ts";
import { mapUniqueViolation } from "../sql-errors.ts";
import type { TenantScope } from "./scope.ts";

/** A sign-in that has left for the identity provider. */
export interface PendingLogin {
  connectionId: string;
  /** SHA-256 of the state that comes back. */
  stateHash: string;
  /** SHA-256 of the cookie of the browser that left. */
  browserHash: string;
  /** What the answer is checked against, sealed. */
  sealedData: string;
  expiresAt: number;
}

/** Sign-ins in flight: each comes back once, to the browser, the connection and the tenant that it left from. */
export function tenantPendingLogins(scope: TenantScope, now: () => number) {
  const one = (connectionId: string, stateHash: string, browserHash: string) =>
    scope
      .rows("pending_logins")
      .where({ connection_id: connectionId, state_hash: stateHash, browser_hash: browserHash })
      .where("expires_at", ">", now());

  return {
    async create(login: PendingLogin): Promise<void> {
      await scope.insert("pending_logins", {
        connection_id: login.connectionId,
        state_hash: login.stateHash,
        browser_hash: login.browserHash,
        sealed_data: login.sealedData,
        expires_at: login.expiresAt,
      });
    },

    /** Uses the sign-in up and returns its sealed data; of two callers at once, one gets null. */
    async consume(connectionId: string, stateHash: string, browserHash: string): Promise<string | null> {
      const found = one(connectionId, stateHash, browserHash).first("sealed_data");
      const row = (await found) as { sealed_data: string } | undefined;
      // Both may have read it; the deletion decides.
      const deleted = (await one(connectionId, stateHash, browserHash).delete()) as number;
      return row && deleted === 1 ? row.sealed_data : null;
    },
  };
}

/** Tokens that may be used once. */
export function tenantUsedTokens(scope: TenantScope) {
  return {
    /** Throws ConflictError `stale` when the token was used before. Belongs in the transaction of what it causes. */
    async consume(tokenId: string, expiresAt: number): Promise<void> {
      await mapUniqueViolation(scope.insert("used_tokens", { token_id: tokenId, expires_at: expiresAt }), {
        token_id: () => new ConflictError("stale", "This token was used before."),
      });
    },
  };
}
