/**
 * Single sign-on: everything that the sign-in protocols share, from a connection's key to a session.
 *
 * Owns: the connection of a path (this file), pending sign-ins, the person whom an answer describes and the end of a sign-in
 * (sign-in.ts) or of a test (test-sign-in.ts), and the record of refusals (refusals.ts). A protocol room chains its own steps
 * between these:
 *   router.get(callback, findConnection(database, "oidc"), resumeLogin, requireActive, authenticate, signIn);
 *   router.use(endWithError(sealer));
 * Its steps read `ssoOf(req, "oidc")`, call `judgeSignIn(rules, facts)`, and end in finishSignIn() or endTest().
 * May import: the ground floor, trust, directory, store, web and config.
 */
import type { Request, RequestHandler } from "express";
import type { Rule } from "policy-list/policy";
import type { CompletedSignIn } from "../directory/sign-in.ts";
import { judgeSignIn, NotFoundError, type RefusalReason, RefusedError } from "../errors.ts";
import type { AssignableRole, Connection, ConnectionType, SettingsByType } from "../model.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import type { ProviderExchange } from "../trust/openid-providers.ts";

/** Connections that have their settings. */
type ConfiguredConnections = {
  [Type in ConnectionType]: Connection & { type: Type; settings: SettingsByType[Type] };
};
export type ConfiguredConnection<Type extends ConnectionType = ConnectionType> = ConfiguredConnections[Type];

/** How a sign-in ended: who it was found to be, and what it changed. */
export interface SignInDecision extends Pick<CompletedSignIn, "by" | "changed"> {
  /** The roles that a mapped claim or attribute grants; null if the connection maps none. */
  roles: readonly AssignableRole[] | null;
}

/** Shared by the steps of one request: `req.sso`. The inspector reads it once the response is sent. */
export interface SsoContext<Type extends ConnectionType = ConnectionType> {
  readonly store: TenantStore;
  readonly connection: ConfiguredConnection<Type>;
  /** The test that this sign-in is, as soon as that is known; null for a real sign-in. */
  testId: string | null;
  readonly exchanges: ProviderExchange[];
  /** Values that no record may hold: codes, verifiers, client secrets. */
  readonly secrets: string[];
  /** The directory's decision; null until it has let the person in. */
  decision: SignInDecision | null;
  /** The error that ended the sign-in; null if none did. */
  error: unknown;
}

declare module "express-serve-static-core" {
  interface Request {
    sso?: SsoContext;
  }
}

/** The context that findConnection() made, for a connection of this type. Throws if it did not run before. */
export function ssoOf<Type extends ConnectionType = ConnectionType>(
  req: Request,
  type?: Type,
): SsoContext<Type> {
  const { sso } = req;
  if (!sso) throw new Error("findConnection() has to run before this step");
  if (type !== undefined && sso.connection.type !== type)
    throw new Error(`this connection is not for ${type}`);
  return sso as SsoContext<Type>;
}

/**
 * Finds the connection that the path names, in any status. Throws NotFoundError for an unknown key, and RefusedError for a
 * connection without settings.
 */
export function findConnection(database: Database, type: ConnectionType): RequestHandler {
  return async (req, _res, next) => {
    const { store, connection } = await lookUpConnection(database, type, req.params.connection);
    if (!isConfigured(connection)) throw new RefusedError("connection-not-active");
    req.sso = { store, connection, testId: null, exchanges: [], secrets: [], decision: null, error: null };
    next();
  };
}

/** The connection with this key, with or without settings. Throws NotFoundError. */
export async function lookUpConnection<Type extends ConnectionType>(
  database: Database,
  type: Type,
  key: unknown,
): Promise<{ store: TenantStore; connection: Connection & { type: Type } }> {
  const found = await systemStore(database).connectionKeys.find(String(key), type);
  if (found?.connection.type !== type) throw new NotFoundError("There is no such connection.");
  return {
    store: forTenant(database, found.tenantId),
    connection: found.connection as Connection & { type: Type },
  };
}

function isConfigured(connection: Connection): connection is ConfiguredConnection {
  return connection.settings !== null;
}

/** Shared by all sign-in protocols. A test may run through a draft, because that is how a draft is tried out. */
export const connectionActive: Rule<Pick<SsoContext, "connection" | "testId">, RefusalReason> = {
  id: "connection-active",
  name: "The connection is active, or this is a test",
  citation: "Administrators switch a connection off to keep people out",
  reason: "connection-not-active",
  holds: ({ connection, testId }) => testId !== null || connection.status === "active",
};

/** The rules that refuse a consumed sign-in: one of the callback, and one of an accepted response. */
export const usedSignInRules = ["state-known", "arrival"] as const;
export type UsedSignInRule = (typeof usedSignInRules)[number];

/** Refuses a real sign-in through a connection that is not active. */
export const requireActive: RequestHandler = (req, _res, next) => {
  judgeSignIn([connectionActive], ssoOf(req));
  next();
};

/**
 * As requireActive, for an address at which a test may start: a test has to be under way, or RefusedError
 * `sign-in-not-started-here`.
 * @param testIdOf the id of the test that the request names; undefined if it names none.
 */
export function requireActiveOrTest(testIdOf: (req: Request) => unknown): RequestHandler {
  return async (req, _res, next) => {
    const testId = testIdOf(req);
    if (testId !== undefined && !(await useTest(req, testId)))
      throw new RefusedError("sign-in-not-started-here");
    judgeSignIn([connectionActive], ssoOf(req));
    next();
  };
}

/** Makes this sign-in a test, if `testId` names one of the connection that is under way. Returns whether it does. */
export async function useTest(req: Request, testId: unknown): Promise<boolean> {
  const sso = ssoOf(req);
  // No id contains a NUL, and PostgreSQL rejects one even in a query.
  if (typeof testId !== "string" || testId.includes("\0")) return false;
  const isTest = await sso.store.signInTests.isUnderWay(sso.connection.id, testId);
  if (isTest) sso.testId = testId;
  return isTest;
}
