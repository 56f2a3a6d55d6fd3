/**
 * The sample product: a team's task list. It shows how a product's room connects to the rest: it receives the database,
 * knows people as the signed-in person and the tenant's users, and serves /tasks. Replace it with your own product:
 * docs/how-to/make-it-yours.md.
 *
 * The open tasks of deactivated and blocked people go back to the colleagues who wrote them (events.ts). Others stay, because
 * these people may return. They are marked, and listed under "Needs an assignee". Deleting a person unassigns their tasks.
 *
 * May import: the ground floor, store and web, and outbox for the types of its handlers.
 */
import { type Request, Router } from "express";
import { NotFoundError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import type { Task, TaskFilter } from "../store/tenant/tasks.ts";
import { answerChange, answerProblems, submittedForm } from "../web/answers.ts";
import { csvRecord, sendDownload } from "../web/download.ts";
import { requireSignIn, signedIn, storeOf } from "../web/guards.ts";
import { requireEntitlement } from "../web/permissions.ts";
import { formField, navigationOnly } from "../web/request.ts";
import {
  addTask,
  changeTask,
  deleteTask,
  exportTasks,
  maxTitle,
  mayDelete,
  type TaskActor,
  taskView,
} from "./tasks.ts";

const maxShown = 200;
/** The field suggests this many colleagues; the login names of others can be typed in full. */
const maxSuggested = 50;

export function taskRoutes({ database }: { database: Database }): Router {
  const router = Router();
  const actorOf = (req: Request): TaskActor => ({
    store: storeOf(req, database),
    user: signedIn(req).user,
    role: signedIn(req).role,
    agent: null,
    requestId: req.id,
  });
  router.use("/tasks", requireSignIn);
  router.param("id", (_req, _res, next, id: string) => {
    // PostgreSQL rejects a NUL even in a query.
    next(id.includes("\0") ? new NotFoundError("There is no such task.") : undefined);
  });

  router.get("/tasks", async (req, res) => {
    const { user } = signedIn(req);
    const store = storeOf(req, database);
    const view = viewOf(req.query.show);
    const [tasks, people] = await Promise.all([
      store.tasks.list(filterOf(view, user.id), maxShown),
      store.users.page(0, maxSuggested),
    ]);
    const suggested = people.filter((person) => person.active && !person.blocked);
    const full = tasks.length === maxShown;
    const submitted = (at: string) => submittedForm(res, at);
    const deletable = new Set(tasks.filter((task) => mayDelete(signedIn(req), task)));
    res.render("tasks", { title: "Tasks", tasks, view, views, suggested, full, submitted, deletable });
  });

  // The export leaves an entry, so it needs a person who asked for it.
  const mayExport = requireEntitlement("task-export");
  router.get("/tasks/export.csv", navigationOnly, mayExport, async (req, res) => {
    const file = { name: "tasks.csv", type: "text/csv; charset=utf-8" };
    await sendDownload(res, file, csvOf(exportTasks(actorOf(req))));
  });

  router.post("/tasks", async (req, res) => {
    const entered = { title: formField(req, "title").trim(), assignee: formField(req, "assignee").trim() };
    const place = { page: back(req), at: "new-task" };
    const problems = titleProblems(entered.title);
    if (problems) return await answerProblems({ req, res }, place, { values: entered, problems, notes: {} });
    await answerChange({ req, res }, { ...place, entered, field: "assignee" }, async () => {
      await addTask(actorOf(req), entered.title, entered.assignee || null);
      return { text: "The task is on the list." };
    });
  });

  router.post("/tasks/:id/assign", async (req, res) => {
    const { id } = req.params;
    const assignee = formField(req, "assignee").trim();
    const field = `assign-${id}`;
    const place = { page: back(req), at: `task-${id}`, field, entered: { [field]: assignee } };
    await answerChange({ req, res }, place, async () => {
      const task = await changeTask(actorOf(req), id, { assignee: assignee || null });
      return { text: task.assignee ? `${task.assignee.name} does it now.` : "No one does it now." };
    });
  });

  for (const [end, completed] of [
    ["complete", true],
    ["reopen", false],
  ] as const) {
    router.post(`/tasks/:id/${end}`, async (req, res) => {
      await answerChange({ req, res }, { page: back(req), at: "list" }, async () => {
        const { title } = await changeTask(actorOf(req), req.params.id ?? "", { completed });
        return { text: completed ? `“${title}” is done.` : `“${title}” is open again.` };
      });
    });
  }

  router.post("/tasks/:id/delete", async (req, res) => {
    await answerChange({ req, res }, { page: back(req), at: "list" }, async () => {
      await deleteTask(actorOf(req), req.params.id);
      return { text: "The task is deleted." };
    });
  });

  return router;
}

async function* csvOf(parts: AsyncIterable<Task[]>): AsyncGenerator<string> {
  const columns = ["id", "title", "state", "assignee", "completedAt", "created"] as const;
  yield csvRecord(columns);
  for await (const tasks of parts) {
    const rows = tasks.map(taskView).map((task) => ({
      ...task,
      assignee: task.assignee?.loginName,
      created: task.created.at,
    }));
    yield rows.map((row) => csvRecord(columns.map((name) => row[name]))).join("");
  }
}

/** Null if the title is fine. A title that is too long stays in the form: no one loses what they typed. */
function titleProblems(title: string): Record<string, string> | null {
  if (title === "") return { title: "A task needs a title." };
  if (title.length <= maxTitle) return null;
  return { title: `A title has at most ${maxTitle} characters. This one has ${title.length}.` };
}

const views = [
  { name: "open", label: "Open" },
  { name: "mine", label: "Mine" },
  { name: "unassigned", label: "Needs an assignee" },
  { name: "done", label: "Done" },
] as const;
type TaskView = (typeof views)[number]["name"];

function viewOf(text: unknown): TaskView {
  return views.find((view) => view.name === text)?.name ?? "open";
}

function filterOf(view: TaskView, userId: string): TaskFilter {
  const assignee = { open: "anyone", done: "anyone", mine: userId, unassigned: "unassigned" }[view];
  return { state: view === "done" ? "done" : "open", assignee };
}

/** The path of the view that the form was on. */
function back(req: Request): string {
  const view = viewOf(formField(req, "show"));
  return view === "open" ? "/tasks" : `/tasks?show=${view}`;
}
