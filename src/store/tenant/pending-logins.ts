import { ConflictError } from "../../errors.ts";
import { mapUniqueViolation } from "../sql-errors.ts";
import type { TenantScope } from "./scope.ts";

/** A sign-in in flight: the browser is at the identity provider. */
export interface PendingLogin {
  connectionId: string;
  /** SHA-256 of the `state`. */
  stateHash: string;
  /** SHA-256 of the browser's cookie. */
  browserHash: string;
  /** The values that the response must match, sealed. */
  sealedData: string;
  expiresAt: number;
}

/** Sign-ins in flight. Each completes once, in the browser, connection and tenant where it began. */
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

    /** Consumes the sign-in and returns its sealed data. Of two concurrent callers, one gets null. */
    async consume(connectionId: string, stateHash: string, browserHash: string): Promise<string | null> {
      const found = one(connectionId, stateHash, browserHash).first("sealed_data");
      const row = (await found) as { sealed_data: string } | undefined;
      // Both may have read the row; only the deletion decides.
      const deleted = (await one(connectionId, stateHash, browserHash).delete()) as number;
      return row && deleted === 1 ? row.sealed_data : null;
    },
  };
}

/** One-time tokens that were used, to refuse replays. */
export function tenantUsedTokens(scope: TenantScope) {
  return {
    /** Throws ConflictError `stale` on replay. Call it in the transaction of the token's effect. */
    async consume(tokenId: string, expiresAt: number): Promise<void> {
      await mapUniqueViolation(scope.insert("used_tokens", { token_id: tokenId, expires_at: expiresAt }), {
        token_id: () => new ConflictError("stale", "This token was used before."),
      });
    },
  };
}
