import type { Request, Response } from "express";
import type { Administrator } from "../directory/administration.ts";
import { ConflictError, InvalidError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import type { ActivityEntry } from "../store/tenant/activity.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { signedIn } from "../web/guards.ts";
import { flash } from "../web/sessions.ts";

/** The store of the administrator's own tenant: there is no other way to one in this room. */
export function storeOf(req: Request, database: Database): TenantStore {
  return forTenant(database, signedIn(req).tenant.id);
}

/** What a parameter of the address says: `:user`. */
export function parameter(req: Request, name: string): string {
  return String(req.params[name]);
}

/** The administrator as the directory knows them. */
export function administrator(req: Request): Administrator {
  return { userId: signedIn(req).user.id };
}

/** What an administrator did, for the tenant's activity; record it in the transaction of the change. */
export function adminEntry(
  req: Request,
  action: string,
  targetId: string | null,
  changed: readonly string[] = [],
): ActivityEntry {
  const { id: actorId, loginName: actor } = signedIn(req).user;
  return { actorKind: "admin", actor, actorId, action, targetId, changed, requestId: req.id };
}

/** A change that an administrator asked for by a form. */
interface Change {
  entry: ActivityEntry;
  /** What is said when it is made. */
  done: string;
  /** Where the browser goes afterwards. */
  page: string;
}

/**
 * Makes a change and writes it to the tenant's activity, in one transaction, and shows how that ended. What the directory
 * does not allow is said on the same page; then nothing is changed.
 */
export async function makeChange(
  req: Request,
  res: Response,
  database: Database,
  { entry, done, page }: Change,
  work: (store: TenantStore) => Promise<unknown>,
): Promise<void> {
  try {
    await storeOf(req, database).transaction(async (inside) => {
      await work(inside);
      await inside.activity.record(entry);
    });
    await flash(req, "done", done);
  } catch (error) {
    if (!(error instanceof ConflictError || error instanceof InvalidError)) throw error;
    await flash(req, "problem", `${error.message} Nothing was changed.`);
  }
  res.redirect(303, page);
}
