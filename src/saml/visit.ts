import type { Request, Response } from "express";
import type { Checks } from "../checks.ts";
import { isTestUnderWay } from "../directory/sign-in-tests.ts";
import { NotFoundError, RefusedError } from "../errors.ts";
import type { Connection, ExternalIdentity } from "../model.ts";
import type { Recorder } from "../recording.ts";
import type { Database } from "../store/database.ts";
import type { Sealer } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import { pendingLogins } from "../web/pending-logins.ts";
import type { SamlConnection } from "./attributes.ts";
import type { GenerateKeys } from "./keys.ts";
import { recordTrace, Trace } from "./recording.ts";

export interface SamlDeps {
  database: Database;
  sealer: Sealer;
  generateKeys: GenerateKeys;
  baseUrl: string;
  /** For metadata URLs. */
  limits: FetchLimits;
  recorder: Recorder;
}

/** What a request is about: the connection that its path names. */
export interface Visit {
  store: TenantStore;
  connection: SamlConnection;
  /** The test that this sign-in is; null when it is a real one. */
  testId: string | null;
  trace: Trace;
}

interface Found {
  store: TenantStore;
  connection: Connection & { type: "saml" };
}

/** Throws NotFoundError when the key names no SAML connection. */
export async function connectionOf({ database }: SamlDeps, req: Request): Promise<Found> {
  const found = await systemStore(database).connectionKeys.find(String(req.params.connection), "saml");
  if (found?.connection.type !== "saml") throw new NotFoundError("There is no such connection.");
  return { store: forTenant(database, found.tenantId), connection: found.connection };
}

/** As connectionOf, for a connection that signs people in. Throws RefusedError `connection-not-active`, too. */
export async function visited(deps: SamlDeps, req: Request): Promise<Visit> {
  return visitForSignIn(deps, req, await connectionOf(deps, req));
}

function visitForSignIn(deps: SamlDeps, req: Request, found: Found): Visit {
  const visit = visitOf(deps, req, found, null);
  const [reason, name] = ["connection-not-active", "The connection is active"] as const;
  if (!visit) throw new RefusedError(reason);
  const checks: Checks = visit.trace.checks;
  checks.demand(visit.connection.status === "active", { reason, name });
  return visit;
}

/**
 * As visited, for a sign-in that an administrator wants to look at: any connection that has its settings will do. Null
 * when `testId` names no test of the connection that is under way.
 */
export async function visitedByTest(deps: SamlDeps, req: Request, testId: unknown): Promise<Visit | null> {
  return await visitForTest(deps, req, await connectionOf(deps, req), testId);
}

async function visitForTest(
  deps: SamlDeps,
  req: Request,
  found: Found,
  testId: unknown,
): Promise<Visit | null> {
  const isTest =
    typeof testId === "string" && (await isTestUnderWay(found.store, found.connection.id, testId));
  return isTest ? visitOf(deps, req, found, testId) : null;
}

/** As visitedByTest where `testId` names a test that is under way, and as visited where not: a response may be either. */
export async function visitedByEither(deps: SamlDeps, req: Request, testId: unknown): Promise<Visit> {
  const found = await connectionOf(deps, req);
  return (await visitForTest(deps, req, found, testId)) ?? visitForSignIn(deps, req, found);
}

/** Null for a connection without settings. */
function visitOf(
  { recorder }: SamlDeps,
  req: Request,
  { store, connection }: Found,
  testId: string | null,
): Visit | null {
  if (!connection.settings) return null;
  const named = { ...connection, settings: connection.settings };
  const visit = { store, connection: named, testId, trace: new Trace() };
  recordTrace(recorder, visit, req);
  return visit;
}

/** What was kept when a browser left with a request of ours. */
export interface SentRequest {
  relayState: string;
  returnTo: string | null;
  sentAt: number;
}

/** What a response that passed everything proved; it waits for the browser that brought it. */
export interface Arrival {
  identity: ExternalIdentity;
  returnTo: string | null;
}

/** Requests on their way; the answer comes as a POST from the provider's site. */
export function sentRequests({ sealer, baseUrl }: SamlDeps, req: Request, res: Response) {
  const secure = baseUrl.startsWith("https:");
  return pendingLogins<SentRequest>(req, res, sealer, {
    name: "saml-request",
    byCrossSitePost: true,
    secure,
  });
}

/** Arrivals: from the ACS, which sees no session, to /finish, which does. */
export function arrivals({ sealer, baseUrl }: SamlDeps, req: Request, res: Response) {
  const secure = baseUrl.startsWith("https:");
  return pendingLogins<Arrival>(req, res, sealer, { name: "saml-arrival", byCrossSitePost: false, secure });
}
