import type { Request } from "express";
import { type Editor, guestsAreFrozen } from "../directory/connections.ts";
import { NotFoundError } from "../errors.ts";
import type { Connection } from "../model.ts";
import type { SignedInPerson } from "../store/session-store.ts";
import type { ActivityEntry } from "../store/tenant/activity.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { connectionFacts } from "../trust/connection-facts.ts";
import { checkShown } from "./shown.ts";

/** Somebody at the set-up of a connection: an administrator, or the guest of a set-up link. */
export interface Visit {
  store: TenantStore;
  tenant: { name: string; slug: string };
  connection: Connection;
  /** The page's own path; its forms post below it. */
  base: string;
  /** Null for a guest. */
  person: SignedInPerson | null;
  /** What the visitor did, for the tenant's activity. */
  entry(action: string, changed?: readonly string[]): ActivityEntry;
}

/**
 * Whether the visitor may change the connection. Drafts are anybody's who sees them. One that has been switched on is an
 * owner's: whoever points it elsewhere decides who gets in as whom.
 */
export function mayEdit({ connection, person }: Pick<Visit, "connection" | "person">): boolean {
  if (connection.status === "draft") return true;
  return person?.role === "owner";
}

/** Whether the visitor is a guest who has to wait, because an owner reviews what they would change. */
export function isFrozen({ connection, person }: Pick<Visit, "connection" | "person">): boolean {
  return person === null && guestsAreFrozen(connection);
}

/** The visitor as the connection names who changed it. */
export function editorOf({ person }: Visit, req: Request): Editor {
  return {
    by: person?.user.loginName ?? "the guest of a set-up link",
    from: req.ip ?? null,
    isGuest: person === null,
  };
}

/**
 * The connection as it is now, locked until the transaction of `inside` ends, and exactly as the page of the visit showed
 * it. Throws NotFoundError, and ChangedError when it is another one.
 */
export async function lockAsShown(req: Request, { connection, base }: Visit, inside: TenantStore) {
  const now = await inside.connections.lock(connection.id);
  if (!now) throw new NotFoundError("There is no such connection.");
  checkShown(req, connectionFacts(now), base);
  return now;
}
