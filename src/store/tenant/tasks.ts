import type { Knex } from "knex";
import { NotFoundError } from "../../errors.ts";
import type { TenantScope } from "./scope.ts";

interface TaskPerson {
  id: string;
  loginName: string;
  /** The display name, or else the login name. */
  name: string;
}

/** The author and the time of a change. */
export interface TaskAct {
  at: number;
  /** Null if the person is gone. */
  person: TaskPerson | null;
  /** The name of the agent that acted for the person; null if they acted in a browser. */
  agent: string | null;
}

export interface Task {
  id: string;
  title: string;
  completedAt: number | null;
  assignee: (TaskPerson & { active: boolean }) | null;
  created: TaskAct;
  changed: TaskAct;
  /** Increases with every change of the task. */
  version: number;
}

/** The person who changes a task, and the name of their agent. Null for the operator's seed. */
export type TaskAuthor = { userId: string; agent: string | null } | null;

export interface TaskFilter {
  state: "open" | "done" | "any";
  /** A user's id. `unassigned` also finds tasks of deactivated and blocked people. */
  assignee: string | "anyone" | "unassigned";
}

export interface TaskPosition {
  createdAt: number;
  id: string;
}

/** The sample product's rows: the first thing that a fork replaces. */
export function tenantTasks(scope: TenantScope, now: () => number) {
  const one = (id: string) => scope.rows("tasks").where("tasks.id", id);

  function withPeople() {
    const query = scope.rows("tasks");
    scope.leftJoin(query, "task_assignments", "task_id", "tasks.id");
    scope.leftJoin(query, "users", "id", "task_assignments.user_id");
    scope.leftJoin(query, "users as creators", "id", "tasks.created_by");
    return scope.leftJoin(query, "users as changers", "id", "tasks.changed_by");
  }

  /** Throws NotFoundError. */
  async function change(id: string, by: TaskAuthor, columns = {}): Promise<void> {
    const author = { changed_at: now(), changed_by: by?.userId ?? null, changed_agent: by?.agent ?? null };
    const changed = await one(id).update({ ...columns, ...author, version: scope.increment("version", 1) });
    if ((changed as number) === 0) throw new NotFoundError("There is no such task.");
  }

  return {
    async create(id: string, title: string, by: TaskAuthor = null): Promise<void> {
      const [createdBy, agent] = [by?.userId ?? null, by?.agent ?? null];
      await scope.insert("tasks", {
        id,
        title,
        created_at: now(),
        created_by: createdBy,
        created_agent: agent,
      });
    },

    /** Newest first, at most `limit`, after the position `after`. Reads an index, so any length is cheap. */
    async list(filter: TaskFilter, limit: number, after: TaskPosition | null = null): Promise<Task[]> {
      const query = withPeople().limit(limit).orderBy("tasks.created_at", "desc").orderBy("tasks.id", "desc");
      if (after) query.whereRaw("(tasks.created_at, tasks.id) < (?, ?)", [after.createdAt, after.id]);
      narrow(query, filter);
      return ((await query.select(taskColumns)) as TaskRow[]).map(toTask);
    },

    /** Throws NotFoundError. */
    async get(id: string): Promise<Task> {
      const row = await withPeople().where("tasks.id", id).first(taskColumns);
      if (!row) throw new NotFoundError("There is no such task.");
      return toTask(row as TaskRow);
    },

    /** Those that exist, in any order. */
    async ofIds(ids: readonly string[]): Promise<Task[]> {
      return ((await withPeople().whereIn("tasks.id", ids).select(taskColumns)) as TaskRow[]).map(toTask);
    },

    /** Keeps other transactions from changing the task until this one ends. */
    async lock(id: string): Promise<void> {
      await one(id).forUpdate().first("id");
    },

    /** null unassigns. Throws NotFoundError, or a foreign key violation if the user does not exist. */
    async assign(id: string, userId: string | null, by: TaskAuthor = null): Promise<void> {
      await change(id, by);
      if (userId === null) await scope.rows("task_assignments").where("task_id", id).delete();
      else await scope.upsert("task_assignments", { task_id: id, user_id: userId }, ["task_id"]);
    },

    /** Throws NotFoundError. */
    async setCompleted(id: string, completed: boolean, by: TaskAuthor = null): Promise<void> {
      await change(id, by, { completed_at: completed ? now() : null });
    },

    /** Throws NotFoundError. */
    async remove(id: string): Promise<void> {
      if (((await one(id).delete()) as number) === 0) throw new NotFoundError("There is no such task.");
    },
  };
}

function narrow(query: Knex.QueryBuilder, { state, assignee }: TaskFilter): void {
  if (state === "open") query.whereNull("tasks.completed_at");
  if (state === "done") query.whereNotNull("tasks.completed_at");
  if (assignee === "unassigned") {
    query.where((either) =>
      either.whereNull("users.id").orWhere("users.active", false).orWhere("users.blocked", true),
    );
  } else if (assignee !== "anyone") query.where("task_assignments.user_id", assignee);
}

const ofTask = ["id", "title", "created_at", "completed_at", "created_agent", "changed_agent", "changed_at"];
const ofPeople = { users: "assignee", creators: "creator", changers: "changer" } as const;
const taskColumns = [
  ...[...ofTask, "version"].map((column) => `tasks.${column}`),
  ...Object.entries(ofPeople).flatMap(([table, as]) =>
    ["id", "login_name", "display_name"].map((column) => `${table}.${column} as ${as}_${column}`),
  ),
  "users.active as assignee_active",
  "users.blocked as assignee_blocked",
];

type PersonColumns<As extends string> = {
  [Column in `${As}_${"id" | "login_name" | "display_name"}`]: string | null;
};

interface TaskRow extends PersonColumns<(typeof ofPeople)[keyof typeof ofPeople]> {
  id: string;
  title: string;
  created_at: number;
  created_agent: string | null;
  completed_at: number | null;
  changed_at: number | null;
  changed_agent: string | null;
  version: number;
  assignee_active: number | boolean | null;
  assignee_blocked: number | boolean | null;
}

function toTask(row: TaskRow): Task {
  const assignee = personOf(row, "assignee");
  const active = Boolean(row.assignee_active) && !row.assignee_blocked;
  const created = { at: row.created_at, person: personOf(row, "creator"), agent: row.created_agent };
  const { changed_at: changedAt, changed_agent: agent } = row;
  return {
    id: row.id,
    title: row.title,
    completedAt: row.completed_at,
    assignee: assignee && { ...assignee, active },
    created,
    changed: changedAt === null ? created : { at: changedAt, person: personOf(row, "changer"), agent },
    version: row.version,
  };
}

function personOf(row: TaskRow, as: (typeof ofPeople)[keyof typeof ofPeople]): TaskPerson | null {
  const [id, loginName] = [row[`${as}_id`], row[`${as}_login_name`]];
  if (id === null || loginName === null) return null;
  return { id, loginName, name: row[`${as}_display_name`] ?? loginName };
}
