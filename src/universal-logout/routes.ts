/**
 * Universal Logout: Okta ends a person's sessions here (Global Token Revocation, draft-parecki-oauth-global-token-
 * revocation; Okta: "Universal Logout").
 *
 * Owns: /global-token-revocation. A call is a JWT that the customer's org signed with the key of its sign-ins, and the
 * name of a person. It acts on every active connection that the token fits, in each one's own tenant. May import: the
 * ground floor, trust, directory and store.
 */
import express, { type ErrorRequestHandler, type Request, type RequestHandler, Router } from "express";
import { Checks } from "../checks.ts";
import { revokeUserAccess } from "../directory/access.ts";
import { paths } from "../endpoints.ts";
import { ConflictError, NotFoundError, UnavailableError } from "../errors.ts";
import type { Connection } from "../model.ts";
import type { Recorder } from "../recording.ts";
import type { Database } from "../store/database.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import { hashToken } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { type Named, namedIn, recording, tokenHolds } from "./recording.ts";
import { parseSubject, type Subject, usersOf } from "./subject.ts";
import { type Claims, readClaims, type TokenVerifier } from "./token.ts";

export interface UniversalLogoutDeps {
  database: Database;
  baseUrl: string;
  /** Verifies a token with the keys of one connection. */
  verifyToken: TokenVerifier;
  recorder: Recorder;
}

/** An answer without success: the status says it all, nobody reads a body. */
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
  const { database, baseUrl, verifyToken, recorder } = deps;
  const router = Router();
  const limit = rateLimiter(database, { name: "universal-logout", points: 600, seconds: 60 });
  const audience = baseUrl + paths.globalTokenRevocation;

  /** Says who calls before anything of the body is read: a stranger learns nothing and makes us parse nothing. */
  const authenticate: RequestHandler = async (req, res, next) => {
    const retryAfter = await limit.use(req.ip ?? "");
    if (retryAfter > 0) throw new LogoutError(429, "too many calls", { "Retry-After": String(retryAfter) });
    const token = /^Bearer (\S+)$/i.exec(req.get("authorization") ?? "")?.[1];
    const claims = token === undefined ? null : readClaims(token);
    if (!token || !claims) throw unauthorized("the token is missing or cannot be read");
    const named = await namedConnections(database, claims);
    namedIn(res).push(...named);
    const fitting = await fittingConnections(named, (connection) => verifyToken(token, connection, audience));
    if (fitting.length === 0)
      throw unauthorized(["no connection accepts the token", ...problemsOf(named)].join("; "));
    const allowed = fitting.filter((one) =>
      one.checks.note("Universal Logout is switched on", one.connection.settings?.universalLogout !== false),
    );
    if (allowed.length === 0)
      throw new LogoutError(403, "universal logout is switched off for the connection");
    if (!req.is("application/json")) throw new LogoutError(415, "the body is not JSON");
    res.locals.call = { claims, allowed } satisfies Call;
    next();
  };

  router.post(
    paths.globalTokenRevocation,
    recording(recorder),
    authenticate,
    express.json({ limit: "16kb" }),
    async (req, res) => {
      const subject = parseSubject(req.body);
      if (!subject) throw new LogoutError(400, "sub_id is missing or of an unknown format");
      await revoke(req, database, res.locals.call as Call, subject);
      res.status(204).end();
    },
  );
  router.all(paths.globalTokenRevocation, () => {
    throw new LogoutError(405, "only POST is answered", { Allow: "POST" });
  });
  router.use(paths.globalTokenRevocation, answerErrors);
  return router;
}

/** An authenticated call: what its token says, and the connections that it may act on. */
interface Call {
  claims: Claims;
  allowed: Named[];
}

/** The active connections that the token says it is about. That several tenants registered one org does not matter. */
async function namedConnections(database: Database, claims: Claims): Promise<Named[]> {
  const ofApp = await systemStore(database).connectionsOfApp(claims.sub);
  return ofApp
    .filter(({ connection }) => issuersOf(connection).includes(claims.iss))
    .map((one) => ({ ...one, checks: new Checks() }));
}

/**
 * Those whose keys verify the token: each may be asked to sign out its own people only. Throws UnavailableError when
 * none fits and the keys of one could not be read; an org that is down never keeps another one's call from acting.
 */
async function fittingConnections(
  named: Named[],
  verify: (connection: Connection) => Promise<string | null>,
): Promise<Named[]> {
  const fitting: Named[] = [];
  let outage: UnavailableError | null = null;
  for (const one of named) {
    try {
      const problem = await verify(one.connection);
      if (one.checks.note(tokenHolds, problem === null, problem)) fitting.push(one);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      one.checks.note(tokenHolds, false, error.message);
      outage = error;
    }
  }
  if (outage && fitting.length === 0) throw outage;
  return fitting;
}

/** What is wrong with the token, for the log. */
function problemsOf(named: Named[]): Set<string> {
  return new Set(named.flatMap(({ checks }) => checks.results.flatMap(({ detail }) => detail ?? [])));
}

function issuersOf({ settings }: Connection): (string | null | undefined)[] {
  if (!settings) return [];
  return "issuer" in settings ? [settings.issuer, settings.issuerAlias] : [settings.orgUrl];
}

const somebodyIsKnown = "Somebody is known by that name";

/** Acts in each connection's tenant. A connection where the token was used before is passed over. */
async function revoke(req: Request, database: Database, { claims, allowed }: Call, subject: Subject) {
  let revoked = 0;
  let replays = 0;
  for (const one of allowed) {
    const { tenantId, connection } = one;
    try {
      revoked += await forTenant(database, tenantId).transaction((store) =>
        revokeIn(req, store, connection, claims, subject),
      );
      one.checks.note(somebodyIsKnown, true);
    } catch (error) {
      const isReplay = error instanceof ConflictError;
      if (!isReplay && !(error instanceof NotFoundError)) throw error;
      if (isReplay) replays += 1;
      one.checks.note(isReplay ? "The token was not used before" : somebodyIsKnown, false);
    }
  }
  if (revoked > 0) return;
  if (replays > 0) throw unauthorized("the token was used before");
  throw new LogoutError(404, "nobody is known by that name");
}

/** The token's id is used up in the transaction that it causes: a replay does nothing, a failure (nobody found) does not use it up. */
async function revokeIn(
  req: Request,
  store: TenantStore,
  connection: Connection,
  claims: Claims,
  subject: Subject,
) {
  await store.usedTokens.consume(hashToken(`${connection.id}/${claims.jti}`), claims.exp * 1000 + 60_000);
  const userIds = await usersOf(store, connection, subject);
  if (userIds.length === 0) throw new NotFoundError("Nobody is known by that name.");
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
  return userIds.length;
}

function unauthorized(reason: string): LogoutError {
  return new LogoutError(401, reason, { "WWW-Authenticate": "Bearer" });
}

const answerErrors: ErrorRequestHandler = (error: unknown, req, res, next) => {
  if (error instanceof LogoutError) {
    res.locals.refusal = error.message;
    req.log.warn({ status: error.status, reason: error.message }, "universal_logout.refused");
    res.set(error.headers).status(error.status).end();
    return;
  }
  if (error instanceof UnavailableError) {
    req.log.warn({ status: 503, err: error }, "universal_logout.unavailable");
    res.set("Retry-After", "30").status(503).end();
    return;
  }
  // express.json() could not read the body.
  const status = (error as { status?: unknown } | null)?.status;
  if (typeof status === "number" && status >= 400 && status < 500) {
    res.status(status).end();
    return;
  }
  next(error);
};
