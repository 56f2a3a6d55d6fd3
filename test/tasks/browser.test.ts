import assert from "node:assert/strict";
import { describeInBrowser, tabTo, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useSite } from "../helpers/site.ts";

describeInBrowser("/tasks in the browser", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use);

    it("lets a person add, complete, find and delete a task with the keyboard only", async () => {
      const page = await browser.open();
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(`${site().app.url}/tasks`);
      assert.equal(await page.locator("h1").textContent(), "Tasks");
      await tabTo(page, "What needs to be done?");
      await page.keyboard.type("Water the lemon tree");
      await page.keyboard.press("Enter");
      const task = page.getByRole("listitem").filter({ hasText: "Water the lemon tree" });
      await task.waitFor();
      await tabTo(page, "Complete: Water the lemon tree");
      await page.keyboard.press("Enter");
      await task.waitFor({ state: "detached" });
      await tabTo(page, "Done");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/tasks?show=done");
      await task.waitFor();

      await tabTo(page, "Delete: Water the lemon tree");
      await page.keyboard.press("Enter");
      await tabTo(page, "Delete for good");
      await page.keyboard.press("Enter");
      await task.waitFor({ state: "detached" });
      assert.deepEqual(await site().acme.store.tasks.list({ state: "done", assignee: "anyone" }, 10), []);
    });
  });
});
