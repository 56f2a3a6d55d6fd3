import assert from "node:assert/strict";
import type { BrowserContextOptions, Page } from "playwright-core";
import { describeInBrowser, tabTo, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { assertSeen } from "../helpers/seen.ts";
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

    async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
      const page = await browser.open(options);
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(site().app.url + path);
      return page;
    }

    it("keeps a title that is too long as a whole", async () => {
      const page = await open("/tasks");
      const title = "Order the nose cones. ".repeat(12).trim();
      await page.getByLabel("What needs to be done?").fill(title);
      await page.getByRole("button", { name: "Add task" }).click();
      await assertSeen(page, `A title has at most 200 characters. This one has ${title.length}.`);
      assert.equal(await page.getByLabel("What needs to be done?").inputValue(), title);
    });

    const addTask = async (title: string) => {
      const id = `popover-${title}`;
      await site().acme.store.tasks.create(id, title);
      return id;
    };

    it("opens a panel on a phone in view, and over no footer", async () => {
      await addTask("Seen");
      const page = await open("/tasks?show=unassigned", { viewport: { width: 390, height: 844 } });
      const last = page.locator("li.task").last();
      await last.locator("summary").first().click();
      const panel = last.locator(".panel").first();
      await panel.waitFor({ state: "visible" });
      const [box, footer] = [await panel.boundingBox(), await page.locator("footer").boundingBox()];
      assert.ok(box && footer);
      assert.ok(box.y + box.height <= footer.y, `panel to ${box.y + box.height}, footer from ${footer.y}`);
      assert.ok(box.y >= 0 && box.y + box.height <= 844, `the panel is in view: ${JSON.stringify(box)}`);
    });

    it("assigns a task without scripts", async () => {
      const id = await addTask("Plain");
      const page = await open("/tasks", { javaScriptEnabled: false });
      const task = page.locator(`#task-${id}`);
      await task.locator("summary", { hasText: "Assign" }).click();
      await task.getByLabel("Login name").fill("no one");
      await task.getByRole("button", { name: "Assign", exact: true }).click();
      await task.getByText('No one here signs in as "no one".').waitFor();
      await task.getByLabel("Login name").fill("owner@acme.example");
      await task.getByRole("button", { name: "Assign", exact: true }).click();
      await task.getByText("owner@acme.example does it now.").waitFor();
    });
  });
});
