import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { tooManyRequests } from "scim-server/errors";
import type { Database } from "../store/database.ts";
import { hashToken } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import type { TokenOwner } from "../store/token-owners.ts";

/** A token's last use is written at most this often. */
const recordUseMs = 60_000;

/**
 * Finds the owner of a provisioning token. Unknown, expired, revoked and missing tokens cost the same look-up, to avoid a
 * timing oracle.
 */
export function tokenAuthentication(database: Database): (token: string) => Promise<TokenOwner | null> {
  const { tokens } = systemStore(database);
  return async (token) => {
    const owner = await tokens.owner(hashToken(token));
    if (owner && Date.now() - (owner.lastUsedAt ?? 0) > recordUseMs) {
      await forTenant(database, owner.tenantId).tokens.recordUse(owner.tokenId);
    }
    return owner;
  };
}

/**
 * Limits how often one token may call. Each process counts for itself: a limit must not cost a write per call. Okta waits
 * as many whole seconds as Retry-After says, and five minutes for anything else.
 */
export function rateLimit(requestsPerMinute: number): (owner: TokenOwner) => Promise<void> {
  const limiter = new RateLimiterMemory({ points: requestsPerMinute, duration: 60 });
  return async ({ tokenId }) => {
    try {
      await limiter.consume(tokenId);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw tooManyRequests(Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)));
    }
  };
}
