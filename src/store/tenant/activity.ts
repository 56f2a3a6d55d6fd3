import { randomUUID } from "node:crypto";
import type { TenantScope } from "./scope.ts";

/** Something that happened in a tenant: who did what to whom. Names of attributes, never their values. */
export interface ActivityEntry {
  actorKind: "provisioning" | "universal-logout" | "admin" | "operator" | "sign-in";
  /** The provisioning source's name and the token's hint, the connection's key, or the person's login name. */
  actor: string;
  /** What happened, in past tense: "user.created". */
  action: string;
  targetId: string | null;
  changed: readonly string[];
  requestId: string | null;
}

interface ActivityRow {
  at: number;
  actor_kind: ActivityEntry["actorKind"];
  actor: string;
  action: string;
  target_id: string | null;
  changed: string;
  request_id: string | null;
}

/** What happened in one tenant. Written in the transaction of the change, so that neither is there without the other. */
export function tenantActivity(scope: TenantScope, now: () => number) {
  return {
    async record(entry: ActivityEntry): Promise<void> {
      await scope.insert("activity", {
        ...{
          id: randomUUID(),
          at: now(),
          actor_kind: entry.actorKind,
          actor: entry.actor,
          action: entry.action,
        },
        ...{ target_id: entry.targetId, changed: JSON.stringify(entry.changed), request_id: entry.requestId },
      });
    },

    /** The latest entries, newest first. */
    async latest(limit: number): Promise<(ActivityEntry & { at: number })[]> {
      const query = scope.rows("activity").orderBy("at", "desc").orderBy("id").limit(limit);
      return ((await query.select("*")) as ActivityRow[]).map((row) => ({
        at: row.at,
        actorKind: row.actor_kind,
        actor: row.actor,
        action: row.action,
        targetId: row.target_id,
        changed: JSON.parse(row.changed) as string[],
        requestId: row.request_id,
      }));
    },
  };
}
