/** The tasks in the product's API: docs/reference/api-tasks.md. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Task } from "../store/tenant/tasks.ts";
import { type ApiAnswer, type ApiOperation, apiOperation } from "../web/api-operation.ts";
import { errorAt, ProblemError } from "../web/problems.ts";
import {
  actorOf,
  addTask,
  changeTask,
  listTasks,
  loginNameSchema,
  taskQuerySchema,
  taskSchema,
  taskView,
  titleSchema,
  UnknownAssigneeError,
} from "./tasks.ts";

const pageSchema = z
  .object({
    items: z.array(taskSchema),
    nextCursor: z.string().nullable().describe("The cursor of the next page; null on the last one."),
  })
  .meta({ id: "TaskPage" });

const exportQuerySchema = taskQuerySchema.pick({ cursor: true });

const assigneeSchema = z.strictObject({
  loginName: loginNameSchema.describe("The login name of an active person, or `me`."),
});
const newTaskSchema = z.strictObject({ title: titleSchema, assignee: assigneeSchema.nullable().optional() });
const patchSchema = z.strictObject({
  state: z.enum(["open", "done"]).optional(),
  assignee: assigneeSchema.nullable().optional().describe("`null` unassigns the task."),
});

/** RFC 7396. Its media type says what a plain JSON body means here, too. */
const patchTypes = ["application/merge-patch+json", "application/json"];

export const taskOperations: readonly ApiOperation[] = [
  apiOperation({
    method: "get",
    path: "/tasks",
    operationId: "listTasks",
    summary: "List tasks, newest first",
    scope: "tasks.read",
    query: taskQuerySchema,
    answer: { status: 200, description: "A page of tasks.", schema: pageSchema },
    async handle(call) {
      const { tasks, nextCursor } = await atAssignee("query", () => listTasks(actorOf(call), call.query));
      const { state, assignee, limit } = call.query;
      const same = { ...(state && { state }), ...(assignee && { assignee }), limit: String(limit) };
      const next = nextCursor === null ? null : { ...same, cursor: nextCursor };
      return { body: { items: tasks.map(taskView), nextCursor }, next };
    },
  }),
  apiOperation({
    method: "post",
    path: "/tasks",
    operationId: "createTask",
    summary: "Add a task",
    scope: "tasks.write",
    body: { schema: newTaskSchema, types: ["application/json"] },
    answer: { status: 201, description: "The new task.", schema: taskSchema },
    hasEtag: true,
    async handle(call) {
      const { title, assignee } = call.body;
      const loginName = assignee?.loginName ?? null;
      const task = await atAssignee("body", () => addTask(actorOf(call), title, loginName));
      return { ...answerOf(task), location: `/tasks/${task.id}` };
    },
  }),
  apiOperation({
    method: "get",
    path: "/tasks/export",
    operationId: "exportTasks",
    summary: "Export tasks, a thousand a page",
    scope: "tasks.read",
    entitlement: "task-export",
    query: exportQuerySchema,
    answer: { status: 200, description: "A page of tasks.", schema: pageSchema },
    async handle(call) {
      const { tasks, nextCursor } = await listTasks(actorOf(call), { ...call.query, limit: 1_000 });
      const next = nextCursor === null ? null : { cursor: nextCursor };
      return { body: { items: tasks.map(taskView), nextCursor }, next };
    },
  }),
  apiOperation({
    method: "get",
    path: "/tasks/{id}",
    operationId: "getTask",
    summary: "Read a task",
    scope: "tasks.read",
    answer: { status: 200, description: "The task.", schema: taskSchema },
    hasEtag: true,
    async handle({ store, params }) {
      return answerOf(await store.tasks.get(params.id ?? ""));
    },
  }),
  apiOperation({
    method: "patch",
    path: "/tasks/{id}",
    operationId: "changeTask",
    summary: "Assign, complete or reopen a task",
    description: "A JSON merge patch (RFC 7396): absent members stay as they are.",
    scope: "tasks.write",
    body: { schema: patchSchema, types: patchTypes },
    answer: { status: 200, description: "The task after the change.", schema: taskSchema },
    hasEtag: true,
    async handle(call) {
      const { state, assignee } = call.body;
      const change = {
        ...(state === undefined ? {} : { completed: state === "done" }),
        ...(assignee === undefined ? {} : { assignee: assignee?.loginName ?? null }),
      };
      const check = (task: Task) => call.requireMatch(etagOf(task));
      const changed = () => changeTask(actorOf(call), call.params.id ?? "", change, check);
      return answerOf(await atAssignee("body", changed));
    },
  }),
];

function answerOf(task: Task): ApiAnswer {
  return { body: taskView(task), etag: etagOf(task) };
}

/** Changes with the version, and with what the task shows of people, whose names change without it. */
function etagOf(task: Task): string {
  return createHash("sha256")
    .update(JSON.stringify([task.version, taskView(task)]))
    .digest("base64url")
    .slice(0, 22);
}

/** Says where the unknown assignee was. */
async function atAssignee<T>(part: "query" | "body", work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnknownAssigneeError)) throw error;
    const detail = error.message;
    const at =
      part === "body" ? errorAt(["assignee", "loginName"], detail) : { detail, parameter: "assignee" };
    throw new ProblemError(part === "body" ? 422 : 400, detail, [at]);
  }
}
