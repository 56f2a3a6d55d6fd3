/**
 * Universal Logout: Okta ends a person's sessions here (Global Token Revocation, draft-parecki-oauth-global-token-
 * revocation; Okta: "Universal Logout").
 *
 * Owns: /global-token-revocation. A call has a JWT that the customer's org signed with the key of its sign-ins, and the
 * name of a person. It acts on every active connection that accepts the token, each in its own tenant. policy.ts has the
 * rules. May import: the ground floor, trust, directory, store and sso.
 */
import express, { type ErrorRequestHandler, type Request, type RequestHandler, Router } from "express";
import { judge, type Rule, RuleBrokenError } from "policy-list/policy";
import { revokeUserAccess } from "../directory/access.ts";
import { paths } from "../endpoints.ts";
import { type BrokenRule, brokenRuleIn, UnavailableError } from "../errors.ts";
import type { Connection } from "../model.ts";
import { parserStatus } from "../parser-errors.ts";
import { isOrg, type Subject, usersOf } from "../sso/subjects.ts";
import type { Database } from "../store/database.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import { hashToken } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import {
  bearerRules,
  contentRules,
  permissionRules,
  personRules,
  type RevocationRefusal,
  replayRules,
  subjectRules,
  tokenRules,
} from "./policy.ts";
import { parseSubject } from "./subject.ts";
import { type RevocationClaims, readClaims, type TokenVerifier } from "./token.ts";

export interface UniversalLogoutDeps {
  database: Database;
  baseUrl: string;
  /** Verifies a token with the keys of one connection. */
  verifyToken: TokenVerifier;
}

/** A connection that the token names, and the rule that the call broke there; null while it broke none. */
export interface NamedConnection {
  tenantId: string;
  connection: Connection;
  broken: BrokenRule | null;
}

/** Shared by the steps of a call: `req.revocation`. The inspector reads it once the response is sent. */
interface RevocationContext {
  claims: RevocationClaims;
  named: NamedConnection[];
  /** Those that accept the token and allow the call: it may act on them. */
  allowed: NamedConnection[];
  /** The error that ended the call for every connection; null if none did. */
  error: unknown;
}

declare module "express-serve-static-core" {
  interface Request {
    revocation?: RevocationContext;
  }
}

/** The status of each refusal. There is no body, because Okta does not read it. */
const statusOf: Record<RevocationRefusal, number> = {
  unauthorized: 401,
  "keys-unavailable": 503,
  "switched-off": 403,
  "not-json": 415,
  "no-subject": 400,
  "unknown-person": 404,
};

/** A refusal that no single rule explains. */
class LogoutError extends Error {
  override name = "LogoutError";
  readonly status: number;
  readonly headers: Record<string, string>;
  constructor(status: number, reason: string, headers: Record<string, string> = {}) {
    super(reason);
    this.status = status;
    this.headers = headers;
  }
}

export function universalLogoutRoutes(deps: UniversalLogoutDeps): Router {
  const { database, baseUrl, verifyToken } = deps;
  const path = paths.globalTokenRevocation;
  const limit = rateLimiter(database, { name: "universal-logout", points: 600, seconds: 60 });

  const limitCalls: RequestHandler = async (req, _res, next) => {
    const retryAfter = await limit.use(req.network);
    if (retryAfter > 0) throw new LogoutError(429, "too many calls", { "Retry-After": String(retryAfter) });
    next();
  };

  /** Finds the connections whose org signed the token. It runs before the body is parsed: a stranger makes us parse nothing. */
  const authenticate: RequestHandler = async (req, _res, next) => {
    const token = /^Bearer (\S+)$/i.exec(req.get("authorization") ?? "")?.[1] ?? "";
    const claims = readClaims(token);
    judge(bearerRules, { claims });
    // The rule demands claims.
    const named = await namedConnections(database, claims as RevocationClaims);
    req.revocation = { claims: claims as RevocationClaims, named, allowed: [], error: null };
    const verify = (connection: Connection) => verifyToken(token, connection, baseUrl + path);
    req.revocation.allowed = await acceptingConnections(named, verify);
    next();
  };

  const revoke: RequestHandler = async (req, res) => {
    const subject = parseSubject(req.body);
    judge(subjectRules, { subject });
    await revokeEverywhere(req, database, subject as Subject);
    res.status(204).end();
  };

  const router = Router();
  const parseJson = express.json({ limit: "16kb" });
  router.post(path, limitCalls, authenticate, requirePermission, requireJson, parseJson, revoke);
  router.all(path, () => {
    throw new LogoutError(405, "only POST is answered", { Allow: "POST" });
  });
  router.use(path, answerErrors);
  return router;
}

/** Passes over connections for which an administrator has switched Universal Logout off. */
const requirePermission: RequestHandler = (req, _res, next) => {
  const call = callOf(req);
  const [first] = call.allowed;
  call.allowed = call.allowed.filter((one) => holdsFor(one, permissionRules, { isOn: isOnFor(one) }));
  if (first && call.allowed.length === 0) judge(permissionRules, { isOn: isOnFor(first) });
  next();
};

function isOnFor({ connection }: NamedConnection): boolean {
  return connection.settings?.universalLogout !== false;
}

const requireJson: RequestHandler = (req, _res, next) => {
  judge(contentRules, { isJson: isJson(req.get("content-type") ?? "") });
  // The parser would refuse other spellings of UTF-8, and skip a body without a type.
  req.headers["content-type"] = "application/json";
  next();
};

