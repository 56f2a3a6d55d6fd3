/** The verbs of the product. The pages, the API and the MCP server all use these functions. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { InvalidError } from "../errors.ts";
import type { Role, User } from "../model.ts";
import type { Task, TaskAct, TaskFilter, TaskPosition } from "../store/tenant/tasks.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { Acting } from "../web/access-tokens.ts";
import { type ActivityTargets, memberEntry } from "../web/activity.ts";
import { checkRole, hasEntitlement, hasRole } from "../web/permissions.ts";

/** The person who acts, and the agent that acts for them. */
export interface TaskActor {
  /** Of the person's tenant. */
  store: TenantStore;
  user: User;
  role: Role;
  /** Null if the person acts in a browser. */
  agent: { name: string; act: string | null } | null;
  requestId: string;
}

interface TaskCall {
  store: TenantStore;
  acting: Acting;
  requestId: string;
}

/** The actor of a call of the API or the MCP server. */
export function actorOf({ store, acting, requestId }: TaskCall): TaskActor {
  return { store, user: acting.user, role: acting.role, agent: acting.agent, requestId };
}

export const maxTitle = 200;

/** No one here signs in with the given login name. */
export class UnknownAssigneeError extends InvalidError {
  override name = "UnknownAssigneeError";
}

/** A text that every database can store: without NUL, and without half a character (a lone surrogate). */
export const textSchema = z
  .string()
  .refine((value) => !value.includes("\0") && !/\p{Surrogate}/u.test(value), {
    error: "The text has a character that cannot be stored.",
  });
export const titleSchema = textSchema.trim().min(1).max(maxTitle);
export const loginNameSchema = textSchema.trim().min(1).max(320);

const maxPage = 100;
const wholeNumber = `This needs a whole number from 1 to ${maxPage}.`;

/** The parameters of a list of tasks. */
export const taskQuerySchema = z.strictObject({
  state: z.enum(["open", "done"]).optional().describe("Both if absent."),
  assignee: loginNameSchema
    .optional()
    .describe("A login name; `me` for the acting person; `unassigned` for tasks that need an assignee."),
  limit: z.coerce
    .number(wholeNumber)
    .int(wholeNumber)
    .min(1, wholeNumber)
    .max(maxPage, wholeNumber)
    .default(50),
  cursor: z
    .string()
    .max(200)
    .transform(readCursor)
    .optional()
    .describe("From `nextCursor` of the page before."),
});
export type TaskQuery = z.output<typeof taskQuerySchema>;

export interface TaskPage {
  tasks: Task[];
  /** Continues the list; null on its last page. */
  nextCursor: string | null;
}

/** A page of the tasks, newest first. Throws UnknownAssigneeError. */
export async function listTasks(actor: TaskActor, query: TaskQuery): Promise<TaskPage> {
  const { state = "any", assignee, limit, cursor = null } = query;
  const filter: TaskFilter = { state, assignee: "anyone" };
  if (assignee === "unassigned") filter.assignee = "unassigned";
  else if (assignee !== undefined) filter.assignee = await assigneeId(actor, assignee);
  const found = await actor.store.tasks.list(filter, limit + 1, cursor);
  const tasks = found.slice(0, limit);
  const last = tasks.at(-1);
  return { tasks, nextCursor: found.length > limit && last ? writeCursor(last) : null };
}

/** @param assignee a login name, or `me`; null for no one. Throws UnknownAssigneeError. */
export async function addTask(actor: TaskActor, title: string, assignee: string | null): Promise<Task> {
  return await actor.store.transaction(async (store) => {
    const id = randomUUID();
    await store.tasks.create(id, title, authorOf(actor));
    if (assignee !== null)
      await store.tasks.assign(id, await assigneeId({ ...actor, store }, assignee), authorOf(actor));
    await record({ ...actor, store }, "task.created", id);
    return await store.tasks.get(id);
  });
}

/** A change of a task; absent members stay. */
export interface TaskChange {
  /** A login name, or `me`; null unassigns. */
  assignee?: string | null;
  completed?: boolean;
}

/**
 * Assigns, completes or reopens a task. A change that was made already changes nothing. Throws NotFoundError and
 * UnknownAssigneeError.
 * @param check throws if the task must not be changed in its present state.
 */
export async function changeTask(
  actor: TaskActor,
  id: string,
  { assignee, completed }: TaskChange,
  check: (task: Task) => void = () => undefined,
): Promise<Task> {
  return await actor.store.transaction(async (store) => {
    const inside = { ...actor, store };
    await store.tasks.lock(id);
    const task = await store.tasks.get(id);
    check(task);
    if (assignee !== undefined) {
      const userId = assignee === null ? null : await assigneeId(inside, assignee);
      if (userId !== (task.assignee?.id ?? null)) {
        await store.tasks.assign(id, userId, authorOf(actor));
        await record(inside, "task.assigned", id);
      }
    }
    if (completed !== undefined && completed !== (task.completedAt !== null)) {
      await store.tasks.setCompleted(id, completed, authorOf(actor));
      await record(inside, completed ? "task.completed" : "task.reopened", id);
    }
    return await store.tasks.get(id);
  });
}

