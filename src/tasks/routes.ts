/**
 * The sample product: a team's task list. It shows how a product's room connects to the rest: it receives the database,
 * knows people as the signed-in person and the tenant's users, and serves /tasks. Replace it with your own product:
 * docs/how-to/make-it-yours.md.
 *
 * The tasks of deactivated and blocked people stay assigned to them, because these people may return. They are marked, and
 * listed under "Needs an assignee". Deleting a person unassigns their tasks.
 *
 * May import: the ground floor, store and web.
 */
import { type Request, type Response, Router } from "express";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import type { TaskFilter } from "../store/tenant/tasks.ts";
import { forTenant } from "../store/tenant-store.ts";
import { flash } from "../web/answers.ts";
import { requireSignIn, signedIn } from "../web/guards.ts";
import { formField } from "../web/request.ts";
import { addTask, changeTask, maxTitle, type TaskActor, UnknownAssigneeError } from "./tasks.ts";

const maxShown = 200;
/** The field suggests this many colleagues; the login names of others can be typed in full. */
const maxSuggested = 50;

export function taskRoutes({ database }: { database: Database }): Router {
  const router = Router();
  const storeOf = (req: Request) => forTenant(database, signedIn(req).tenant.id);
  const actorOf = (req: Request): TaskActor => ({
    store: storeOf(req),
    user: signedIn(req).user,
    agent: null,
    requestId: req.id,
  });
  router.use("/tasks", requireSignIn);
  router.param("id", (_req, _res, next, id: string) => {
    // PostgreSQL rejects a NUL even in a query.
    next(id.includes("\0") ? new NotFoundError("There is no such task.") : undefined);
  });

  async function showTasks(req: Request, res: Response, draft: TaskDraft): Promise<void> {
    const { user } = signedIn(req);
    const store = storeOf(req);
    const view = viewOf(req.query.show ?? formField(req, "show"));
    const [tasks, people] = await Promise.all([
      store.tasks.list(filterOf(view, user.id), maxShown),
      store.users.page(0, maxSuggested),
    ]);
    const suggested = people.filter((person) => person.active && !person.blocked);
    const full = tasks.length === maxShown;
    res.render("tasks", { title: "Tasks", tasks, view, views, suggested, maxTitle, full, draft });
  }

  router.get("/tasks", (req, res) => showTasks(req, res, emptyDraft));

  router.post("/tasks", async (req, res) => {
    const draft = { title: formField(req, "title").trim(), assignee: formField(req, "assignee").trim() };
    try {
      checkTitle(draft.title);
      await addTask(actorOf(req), draft.title, draft.assignee || null);
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      return await showTasks(req, res.status(400), { ...draft, problem: error.message });
    }
    await flash(req, "done", "The task is on the list.");
    res.redirect(303, back(req));
  });

  router.post("/tasks/:id/assign", async (req, res) => {
    try {
      await changeTask(actorOf(req), req.params.id, { assignee: formField(req, "assignee").trim() || null });
    } catch (error) {
      if (!(error instanceof UnknownAssigneeError)) throw error;
      await flash(req, "problem", error.message);
    }
    res.redirect(303, back(req));
  });

  router.post("/tasks/:id/complete", async (req, res) => {
    await changeTask(actorOf(req), req.params.id, { completed: true });
    res.redirect(303, back(req));
  });

  router.post("/tasks/:id/reopen", async (req, res) => {
    await changeTask(actorOf(req), req.params.id, { completed: false });
    res.redirect(303, back(req));
  });

  router.post("/tasks/:id/delete", async (req, res) => {
    await storeOf(req).tasks.remove(req.params.id);
    await flash(req, "done", "The task is deleted.");
    res.redirect(303, back(req));
  });

  return router;
}

/** The values of the form for a new task, and the problem with them. */
interface TaskDraft {
  title: string;
  assignee: string;
  problem: string | null;
}
const emptyDraft: TaskDraft = { title: "", assignee: "", problem: null };

/** Throws InvalidError. */
function checkTitle(title: string): void {
  if (title === "" || title.length > maxTitle)
    throw new InvalidError(`A task needs a title of 1 to ${maxTitle} characters.`);
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
