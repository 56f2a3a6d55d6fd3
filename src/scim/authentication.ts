import type { RequestHandler } from "express";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { ProblemRecorder } from "../directory/provisioning-problems.ts";
import type { Database } from "../store/database.ts";
import { hashToken } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import type { TokenOwner } from "../store/token-owners.ts";
import { ScimError } from "./errors.ts";

declare module "express-serve-static-core" {
  interface Request {
    /** Whose provisioning token the request carries; set on every SCIM request. */
    tokenOwner?: TokenOwner;
  }
}

/** A token's last use is written at most this often. */
const recordUseMs = 60_000;

/**
 * Finds out who calls, before the body is read: a stranger does not get us to parse anything. The token is taken as
 * `Bearer <token>` and raw, which is Okta's "Header" mode. Unknown, expired, revoked and missing tokens are looked up
 * alike, so that the time tells nothing.
 */
export function authentication(database: Database, problems: ProblemRecorder): RequestHandler {
  const { tokens } = systemStore(database);
  return async (req, res, next) => {
    const token = (req.get("authorization") ?? "").replace(/^bearer /i, "").trim();
    const tokenHash = hashToken(token);
    const owner = await tokens.owner(tokenHash);
    if (!owner) {
      res.once("finish", () => {
        problems
          .recordDeadToken(tokenHash, req.id)
          .catch((error: unknown) => req.log.warn({ err: error }, "provisioning_problem.not_recorded"));
      });
      res.set("WWW-Authenticate", 'Bearer realm="scim"');
      throw new ScimError(
        401,
        null,
        "Authentication failed: the provisioning token is missing or not valid.",
      );
    }
    if (Date.now() - (owner.lastUsedAt ?? 0) > recordUseMs) {
      await forTenant(database, owner.tenantId).tokens.recordUse(owner.tokenId);
    }
    req.tokenOwner = owner;
    next();
  };
}

/**
 * How often one token may call. Counted by each process for itself: a limit must not cost a write per call. Okta waits
 * for as many whole seconds as Retry-After says, and five minutes when it says something else.
 */
export function rateLimit(requestsPerMinute: number): RequestHandler {
  const limiter = new RateLimiterMemory({ points: requestsPerMinute, duration: 60 });
  return async (req, res, next) => {
    try {
      await limiter.consume(req.tokenOwner?.tokenId ?? "");
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      const seconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
      res.set("Retry-After", String(seconds));
      throw new ScimError(429, null, `Rate limit exceeded, retry in ${seconds} seconds.`);
    }
    next();
  };
}