function authorOf({ user, agent }: TaskActor) {
  return { userId: user.id, agent: agent?.name ?? null };
}

/** Whether a person may delete a task: the one who added it, people with the entitlement, and administrators. */
export function mayDelete({ user, role }: Pick<TaskActor, "user" | "role">, { created }: Task): boolean {
  const isTheirs = created.person?.id === user.id;
  return isTheirs || hasEntitlement({ user }, "task-deletion") || hasRole({ role }, "admin");
}

/** Throws NotFoundError and ForbiddenError. */
export async function deleteTask(actor: TaskActor, id: string): Promise<void> {
  await actor.store.transaction(async (store) => {
    if (!mayDelete(actor, await store.tasks.get(id))) checkRole(actor, "admin");
    await store.tasks.remove(id);
    await store.activity.record(memberEntry(actor, { kind: "tasks", action: "task.deleted", targetId: id }));
  });
}

/** How many tasks an export reads at once. */
const exportChunk = 1_000;

/** All tasks, newest first, in parts. The export is in the activity. */
export async function* exportTasks(actor: TaskActor): AsyncGenerator<Task[]> {
  const exported = { kind: "tasks", action: "tasks.exported", targetId: null } as const;
  await actor.store.activity.record(memberEntry(actor, exported));
  for (let after: TaskPosition | null = null; ; ) {
    const tasks = await actor.store.tasks.list({ state: "any", assignee: "anyone" }, exportChunk, after);
    yield tasks;
    const last = tasks.at(-1);
    if (tasks.length < exportChunk || !last) return;
    after = { createdAt: last.created.at, id: last.id };
  }
}

/** The tasks that entries of the activity are about. */
export const taskTargets: ActivityTargets = {
  subject: "task",
  async find(store, ids) {
    return (await store.tasks.ofIds(ids)).map(({ id, title, completedAt }) => ({
      id,
      name: title,
      href: `/tasks${completedAt === null ? "" : "?show=done"}#task-${id}`,
    }));
  },
};

/** Records what an agent did. People see on the task itself what they did. */
async function record(actor: TaskActor, action: TaskAction, targetId: string): Promise<void> {
  if (actor.agent === null) return;
  await actor.store.activity.record(memberEntry(actor, { kind: "tasks", action, targetId }));
}

type TaskAction = "task.created" | "task.assigned" | "task.completed" | "task.reopened";

/** The id of the active user with a login name; `me` is the acting person. */
async function assigneeId({ store, user }: TaskActor, loginName: string): Promise<string> {
  if (loginName === "me") return user.id;
  const found = await store.users.byLoginName(loginName);
  if (!found?.active || found.blocked)
    throw new UnknownAssigneeError(`No one here signs in as "${loginName}".`);
  return found.id;
}

const positionSchema = z.tuple([z.int(), z.string().max(100)]);

function writeCursor({ created, id }: Task): string {
  return Buffer.from(JSON.stringify([created.at, id])).toString("base64url");
}

function readCursor(cursor: string, context: z.RefinementCtx): TaskPosition {
  try {
    const [createdAt, id] = positionSchema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
    if (!id.includes("\0")) return { createdAt, id };
  } catch {
    // Not a cursor that writeCursor wrote.
  }
  context.addIssue("The cursor is not one of this list.");
  return z.NEVER;
}

const personSchema = z
  .object({ id: z.string(), loginName: z.string(), name: z.string() })
  .meta({ id: "Person" });
const actSchema = z
  .object({
    at: z.iso.datetime(),
    person: personSchema.nullable().describe("Null if the person is gone, or was not recorded."),
    agent: z
      .string()
      .nullable()
      .describe("The agent that acted for the person; null for a browser or an API key."),
  })
  .meta({ id: "Act", description: "The author and the time of a change." });

/** A task as the API and the MCP server show it. */
export const taskSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    state: z.enum(["open", "done"]),
    assignee: personSchema
      .extend({ active: z.boolean().describe("False for a deactivated or blocked person.") })
      .meta({ id: "Assignee" })
      .nullable(),
    completedAt: z.iso.datetime().nullable(),
    created: actSchema,
    changed: actSchema,
  })
  .meta({ id: "Task" });
export type TaskView = z.infer<typeof taskSchema>;

export function taskView({ id, title, assignee, completedAt, created, changed }: Task): TaskView {
  return {
    id,
    title,
    state: completedAt === null ? "open" : "done",
    assignee,
    completedAt: completedAt === null ? null : timeOf(completedAt),
    created: actView(created),
    changed: actView(changed),
  };
}

const actView = ({ at, person, agent }: TaskAct) => ({ at: timeOf(at), person, agent });
const timeOf = (at: number) => new Date(at).toISOString();
