import { NotFoundError } from "../../errors.ts";
import type { TenantScope } from "./scope.ts";

export interface Task {
  id: string;
  title: string;
  createdAt: number;
  completedAt: number | null;
  assignee: { id: string; name: string; active: boolean } | null;
}

interface TaskRow {
  id: string;
  title: string;
  created_at: number;
  completed_at: number | null;
  user_id: string | null;
  display_name: string | null;
  login_name: string | null;
  active: number | boolean | null;
  blocked: number | boolean | null;
}

export interface TaskFilter {
  state: "open" | "done";
  /** A user's id. `unassigned` also finds tasks of deactivated and blocked people. */
  assignee: string | "anyone" | "unassigned";
}

/** The sample product's rows: the first thing that a fork replaces. */
export function tenantTasks(scope: TenantScope, now: () => number) {
  const one = (id: string) => scope.rows("tasks").where("tasks.id", id);

  function withAssignee() {
    const query = scope.rows("tasks");
    scope.leftJoin(query, "task_assignments", "task_id", "tasks.id");
    return scope.leftJoin(query, "users", "id", "task_assignments.user_id");
  }

  return {
    async create(id: string, title: string): Promise<void> {
      await scope.insert("tasks", { id, title, created_at: now() });
    },

    /** Newest first, at most `limit`. */
    async list(filter: TaskFilter, limit: number): Promise<Task[]> {
      const query = withAssignee().limit(limit).orderBy("tasks.created_at", "desc").orderBy("tasks.id");
      if (filter.state === "open") query.whereNull("completed_at");
      else query.whereNotNull("completed_at");
      if (filter.assignee === "unassigned") {
        query.where((either) =>
          either.whereNull("users.id").orWhere("users.active", false).orWhere("users.blocked", true),
        );
      } else if (filter.assignee !== "anyone") {
        query.where("users.id", filter.assignee);
      }
      const task = ["id", "title", "created_at", "completed_at"].map((column) => `tasks.${column}`);
      const user = ["display_name", "login_name", "active", "blocked"].map((column) => `users.${column}`);
      return ((await query.select([...task, ...user, "users.id as user_id"])) as TaskRow[]).map(toTask);
    },

    /** null unassigns. Throws NotFoundError, or a foreign key violation if the user does not exist. */
    async assign(id: string, userId: string | null): Promise<void> {
      if ((await one(id).first("id")) === undefined) throw new NotFoundError("There is no such task.");
      if (userId === null) await scope.rows("task_assignments").where("task_id", id).delete();
      else await scope.upsert("task_assignments", { task_id: id, user_id: userId }, ["task_id"]);
    },

    /** Throws NotFoundError. */
    async setCompleted(id: string, completed: boolean): Promise<void> {
      const changed = (await one(id).update({ completed_at: completed ? now() : null })) as number;
      if (changed === 0) throw new NotFoundError("There is no such task.");
    },

    /** Throws NotFoundError. */
    async remove(id: string): Promise<void> {
      if (((await one(id).delete()) as number) === 0) throw new NotFoundError("There is no such task.");
    },
  };
}

function toTask(row: TaskRow): Task {
  const { user_id: userId } = row;
  const name = row.display_name ?? row.login_name ?? "";
  return {
    id: row.id,
    title: row.title,
    createdAt: row.created_at,
    completedAt: row.completed_at,
    assignee: userId === null ? null : { id: userId, name, active: Boolean(row.active) && !row.blocked },
  };
}
