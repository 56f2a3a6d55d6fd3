/** The tasks as tools for agents: docs/how-to/let-an-agent-use-your-api.md. */
import { z } from "zod";
import { type McpTool, mcpTool } from "../web/mcp.ts";
import {
  actorOf,
  addTask,
  changeTask,
  listTasks,
  loginNameSchema,
  taskQuerySchema,
  taskSchema,
  taskView,
  textSchema,
  titleSchema,
} from "./tasks.ts";

const idSchema = textSchema.min(1).max(100).describe("The `id` of a task from list_tasks.");
const assigneeSchema = loginNameSchema.describe("A login name, or `me` for the person that you act for.");
const oneTask = z.object({ task: taskSchema });

/** Nothing here deletes, and nothing reaches outside this product. */
const hints = { destructiveHint: false, openWorldHint: false };

export const taskTools: readonly McpTool[] = [
  mcpTool({
    name: "list_tasks",
    title: "List tasks",
    description:
      "Lists the team's tasks, newest first. Use state `open` for what is still to do, and assignee `me` for the tasks of " +
      "the person that you act for. If `nextCursor` is not null, call again with it as `cursor` for the next page.",
    scope: "tasks.read",
    input: taskQuerySchema,
    output: z.object({ tasks: z.array(taskSchema), nextCursor: z.string().nullable() }),
    annotations: { ...hints, readOnlyHint: true, idempotentHint: true },
    async handle(call) {
      const { tasks, nextCursor } = await listTasks(actorOf(call), call.input);
      return { tasks: tasks.map(taskView), nextCursor };
    },
  }),
  mcpTool({
    name: "create_task",
    title: "Add a task",
    description: "Adds a task to the team's list. Without an assignee, it needs one.",
    scope: "tasks.write",
    input: z.strictObject({ title: titleSchema, assignee: assigneeSchema.nullable().default(null) }),
    output: oneTask,
    annotations: { ...hints, readOnlyHint: false, idempotentHint: false },
    async handle(call) {
      const { title, assignee } = call.input;
      return { task: taskView(await addTask(actorOf(call), title, assignee)) };
    },
  }),
  mcpTool({
    name: "assign_task",
    title: "Assign a task",
    description: "Gives a task to a person of the team. `null` as the assignee leaves it without one.",
    scope: "tasks.write",
    input: z.strictObject({ id: idSchema, assignee: assigneeSchema.nullable() }),
    output: oneTask,
    annotations: { ...hints, readOnlyHint: false, idempotentHint: true },
    async handle(call) {
      const { id, assignee } = call.input;
      return { task: taskView(await changeTask(actorOf(call), id, { assignee })) };
    },
  }),
  mcpTool({
    name: "complete_task",
    title: "Complete a task",
    description: "Marks a task as done. A person can reopen it.",
    scope: "tasks.write",
    input: z.strictObject({ id: idSchema }),
    output: oneTask,
    annotations: { ...hints, readOnlyHint: false, idempotentHint: true },
    async handle(call) {
      return { task: taskView(await changeTask(actorOf(call), call.input.id, { completed: true })) };
    },
  }),
];
