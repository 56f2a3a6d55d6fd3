import type { Request } from "express";
import type { Checks } from "../checks.ts";
import { isTestUnderWay } from "../directory/sign-in-tests.ts";
import { NotFoundError, RefusedError } from "../errors.ts";
import type { Connection, OidcSettings } from "../model.ts";
import type { Recorder } from "../recording.ts";
import type { Database } from "../store/database.ts";
import type { Sealer } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import type { KeyStore } from "../trust/jwks.ts";
import type { Providers } from "./provider.ts";
import { recordTrace } from "./recording.ts";
import { Trace } from "./trace.ts";

export interface OidcDeps {
  database: Database;
  sealer: Sealer;
  baseUrl: string;
  providers: Providers;
  keys: KeyStore;
  recorder: Recorder;
}

/** What a request is about: the connection that its path names. */
export interface Visit {
  store: TenantStore;
  connection: Connection & { type: "oidc"; settings: OidcSettings };
  /** The client secret and the one from before a rotation, both sealed. */
  secrets: { current: string | null; former: string | null };
  /** The test that this sign-in is, as soon as that is known; null when it is a real one. */
  testId: string | null;
  trace: Trace;
}

/** A connection that is not active signs nobody in; that there is none at all is another matter. */
export async function visited(deps: OidcDeps, req: Request): Promise<Visit> {
  const visit = await connectionOf(deps, req);
  checkActive(visit);
  return visit;
}

/** As visited, for a sign-in that an administrator wants to look at: any connection that has its settings will do. */
export async function visitedByTest(deps: OidcDeps, req: Request, testId: string): Promise<Visit> {
  const visit = await connectionOf(deps, req);
  if (!(await isTestUnderWay(visit.store, visit.connection.id, testId)))
    throw new RefusedError("sign-in-not-started-here");
  return { ...visit, testId };
}

/** Throws NotFoundError when the key names no OIDC connection, RefusedError when its settings are missing. */
export async function connectionOf({ database, recorder }: OidcDeps, req: Request): Promise<Visit> {
  const found = await systemStore(database).connectionKeys.find(String(req.params.connection), "oidc");
  if (found?.connection.type !== "oidc") throw new NotFoundError("There is no such connection.");
  const { connection, tenantId } = found;
  if (!connection.settings) throw new RefusedError("connection-not-active");
  const store = forTenant(database, tenantId);
  const secrets = await store.connections.sealedSecrets(connection.id);
  const named = { ...connection, settings: connection.settings };
  const visit = { store, connection: named, secrets, testId: null, trace: new Trace() };
  recordTrace(recorder, visit, req);
  return visit;
}

export function checkActive({ connection, trace }: Visit): void {
  const answer: Checks = trace.answer;
  answer.demand(connection.status === "active", {
    reason: "connection-not-active",
    name: "The connection is active",
  });
}
