import { blockUser } from "../../src/directory/access.ts";
import type { User } from "../../src/model.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { createLocalAccount, type TestTenant } from "../helpers/people.ts";

/** The task list's pages, for test/helpers/every-page.ts. */
export async function taskPages({ store }: TestTenant, owner: User): Promise<PageCase[]> {
  const newcomer = await createLocalAccount(store, "newcomer@acme.example");
  const away = await createLocalAccount(store, "away@acme.example");
  // Tasks of every kind. One title has the maximum length and no place to break.
  const titles: [string, string | null, boolean][] = [
    ["Order the nose cones", owner.id, false],
    ["Calibrate the second stage", away.id, false],
    ["W".repeat(200), null, false],
    ["Paint the fins", owner.id, true],
  ];
  for (const [title, assignee, done] of titles) {
    const id = `task-${title.slice(0, 3)}`;
    await store.tasks.create(id, title);
    await store.tasks.assign(id, assignee);
    await store.tasks.setCompleted(id, done);
  }
  await blockUser(store, away.id);
  return [
    { name: "open tasks", status: 200, path: "/tasks", as: owner },
    { name: "my tasks", status: 200, path: "/tasks?show=mine", as: owner },
    { name: "tasks that need an assignee", status: 200, path: "/tasks?show=unassigned", as: owner },
    { name: "done tasks", status: 200, path: "/tasks?show=done", as: owner },
    { name: "a task without a title", status: 303, path: "/tasks", form: { title: "" }, as: owner },
    { name: "an export without the entitlement", status: 403, path: "/tasks/export.csv", as: owner },
    { name: "no tasks of mine", status: 200, path: "/tasks?show=mine", as: newcomer },
  ];
}
