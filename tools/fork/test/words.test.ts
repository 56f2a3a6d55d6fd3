import assert from "node:assert/strict";
import { withNotes } from "../src/words.ts";

describe("the words of the sample product", () => {
  const cases: [string, string][] = [
    ["a task, two tasks, Tasks", "a note, two notes, Notes"],
    ['"tasks.read", /tasks\\.write/, "TASKS.READ"', '"notes.read", /notes\\.write/, "NOTES.READ"'],
    ["/api/v1/tasks/{id}, list_tasks, task-export", "/api/v1/notes/{id}, list_notes, note-export"],
    ["taskId, listTasks, TaskPage, seedTasks", "noteId, listNotes, NotePage, seedNotes"],
    ["multitasking, a taskmaster", "multitasking, a taskmaster"],
    [
      "okta.menus.failedTasks at /admin/tasks: select the tasks",
      "okta.menus.failedTasks at /admin/tasks: select the tasks",
    ],
  ];
  for (const [before, after] of cases) {
    it(`change ${before}`, () => {
      assert.equal(withNotes("src/any.ts", before), after);
      assert.equal(withNotes("src/any.ts", after), after, "a second run changes nothing");
    });
  }

  it("stay in the record of the past, in this tool, and where Okta's tasks are meant", () => {
    const paths = ["CHANGELOG.md", "docs/decisions/0001-x.md", "tools/fork/src/tasks.ts"];
    for (const path of [
      ...paths,
      "packages/okta-stand-in/src/admin/tasks.ts",
      "packages/okta-labels/src/labels.ts",
    ])
      assert.equal(withNotes(path, "tasks"), "tasks");
  });
});
