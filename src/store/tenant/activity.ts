import { randomUUID } from "node:crypto";
import type { Knex } from "knex";
import type { TenantScope } from "./scope.ts";

/** Something that happened in a tenant: who did what to whom. Names of attributes, never their values. */
export interface ActivityEntry {
  actorKind: "provisioning" | "universal-logout" | "admin" | "operator" | "sign-in";
  /** The provisioning source's name and the token's hint, the connection's key, or the person's login name. */
  actor: string;
  /** Id of the user who did it, where it was one. */
  actorId?: string | null;
  /** What happened, in past tense: "user.created". */
  action: string;
  targetId: string | null;
  changed: readonly string[];
  /** Why it was refused, as one of errors.ts says it. */
  reason?: string | null;
  requestId: string | null;
}

/** What an entry is about. */
export const activityKinds = [
  ...["sign-in", "provisioning", "people", "tokens", "settings", "universal-logout"],
] as const;
export type ActivityKind = (typeof activityKinds)[number];

/** An entry as it is read: a position of its own in the list. */
export interface RecordedActivity extends Required<ActivityEntry> {
  id: string;
  at: number;
  kind: ActivityKind;
}

export interface ActivityFilter {
  kind?: ActivityKind | undefined;
  /** Id of a user: what they did, and what was done to them. */
  person?: string | undefined;
  /** From this time on, and before that one. */
  from?: number | undefined;
  until?: number | undefined;
}

export type ActivityPosition = Pick<RecordedActivity, "at" | "id">;

interface ActivityRow {
  id: string;
  at: number;
  kind: ActivityKind;
  actor_kind: ActivityEntry["actorKind"];
  actor: string;
  actor_id: string | null;
  action: string;
  target_id: string | null;
  changed: string;
  reason: string | null;
  request_id: string | null;
}

/** What happened in one tenant. Written in the transaction of the change, so that neither is there without the other. */
export function tenantActivity(scope: TenantScope, now: () => number) {
  return {
    async record(entry: ActivityEntry): Promise<void> {
      await scope.insert("activity", {
        id: randomUUID(),
        at: now(),
        kind: kindOf(entry),
        actor_kind: entry.actorKind,
        actor: entry.actor,
        actor_id: entry.actorId ?? null,
        action: entry.action,
        target_id: entry.targetId,
        changed: JSON.stringify(entry.changed),
        reason: entry.reason ?? null,
        request_id: entry.requestId,
      });
    },

    /** Entries that fit a filter, newest first, behind `after`: read from an index, however many there are. */
    async page(
      filter: ActivityFilter,
      after: ActivityPosition | null,
      limit: number,
    ): Promise<RecordedActivity[]> {
      const stretches = stretchesOf(scope, filter).map((query) => {
        if (filter.from !== undefined) query.where("at", ">=", filter.from);
        if (filter.until !== undefined) query.where("at", "<", filter.until);
        if (after) query.whereRaw("(at, id) < (?, ?)", [after.at, after.id]);
        return newestFirst(query, limit).select("activity.*");
      });
      return ((await newestFirst(scope.unionAll(stretches), limit)) as ActivityRow[]).map(toActivity);
    },

    /** The latest entries, newest first. */
    async latest(limit: number): Promise<RecordedActivity[]> {
      return ((await newestFirst(scope.rows("activity"), limit).select("*")) as ActivityRow[]).map(
        toActivity,
      );
    },
  };
}

const newestFirst = (query: Knex.QueryBuilder, limit: number) =>
  query.orderBy("at", "desc").orderBy("id", "desc").limit(limit);

/** Each is one stretch of an index, in order already. */
function stretchesOf(scope: TenantScope, { kind, person }: ActivityFilter): Knex.QueryBuilder[] {
  if (person === undefined) {
    const query = scope.rows("activity");
    return [kind === undefined ? query : query.where("kind", kind)];
  }
  const about = scope.rows("activity").where("target_id", person);
  const by = scope.rows("activity").where("actor_id", person);
  by.where((other) => other.whereNull("target_id").orWhereNot("target_id", person));
  // Not as a column: the planner would take the index of kinds, and go through everybody's.
  if (kind !== undefined) for (const query of [about, by]) query.where(scope.raw("kind || ''"), "=", kind);
  return [about, by];
}

function kindOf({ actorKind, action }: ActivityEntry): ActivityKind {
  if (actorKind !== "admin" && actorKind !== "operator") return actorKind;
  const [subject] = action.split(".");
  if (subject === "token") return "tokens";
  return ["user", "group", "tombstone"].includes(subject ?? "") ? "people" : "settings";
}

function toActivity(row: ActivityRow): RecordedActivity {
  return {
    id: row.id,
    at: row.at,
    kind: row.kind,
    actorKind: row.actor_kind,
    actor: row.actor,
    actorId: row.actor_id,
    action: row.action,
    targetId: row.target_id,
    changed: JSON.parse(row.changed) as string[],
    reason: row.reason,
    requestId: row.request_id,
  };
}
