import type { IsolationCases } from "../helpers/isolation.ts";

/** The tasks of tenant A as tenant B sees them: see test/store/isolation.test.ts. */
export const taskCases: IsolationCases<Extract<keyof IsolationCases, `tasks.${string}`>> = {
  "tasks.create": {
    call: (b, a) => b.tasks.create("b-task", a.userId).then(() => b.tasks.remove("b-task")),
    gives: undefined,
  },
  "tasks.get": { call: (b, a) => b.tasks.get(a.taskId), gives: "not found" },
  "tasks.ofIds": { call: (b, a) => b.tasks.ofIds([a.taskId]), gives: [] },
  "tasks.lock": { call: (b, a) => b.tasks.lock(a.taskId), gives: undefined },
  "tasks.list": { call: (b, a) => b.tasks.list({ state: "open", assignee: a.userId }, 10), gives: [] },
  "tasks.assign": { call: (b, a) => b.tasks.assign(a.taskId, null), gives: "not found" },
  "tasks.setCompleted": { call: (b, a) => b.tasks.setCompleted(a.taskId, true), gives: "not found" },
  "tasks.remove": { call: (b, a) => b.tasks.remove(a.taskId), gives: "not found" },
};
