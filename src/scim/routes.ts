/**
 * SCIM 2.0 at /scim/v2: customers' identity providers push users and groups.
 *
 * packages/scim-server is the engine: it reads requests and writes answers. This room is its backend: who calls (this
 * file), users, groups, lists and filters over the tenant's store. One base URL serves all tenants, because
 * the token identifies the tenant. May import: the ground floor, directory, store, config and scim-server.
 */
import type { Request, Router } from "express";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { ScimBackend, ScimStore } from "scim-server/backend";
import { conflict, notFound, ScimError, tooManyRequests, unavailable } from "scim-server/errors";
import type { ScimExchange } from "scim-server/exchange";
import { scimRouter } from "scim-server/router";
import type { CallCounter } from "../directory/call-counter.ts";
import type { PasswordHasher } from "../directory/password-hash.ts";
import { type ProblemRecorder, problemRecorder } from "../directory/provisioning-problems.ts";
import { paths } from "../endpoints.ts";
import { ConflictError, InvalidError, NotFoundError, UnavailableError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { hashToken } from "../store/secrets.ts";
import { isUnavailable } from "../store/sql-errors.ts";
import { systemStore, type TokenOwner } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import type { ScimContext } from "./context.ts";
import { scimGroups } from "./groups.ts";
import { recordIgnored, recordProblem } from "./problems.ts";
import { scimSchemas } from "./schemas.ts";
import { scimUsers } from "./users.ts";

export interface ScimDeps {
  database: Database;
  /** Public origin. */
  baseUrl: string;
  passwords: PasswordHasher;
  /** How often one token may call; generous by default. */
  requestsPerMinute?: number;
  /** Counts the calls of each tenant. */
  calls: CallCounter;
  /** Sees each call once it was answered: the inspector. */
  onExchange?: (exchange: ScimExchange<TokenOwner>) => void;
}

export function scimRoutes({ database, baseUrl, calls, onExchange, ...deps }: ScimDeps): Router {
  const problems = problemRecorder(database);
  const schemas = { accept: scimSchemas("accept"), refuse: scimSchemas("refuse") };
  return scimRouter<TokenOwner>({
    baseUrl: baseUrl + paths.scim,
    schemas: schemas.refuse,
    backend: {
      ...backendOver(database, problems, deps),
      schemasOf: ({ incompletePeople }) => schemas[incompletePeople],
    },
    onError: logError,
    onExchange(exchange) {
      if (exchange.caller) calls.count(exchange.caller.tenantId, exchange.caller.source.id);
      onExchange?.(exchange);
      if (exchange.error) recordProblem(problems, exchange, exchange.error);
    },
  });
}

function backendOver(
  database: Database,
  problems: ProblemRecorder,
  { passwords, requestsPerMinute = 60_000 }: Pick<ScimDeps, "passwords" | "requestsPerMinute">,
): ScimBackend<TokenOwner> {
  return {
    authenticate: tokenAuthentication(database),
    admit: rateLimit(requestsPerMinute),
    toScimError,
    openStore(owner, req) {
      const context: ScimContext = {
        scan: (work) => database.scan((reading) => work(forTenant(reading, owner.tenantId))),
        writer: { source: owner.source, sourceConflict: owner.sourceConflict },
        record: (store, entry) =>
          store.activity.record({
            actorKind: "provisioning",
            actor: `${owner.source.name} (${owner.hint}…)`,
            requestId: req.id,
            ...entry,
          }),
        ...(owner.unknownRoles === "ignore"
          ? { onUnknownIgnored: (problem) => recordIgnored(problems, { owner, request: req }, problem) }
          : {}),
        passwordSync: owner.passwordSync,
        passwords,
        log: req.log,
      };
      return storeOver(forTenant(database, owner.tenantId), context);
    },
  };
}

function storeOver(store: TenantStore, context: ScimContext): ScimStore {
  return {
    // Most calls need one of the two.
    get users() {
      return scimUsers(store, context);
    },
    get groups() {
      return scimGroups(store, context);
    },
    transaction: (work) => store.transaction((inside) => work(storeOver(inside, context))),
  };
}

/** A token's last use is written at most this often. */
const recordUseMs = 60_000;

/**
 * Finds the owner of a provisioning token. Unknown, expired, revoked and missing tokens cost the same look-up, to avoid a
 * timing oracle.
 */
function tokenAuthentication(database: Database): (token: string) => Promise<TokenOwner | null> {
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
function rateLimit(requestsPerMinute: number): (owner: TokenOwner) => Promise<void> {
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

/** The directory's errors as SCIM answers. */
function toScimError(error: unknown): ScimError | null {
  if (error instanceof ConflictError && error.code === "owner-protected")
    return new ScimError(403, null, error.message);
  if (error instanceof ConflictError) return conflict(error.message);
  if (error instanceof NotFoundError) return notFound(error.message);
  if (error instanceof InvalidError) return new ScimError(400, "invalidValue", error.message);
  return error instanceof UnavailableError || isUnavailable(error) ? unavailable() : null;
}

function logError(error: unknown, { status, scimType, message }: ScimError, req: Request): void {
  if (status >= 500 && status !== 501) req.log.error({ err: error }, "scim.failed");
  else req.log.info({ status, scimType, reason: message }, "scim.refused");
}
