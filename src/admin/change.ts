import type { Request, Response } from "express";
import type { Administrator } from "../directory/administration.ts";
import type { Database } from "../store/database.ts";
import type { ActivityEntry } from "../store/tenant/activity.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { answerChange, type FormPlace } from "../web/answers.ts";
import { signedIn, storeOf } from "../web/guards.ts";

/** A parameter of the path, such as `:user`. */
export function pathParameter(req: Request, name: string): string {
  return String(req.params[name]);
}

/** The signed-in administrator, as the directory wants them. */
export function administrator(req: Request): Administrator {
  return { userId: signedIn(req).user.id };
}

/** An activity entry about something that the administrator does. Record it in the transaction of the change. */
export function adminEntry(
  req: Request,
  action: string,
  targetId: string | null,
  changed: readonly string[] = [],
): ActivityEntry {
  const { id: actorId, loginName: actor } = signedIn(req).user;
  return { actorKind: "admin", actor, actorId, action, targetId, changed, requestId: req.id };
}

/** A change that an administrator asks for with a form. */
interface FormChange extends FormPlace {
  entry: ActivityEntry;
  /** Makes the change; `store` and `joined` are those of the transaction. */
  apply(store: TenantStore, joined: Database): Promise<unknown>;
  /** The message after success. */
  done: string;
  /** The page after success, unless it is the form's. */
  donePage?: string;
}

/** Makes a change and records it in the tenant's activity, in one transaction. Answers the form (web/answers.ts). */
export async function makeChange(
  { req, res, database }: { req: Request; res: Response; database: Database },
  { entry, apply, done, donePage, ...place }: FormChange,
): Promise<void> {
  await answerChange({ req, res }, place, async () => {
    await database.transaction(async (joined) => {
      const store = storeOf(req, joined);
      await apply(store, joined);
      await store.activity.record(entry);
    });
    return donePage === undefined ? { text: done } : { text: done, page: donePage };
  });
}
