import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { describeInBrowser, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { newMessage } from "../helpers/messages.ts";
import { useSite } from "../helpers/site.ts";

/** Runs in the page: the text that the last copy put on the clipboard. */
const copied = "navigator.clipboard.readText()";

describeInBrowser("a message of the inspector in the browser", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use, { insecureAllowPrivateNetwork: true });
    const body = { userName: "o'brien@acme.example", emails: [{ value: "a", type: "work" }], active: true };

    async function open(width = 1280): Promise<Page> {
      const { store } = site().acme;
      await store.inspector.recordUntil(Date.now() + 3_600_000);
      const request = { head: ["POST /scim/v2/Users", "Authorization: Bearer [redacted]"], json: body };
      const checks = [
        { name: "One", verdict: "passed", detail: null, group: "Token" },
        { name: "Two", verdict: "failed", detail: "found three", group: "Request", reason: "scim-400" },
      ] as const;
      const file = "src/scim/users.ts";
      await store.inspector.add(
        [
          newMessage({
            ...{ step: "POST /Users", file, handler: "scimUsers", verdict: "failed", checks },
            request: { ...request, isRepeatable: true },
          }),
        ],
        0,
      );
      const { lastSeq: seq } = await store.inspector.state();
      const page = await browser.open({
        viewport: { width, height: 900 },
        permissions: ["clipboard-read", "clipboard-write"],
      });
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(`${site().app.url}/admin/inspector/${seq}`);
      return page;
    }

    const topOf = async (page: Page, selector: string) =>
      (await page.locator(selector).first().boundingBox())?.y ?? assert.fail(selector);

    it("has the failure first, then the message, and the checks next to it", async () => {
      const page = await open();
      assert.ok((await topOf(page, "#failure")) < (await topOf(page, ".code")));
      const [message, checks] = await Promise.all(
        [".message-content", ".message-checks"].map((one) => page.locator(one).boundingBox()),
      );
      assert.ok(message && checks && checks.x >= message.x + message.width, "two panes");
      assert.ok((await topOf(page, ".code")) < 700);
    });

    it("has the message before the checks on a phone, within the first two screens", async () => {
      const page = await open(390);
      assert.ok((await topOf(page, ".message-checks")) > (await topOf(page, ".code")));
      assert.ok((await topOf(page, ".code")) < 1_000);
    });

    it("changes its view by keyboard", async () => {
      const page = await open();
      await page.getByRole("link", { name: "Decoded" }).focus();
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForURL(/view=sent/);
      assert.equal(await page.getByRole("link", { name: "As sent" }).getAttribute("aria-current"), "page");
      await page.getByRole("link", { name: "Headers" }).press("Enter");
      await page.getByText("Authorization: Bearer [redacted]").first().waitFor();
    });

    it("explains a name by keyboard, and closes the explanation with Escape", async () => {
      const page = await open();
      const term = page.getByRole("button", { name: "What is userName?" });
      await term.focus();
      await page.keyboard.press("Enter");
      const text = page.getByText("The login name. It is unique, and comparison ignores case.");
      await text.waitFor();
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate("document.activeElement.textContent"), "RFC 7643 §4.1.1");
      await page.keyboard.press("Escape");
      await text.waitFor({ state: "hidden" });
    });

    it("folds a long part by keyboard, and copies the whole all the same", async () => {
      const page = await open();
      const part = page.locator(".fold > summary", { hasText: '"emails"' });
      await part.focus();
      await page.keyboard.press("Enter");
      await page.getByText('"type": "work"').first().waitFor({ state: "hidden" });
      await page.getByRole("button", { name: "Copy the request's JSON" }).click();
      await page.getByRole("button", { name: "Copied the request's JSON" }).waitFor();
      assert.equal((await page.evaluate<string>(copied)).trim(), JSON.stringify(body, null, 2));
    });

    it("copies the request as a command", async () => {
      const page = await open();
      await page.getByRole("button", { name: "Copy as cURL" }).click();
      await page.getByRole("button", { name: "Copied" }).waitFor();
      const command = await page.evaluate<string>(copied);
      assert.ok(command.startsWith(`curl --globoff -X POST '${site().app.url}/scim/v2/Users' \\\n`), command);
      assert.match(command, /-H 'Authorization: Bearer '"\$TOKEN"/);
      assert.ok(command.includes("o'\\''brien@acme.example"), command);
    });

    it("leads to the line of the function that handled it, in a source with lines of 1.5", async () => {
      const page = await open();
      await page.getByRole("link", { name: "src/scim/users.ts" }).click();
      await page.waitForURL(/#L\d+$/);
      const target = page.locator(".source li:target");
      assert.match((await target.textContent()) ?? "", /export function scimUsers\(/);
      const height = (await target.boundingBox())?.height ?? 0;
      // 13 px, and not the 36 px of a list in a card.
      assert.ok(Math.abs(height - 13 * 1.5) < 1, `${height} px`);
      const [first, second] = await Promise.all(["#L1", "#L2"].map((line) => topOf(page, line)));
      assert.ok(Number(second) - Number(first) < 21, `${Number(second) - Number(first)} px`);
    });
  });
});
