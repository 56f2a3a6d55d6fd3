import type { Request } from "express";
import type { Database } from "../store/database.ts";
import type { ActivityEntry } from "../store/tenant/activity.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { signedIn } from "../web/guards.ts";

/** The store of the administrator's own tenant: there is no other way to one in this room. */
export function storeOf(req: Request, database: Database): TenantStore {
  return forTenant(database, signedIn(req).tenant.id);
}

/** What an administrator did, for the tenant's activity; record it in the transaction of the change. */
export function adminEntry(
  req: Request,
  action: string,
  targetId: string | null,
  changed: readonly string[] = [],
): ActivityEntry {
  const { loginName: actor } = signedIn(req).user;
  return { actorKind: "admin", actor, action, targetId, changed, requestId: req.id };
}