/** JSON in UTF-8, by any of its names. A client that says nothing means it: nothing else is read here. */
function isJson(header: string): boolean {
  const [type = "", ...parameters] = header
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const charsets = parameters.flatMap((one) => /^charset\s*=\s*"?([^"]*)"?$/.exec(one)?.[1] ?? []);
  const isUtf8 = charsets.every((name) => ["utf-8", "utf8", "us-ascii"].includes(name));
  return isUtf8 && ["", "application/json"].includes(type);
}

function callOf({ revocation }: Request): RevocationContext {
  if (!revocation) throw new Error("the call has to be authenticated before this step");
  return revocation;
}

/** Judges one of several connections: a rule that is broken there does not end the call for the others. */
function holdsFor<Facts>(one: NamedConnection, rules: readonly Rule<Facts>[], facts: Facts): boolean {
  try {
    judge(rules, facts);
    return true;
  } catch (error) {
    one.broken = brokenRuleIn(error);
    if (!one.broken) throw error;
    return false;
  }
}

/** The active connections of the token's application and issuer. Several tenants may have registered one org. */
async function namedConnections(database: Database, claims: RevocationClaims): Promise<NamedConnection[]> {
  const ofApplication = await systemStore(database).connectionsOfApp(claims.sub);
  return ofApplication
    .filter(({ connection }) => isOrg(connection, claims.iss))
    .map((one) => ({ ...one, broken: null }));
}

/**
 * The connections whose keys verify the token. Throws LogoutError if there is none, and UnavailableError if there is none
 * because keys could not be read: an org that is down never blocks another one's call.
 */
async function acceptingConnections(
  named: NamedConnection[],
  verify: (connection: Connection) => ReturnType<TokenVerifier>,
): Promise<NamedConnection[]> {
  const accepting: NamedConnection[] = [];
  let outage: UnavailableError | null = null;
  for (const one of named) {
    const finding = await verify(one.connection).catch((error: unknown) => {
      if (!(error instanceof UnavailableError)) throw error;
      outage = error;
      return { ruleId: "keys-available", found: error.message };
    });
    if (holdsFor(one, tokenRules, { finding })) accepting.push(one);
  }
  if (accepting.length > 0) return accepting;
  if (outage) throw outage;
  const problems = new Set(named.flatMap(({ broken }) => broken?.found ?? []));
  throw unauthorized(["no connection accepts the token", ...problems].join("; "));
}

/** Acts in each connection's tenant. Throws RuleBrokenError if it could act in none; a replay is then the first reason. */
async function revokeEverywhere(req: Request, database: Database, subject: Subject): Promise<void> {
  const refusals: RuleBrokenError[] = [];
  const { allowed } = callOf(req);
  for (const one of allowed) {
    try {
      await forTenant(database, one.tenantId).transaction((store) => revokeIn(req, store, one, subject));
    } catch (error) {
      if (!(error instanceof RuleBrokenError)) throw error;
      one.broken = brokenRuleIn(error);
      refusals.push(error);
    }
  }
  const [refusal] = refusals;
  if (refusal && refusals.length === allowed.length)
    throw refusals.find(({ rule }) => rule.reason === "unauthorized") ?? refusal;
}

/** How long a token can be accepted at most: until 15 minutes after its issue, on clocks that differ by a minute. */
const longestUseMs = 20 * 60_000;

/** Consumes the token's id in the same transaction: a replay does nothing, and a call that finds no one rolls back. */
async function revokeIn(
  req: Request,
  store: TenantStore,
  { connection }: NamedConnection,
  subject: Subject,
): Promise<void> {
  const { jti, exp } = callOf(req).claims;
  const tokenId = hashToken(`${connection.id}/${jti}`);
  // A token can name any end, but it is too old long before (token-fresh).
  const end = Math.ceil(Math.min(exp * 1000 + 60_000, Date.now() + longestUseMs));
  const isNew = await store.usedTokens.consume(tokenId, end);
  judge(replayRules, { isNew });
  const userIds = await usersOf(store, connection, subject);
  judge(personRules, { userIds });
  for (const userId of userIds) {
    await revokeUserAccess(store, userId);
    await store.activity.record({
      actorKind: "universal-logout",
      actor: connection.key,
      action: "user.signed_out",
      targetId: userId,
      changed: [],
      requestId: req.id,
    });
  }
  req.log.info(
    { tenantId: store.tenantId, connectionId: connection.id, users: userIds.length },
    "universal_logout.done",
  );
}

function unauthorized(reason: string): LogoutError {
  return new LogoutError(401, reason, { "WWW-Authenticate": "Bearer" });
}

/** A broken rule ends in the status of its refusal. */
function asLogoutError(error: unknown): unknown {
  if (!(error instanceof RuleBrokenError)) return error;
  const { rule, message } = error as RuleBrokenError<RevocationRefusal>;
  const status = statusOf[rule.reason];
  return status === 401 ? unauthorized(message) : new LogoutError(status, message);
}

const answerErrors: ErrorRequestHandler = (thrown: unknown, req, res, next) => {
  if (req.revocation) req.revocation.error = thrown;
  const error = asLogoutError(thrown);
  if (error instanceof LogoutError) {
    req.log.warn({ status: error.status, reason: error.message }, "universal_logout.refused");
    res.set(error.headers).status(error.status).end();
    return;
  }
  if (error instanceof UnavailableError) {
    req.log.warn({ status: 503, err: error }, "universal_logout.unavailable");
    res.set("Retry-After", "30").status(503).end();
    return;
  }
  const status = parserStatus(error);
  if (status === null) return next(error);
  res.status(status).end();
};
