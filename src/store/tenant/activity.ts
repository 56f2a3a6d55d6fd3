import { randomUUID } from "node:crypto";
import type { Knex } from "knex";
import type { ProductEvent } from "../../events.ts";
import { type CountKind, dayMs } from "./counts.ts";
import { queueForParts, queueForWebhooks } from "./fan-out.ts";
import type { TenantScope } from "./scope.ts";

/** An event in a tenant: who did what to whom. It has names of attributes, never a person's values of them. */
export interface ActivityEntry {
  actorKind:
    | "provisioning"
    | "universal-logout"
    | "shared-signals"
    | "admin"
    | "operator"
    | "system"
    | "sign-in"
    | "agent"
    | "person"
    | "member";
  /** The provisioning source's name and token hint, the connection's key, the agent's name, or the person's login name. */
  actor: string;
  /** The acting user's id, if a user did it, also through an agent. */
  actorId?: string | null;
  /** What happened, in the past tense: "user.created". */
  action: string;
  /** The subject of an entry of the product, from config/activity.ts. Otherwise the actor and the action decide it. */
  kind?: string;
  targetId: string | null;
  changed: readonly string[];
  /** Why it was refused: a RefusalReason or ConflictCode of errors.ts. */
  reason?: string | null;
  requestId: string | null;
}

/** An agent as the actor of an entry: its name here, and the identity provider's name of it (the claim `act`), if there is one. */
export function agentActor(name: string, act: string | null): string {
  return act === null ? name : `${name} (${act})`;
}

/** The subject of an entry. The product adds its own. */
export const activityKinds = [
  "sign-in",
  "provisioning",
  "people",
  "tokens",
  "settings",
  "universal-logout",
  "shared-signals",
  "agents",
] as const;
export type ActivityKind = (typeof activityKinds)[number];

/** A stored entry. */
export interface RecordedActivity extends Required<ActivityEntry> {
  id: string;
  at: number;
}

export interface ActivityFilter {
  kind?: string | undefined;
  /** A user's id: what they did, and what was done to them. */
  person?: string | undefined;
  /** Inclusive. */
  from?: number | undefined;
  /** Exclusive. */
  until?: number | undefined;
}

export type ActivityPosition = Pick<RecordedActivity, "at" | "id">;

/** An entry as the database has it. */
export interface ActivityRow {
  id: string;
  at: number;
  kind: string;
  actor_kind: ActivityEntry["actorKind"];
  actor: string;
  actor_id: string | null;
  action: string;
  target_id: string | null;
  changed: string;
  reason: string | null;
  request_id: string | null;
}

/** The activity of one tenant. Record an entry in the transaction of its change, so that neither exists alone. */
export function tenantActivity(scope: TenantScope, now: () => number) {
  return {
    async record(entry: ActivityEntry): Promise<void> {
      const [id, at, kind] = [randomUUID(), now(), kindOf(entry)];
      const insert = scope.insert("activity", {
        id,
        at,
        kind,
        actor_kind: entry.actorKind,
        actor: entry.actor,
        actor_id: entry.actorId ?? null,
        action: entry.action,
        target_id: entry.targetId,
        changed: JSON.stringify(entry.changed),
        reason: entry.reason ?? null,
        request_id: entry.requestId,
      });
      // In the same statement, so that tenants without webhooks pay for no other.
      const own = scope.sameTenant("webhook_endpoints", "activity");
      const listeners = scope.raw(`(select count(*) from webhook_endpoints where ${own}) as listeners`);
      const [recorded] = (await insert.returning(listeners)) as { listeners: number }[];
      if (recorded?.listeners) await queueForWebhooks(scope, { id, at, kind });
      const figures = countsOf(entry, at);
      if (figures.length > 0) await scope.addUp("day_counts", figures, ["kind", "at", "subject"], "count");
    },

    /**
     * Tells the parts of the product that handle this event, through the outbox, which keeps it until they are done. Call it
     * in the transaction of the change. It costs no statement if no part does.
     */
    async tell(event: ProductEvent): Promise<void> {
      const parts = scope.partsFor(event.name);
      if (parts.length > 0) await queueForParts(scope, now, { parts, event });
    },

    /** The entries that match a filter, newest first, after the position `after`. Reads an index, so any length is cheap. */
    async page(
      filter: ActivityFilter,
      after: ActivityPosition | null,
      limit: number,
    ): Promise<RecordedActivity[]> {
      const ranges = rangesOf(scope, filter).map((query) => {
        if (filter.from !== undefined) query.where("at", ">=", filter.from);
        if (filter.until !== undefined) query.where("at", "<", filter.until);
        if (after) query.whereRaw("(at, id) < (?, ?)", [after.at, after.id]);
        return newestFirst(query, limit).select("activity.*");
      });
      return ((await newestFirst(scope.unionAll(ranges), limit)) as ActivityRow[]).map(toActivity);
    },

    async ofIds(ids: readonly string[]): Promise<RecordedActivity[]> {
      const found = scope.rows("activity").whereIn("id", ids).select("*");
      return ((await found) as ActivityRow[]).map(toActivity);
    },

    /** The latest entries, newest first. */
    async latest(limit: number): Promise<RecordedActivity[]> {
      return ((await newestFirst(scope.rows("activity"), limit).select("*")) as ActivityRow[]).map(
        toActivity,
      );
    },
  };
}

/**
 * The figures of the day that grow with an entry (counts.ts). They are written at the end of the transaction, which then holds
 * the locks of their rows for a short time.
 */
function countsOf({ action, targetId, reason }: ActivityEntry, now: number) {
  const one = (kind: CountKind, subject: string) => ({ kind, at: now - (now % dayMs), subject, count: 1 });
  if (action === "sign_in.succeeded") return [one("sign-in", targetId ?? "")];
  if (action !== "sign_in.refused") return [];
  return [one("sign-in-refused", targetId ?? ""), one("refusal-reason", reason ?? "")];
}

const newestFirst = (query: Knex.QueryBuilder, limit: number) =>
  query.orderBy("at", "desc").orderBy("id", "desc").limit(limit);

/** Returns queries that each read one sorted range of an index. */
function rangesOf(scope: TenantScope, { kind, person }: ActivityFilter): Knex.QueryBuilder[] {
  if (person === undefined) {
    const query = scope.rows("activity");
    return [kind === undefined ? query : query.where("kind", kind)];
  }
  const about = scope.rows("activity").where("target_id", person);
  const by = scope.rows("activity").where("actor_id", person);
  by.where((other) => other.whereNull("target_id").orWhereNot("target_id", person));
  // The expression keeps the planner from using the index of kinds, which has the entries of all people.
  if (kind !== undefined) for (const query of [about, by]) query.where(scope.raw("kind || ''"), "=", kind);
  return [about, by];
}

function kindOf({ kind, actorKind, action }: ActivityEntry): string {
  const [subject = ""] = action.split(".");
  const isOfAgents = actorKind === "agent" || actorKind === "person" || ["agent", "agents"].includes(subject);
  if (isOfAgents) return "agents";
  if ((actorKind === "member" || actorKind === "operator") && kind !== undefined) return kind;
  if (actorKind !== "admin" && actorKind !== "operator" && actorKind !== "system") return actorKind;
  if (["token", "grant", "api_key"].includes(subject)) return "tokens";
  if (subject === "stream") return "shared-signals";
  return ["user", "group", "tombstone"].includes(subject) ? "people" : "settings";
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
