import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { describeInBrowser, tabTo, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { assertSeen } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";
import { inspectorPages } from "../inspector/pages.ts";

const isOpen = (id: string) => `document.getElementById("${id}").matches(":popover-open")`;

/** The kind of control that has the focus in a form of choices. */
const focusedControl = `(() => {
  const focused = document.activeElement;
  if (focused.matches("main button.primary")) return "button";
  return focused.type === "radio" && !focused.checked ? "unanswered" : "other";
})()`;

/** The main acts, without a pointer: each is done by Tab, Enter, Space, arrows and Escape. Signing in: sign-in.test.ts. */
describeInBrowser("with the keyboard alone", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use);

    async function openAt(path: string, options = {}): Promise<Page> {
      const page = await browser.open({ viewport: { width: 1280, height: 800 }, ...options });
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(site().app.url + path);
      return page;
    }

    it("the skip link comes first and leads past the navigation", async () => {
      const page = await openAt("/admin/people");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      assert.ok(await page.evaluate("document.querySelector('main').contains(document.activeElement)"));
    });

    it("the account menu opens, leads to the account, and closes by Escape where it was opened", async () => {
      const page = await openAt("/account");
      await tabTo(page, /Your account:/);
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate(isOpen("account-menu")), true);
      await page.keyboard.press("Escape");
      assert.equal(await page.evaluate(isOpen("account-menu")), false);
      await page.keyboard.press("Enter");
      await tabTo(page, "Account");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Your account" }).waitFor();
    });

    it("people are searched, and filtered in the sheet of a phone", async () => {
      await createLocalAccount(site().acme.store, "grace.hopper@acme.example");
      const page = await openAt("/admin/people", { viewport: { width: 390, height: 844 } });
      await tabTo(page, /^Search/);
      await page.keyboard.type("grace");
      await page.keyboard.press("Enter");
      await page.waitForURL(/grace/);
      await page.getByRole("link", { name: "grace.hopper@acme.example" }).first().waitFor();
      await tabTo(page, /^Filters/);
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate(isOpen("filters")), true);
      await tabTo(page, "Role");
      await page.keyboard.type("Owner");
      await tabTo(page, "Apply");
      await page.keyboard.press("Enter");
      await page.waitForURL(/role=owner/);
      await page.getByText("No matching people").first().waitFor();
    });

    it("a person is blocked after a question, and the answer has the focus", async () => {
      const { id, loginName } = await createLocalAccount(site().acme.store, "to-block@acme.example");
      const page = await openAt(`/admin/people/${id}`);
      await tabTo(page, "Block");
      await page.keyboard.press("Enter");
      await tabTo(page, "Block now");
      await page.keyboard.press("Enter");
      await assertSeen(page, `${loginName} is blocked and signed out everywhere.`);
    });

    it("a token is created and copied", async () => {
      const page = await openAt("/admin/provisioning");
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await tabTo(page, "Create a token");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "The new token" }).waitFor();
      const token = await page.locator("#token").textContent();
      await tabTo(page, "Copy the token");
      await page.keyboard.press("Enter");
      await page.getByText("Copied", { exact: true }).first().waitFor();
      assert.equal(await page.evaluate("navigator.clipboard.readText()"), token);
    });

    it("a connection's set-up begins, and its first step is answered", async () => {
      const page = await openAt("/admin/connections/new");
      // Answers each question by its first choice. A group without a choice gets the focus at its first one.
      const next = async () => {
        await page.keyboard.press("Tab");
        return await page.evaluate<string>(focusedControl);
      };
      for (let control = await next(); control !== "button"; control = await next())
        if (control === "unanswered") await page.keyboard.press("Space");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/admin\/connections\/[\w-]{20,}/);
      await page.getByRole("heading", { level: 2 }).first().waitFor();
    });

    it("the messages of a flow are walked through by the arrows and by j and k", async () => {
      const flow = (await inspectorPages(site().acme, site().owner)).find(({ path }) =>
        /flows.+message=/.test(path),
      );
      const page = await openAt(flow?.path ?? assert.fail("no page of a flow"));
      const chosen = () =>
        page.evaluate<number>(
          "[...document.querySelectorAll('.sequence-step')].findIndex((step) => step.ariaCurrent === 'true')",
        );
      const last = (await page.locator(".sequence-step").count()) - 1;
      const first = await chosen();
      assert.ok(last > 0);
      const [on, back] = first < last ? ["ArrowRight", "k"] : ["ArrowLeft", "j"];
      await page.keyboard.press(on);
      const moved = await chosen();
      assert.notEqual(moved, first);
      await page.keyboard.press(back);
      assert.equal(await chosen(), first);
    });
  });
});
