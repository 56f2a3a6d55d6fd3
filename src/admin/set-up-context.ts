import type { Request } from "express";
import { type Editor, guestsAreFrozen } from "../directory/connections.ts";
import { paths } from "../endpoints.ts";
import { NotFoundError, RefusedError } from "../errors.ts";
import type { Connection } from "../model.ts";
import type { Database } from "../store/database.ts";
import { hashToken } from "../store/secrets.ts";
import type { SignedInPerson } from "../store/session-store.ts";
import { systemStore } from "../store/system-store.ts";
import type { ActivityEntry } from "../store/tenant/activity.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { connectionFacts } from "../trust/connection-facts.ts";
import { signedIn, storeOf } from "../web/guards.ts";
import { adminEntry, pathParameter } from "./change.ts";
import { checkShown } from "./shown.ts";

/** A request for the set-up of a connection, by an administrator or by the guest of a set-up link. */
export interface SetUpContext {
  store: TenantStore;
  tenant: { name: string; slug: string };
  connection: Connection;
  /** The path of the page; its forms post to paths below it. */
  base: string;
  /** Null for a guest. */
  person: SignedInPerson | null;
  /** An activity entry about something that the person or the guest does. */
  entry(action: string, changed?: readonly string[]): ActivityEntry;
}

/** Throws NotFoundError if the administrator's tenant does not have the connection. */
export async function adminContext(database: Database, req: Request): Promise<SetUpContext> {
  const store = storeOf(req, database);
  const person = signedIn(req);
  const connection = await store.connections.byId(pathParameter(req, "connection"));
  if (!connection) throw new NotFoundError("There is no such connection.");
  return {
    store,
    person,
    tenant: person.tenant,
    connection,
    base: paths.admin.connection(connection.id),
    entry: (action, changed) => adminEntry(req, action, connection.id, changed),
  };
}

/** Throws RefusedError `link-not-valid`, also if the connection is no longer a draft. */
export async function guestContext(database: Database, req: Request): Promise<SetUpContext> {
  const token = pathParameter(req, "token");
  const system = systemStore(database);
  const link = await system.links.peek(hashToken(token));
  if (link?.purpose.kind !== "set-up-connection") throw new RefusedError("link-not-valid");
  const store = forTenant(database, link.tenantId);
  const connection = await store.connections.byId(link.purpose.connectionId);
  const tenant = await system.tenants.byId(link.tenantId);
  if (connection?.status !== "draft" || !tenant) throw new RefusedError("link-not-valid");
  const guest = { actorKind: "admin", actor: "set-up link", targetId: connection.id } as const;
  return {
    store,
    person: null,
    tenant,
    connection,
    base: paths.setup(token),
    entry: (action, changed = []) => ({ ...guest, action, changed, requestId: req.id }),
  };
}

/**
 * Whether the person or guest may change the connection. Everyone who sees a draft may change it. Once a connection has
 * been switched on, only owners may: its settings decide who can sign in as whom.
 */
export function mayEdit({ connection, person }: Pick<SetUpContext, "connection" | "person">): boolean {
  return connection.status === "draft" || person?.role === "owner";
}

/** Whether this is a guest who has to wait, because an owner is reviewing the settings. */
export function isFrozen({ connection, person }: Pick<SetUpContext, "connection" | "person">): boolean {
  return person === null && guestsAreFrozen(connection);
}

/** The person or guest as a connection's editor. */
export function editorOf({ person }: SetUpContext, req: Request): Editor {
  return {
    by: person?.user.loginName ?? "the guest of a set-up link",
    from: req.ip ?? null,
    isGuest: person === null,
  };
}

/**
 * Locks the connection until the transaction of `store` ends, and compares it with the page that the form came from.
 * Throws NotFoundError, or ChangedError if it differs.
 * @param check of the locked connection, before the comparison.
 */
export async function lockAsShown(
  req: Request,
  { connection, base }: SetUpContext,
  store: TenantStore,
  check: (now: Connection) => void = () => undefined,
): Promise<Connection> {
  const now = await store.connections.lock(connection.id);
  if (!now) throw new NotFoundError("There is no such connection.");
  check(now);
  checkShown(req, connectionFacts(now), base);
  return now;
}
