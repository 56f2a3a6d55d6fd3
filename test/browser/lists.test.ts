import assert from "node:assert/strict";
import type { BrowserContextOptions, Page } from "playwright-core";
import { forTenant } from "../../src/store/tenant-store.ts";
import { describeInBrowser, tabTo, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { assertSeen } from "../helpers/seen.ts";
import { useSite } from "../helpers/site.ts";

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const firstRow = "document.querySelector('.list tbody tr:not(.day)').getBoundingClientRect()";

describeInBrowser("lists in the console", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let times: { now: number };
    before(async () => {
      const { store, tenant } = site().acme;
      for (const name of ["ada", "alan", "barbara"]) await createLocalAccount(store, `${name}@acme.example`);
      await store.groups.create({ id: "g", displayName: "Group", sourceId: null, sourceKey: null });
      await store.tombstones.add("t", "gone@acme.example", []);
      const noon = new Date().setUTCHours(12, 0, 0, 0);
      times = { now: noon };
      // 23:30 and 00:30 UTC are one day in Tokyo, and two days in UTC.
      for (const at of [noon - 60_000, noon - 11.5 * 3_600_000, noon - 12.5 * 3_600_000])
        await forTenant(use().database, tenant.id, () => at).activity.record({
          actorKind: "provisioning",
          actor: "default (oinscim_1234…)",
          action: "user.created",
          targetId: null,
          changed: [],
          requestId: "r",
        });
    });

    const open = async (path: string, options: BrowserContextOptions = {}, isTimed = true): Promise<Page> => {
      const page = await browser.open(options);
      await takeSession(page, site().app, await site().clientOf(site().owner));
      if (isTimed) await page.clock.install({ time: times.now });
      await page.goto(site().app.url + path);
      return page;
    };
    const names = (page: Page) => page.locator(".list tbody .named a").allTextContents();

    for (const path of ["people", "people/deleted", "groups", "activity"]) {
      it(`has its first row at most 420 px from the top of a phone's page, and rows of 44 px: ${path}`, async () => {
        const small = await open(`/admin/${path}`, phone);
        const top = await small.evaluate<number>(`${firstRow}.top`);
        assert.ok(top > 0 && top < 420, `${top}`);
        assert.equal(await small.evaluate("document.documentElement.scrollWidth"), 390);
        const wide = await open(`/admin/${path}`, { viewport: { width: 1280, height: 800 } });
        const { top: y, height } = await wide.evaluate<DOMRect>(`${firstRow}.toJSON()`);
        assert.ok(y < 360, `${y}`);
        assert.ok(Math.abs(height - 44) <= 1, `${height}`);
      });
    }

    it("applies a filter and a search on change, and leaves the focus where it is", async () => {
      const page = await open("/admin/people", { viewport: { width: 1280, height: 800 } });
      assert.equal((await names(page)).length, 4);
      await page.selectOption("#role", "owner");
      await page.waitForURL("**/admin/people?role=owner");
      await page.locator(".list tbody tr").nth(1).waitFor({ state: "detached" });
      assert.deepEqual(await names(page), ["owner@acme.example"]);
      await page.selectOption("#role", "");
      await page.locator("#q").pressSequentially("ala");
      await page.clock.runFor(300);
      await page.waitForURL("**/admin/people?q=ala");
      assert.deepEqual(await names(page), ["alan@acme.example"]);
      assert.equal(await page.evaluate("document.activeElement.id"), "q");
      await page.fill("#q", "zz");
      await page.clock.runFor(300);
      await page.getByRole("heading", { name: "No matching people" }).waitFor();
      await page.getByRole("link", { name: "Clear" }).click();
      await page.waitForURL("**/admin/people");
      assert.equal((await names(page)).length, 4);
    });

    it("applies the filters of a phone's sheet together, by its button", async () => {
      const page = await open("/admin/people", phone);
      await page.getByRole("button", { name: "Filters" }).tap();
      await page.selectOption("#role", "member");
      await page.selectOption("#origin", "local");
      assert.equal(new URL(page.url()).search, "");
      await page.getByRole("button", { name: "Apply" }).tap();
      await page.waitForURL("**/admin/people?**role=member**");
      assert.equal((await names(page)).length, 3);
      await page.getByRole("button", { name: "Filters (2)" }).waitFor();
    });

    it("filters and selects without a script", async () => {
      const page = await browser.open({ javaScriptEnabled: false, viewport: { width: 1280, height: 800 } });
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(`${site().app.url}/admin/people`);
      await page.fill("#q", "ala");
      await page.getByRole("button", { name: "Apply" }).click();
      assert.deepEqual(await names(page), ["alan@acme.example"]);
      await page.getByLabel("Select alan@acme.example").check();
      await page.getByRole("button", { name: "Sign out everywhere" }).click();
      await page.getByRole("heading", { name: "Sign out everywhere: 1 person" }).waitFor();
    });

    it("acts on several people by keyboard, and says what happened", async () => {
      const page = await open("/admin/people", { viewport: { width: 1280, height: 800 } }, false);
      assert.equal(await page.getByRole("button", { name: "Block", exact: true }).isVisible(), false);
      for (const name of ["ada", "alan"]) {
        await tabTo(page, `Select ${name}@acme.example`);
        await page.keyboard.press("Space");
      }
      assert.equal(await page.locator("[data-selected]").textContent(), "2 selected");
      await page.getByRole("button", { name: "Block", exact: true }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Block: 2 people" }).waitFor();
      await tabTo(page, "Block now");
      await page.keyboard.press("Enter");
      await assertSeen(page, "ada@acme.example and alan@acme.example are blocked and signed out everywhere.");
      await page.getByLabel("Select all on this page").check();
      assert.equal(await page.locator("[data-selected]").textContent(), "4 selected");
      await page.keyboard.press("Escape");
      assert.equal(await page.locator("tbody :checked").count(), 4, "Escape outside of the list keeps them");
      await page.locator("tbody input").first().focus();
      await page.keyboard.press("Escape");
      assert.equal(await page.locator("tbody :checked").count(), 0);
    });

    it("sorts by the headings, which say the order", async () => {
      const page = await open("/admin/people", { viewport: { width: 1280, height: 800 } });
      const order = () =>
        page
          .locator("th[aria-sort]")
          .evaluateAll((found) => found.map((one) => `${one.textContent.trim()} ${one.ariaSort}`));
      assert.deepEqual(await order(), ["Name ascending"]);
      const first = await names(page);
      await page.getByRole("link", { name: "Name" }).click();
      assert.deepEqual(await order(), ["Name descending"]);
      assert.deepEqual(await names(page), first.toReversed());
      await page.getByRole("link", { name: "Last sign-in" }).click();
      assert.deepEqual(await order(), ["Last sign-in descending"]);
    });

    it("says times as people do, keeps them true, and has the exact time in the title", async () => {
      const page = await open("/admin/activity", { timezoneId: "UTC" });
      const time = page.locator(".list time").first();
      assert.equal(await time.textContent(), "1 min ago");
      assert.match((await time.getAttribute("title")) ?? "", /11:59:00 UTC\n.*11:59:00 UTC$/);
      await page.clock.fastForward(4 * 60_000);
      assert.equal(await time.textContent(), "5 min ago");
      const headings = () => page.locator("[data-day-text]").allTextContents();
      assert.deepEqual(await headings(), ["Today", "Yesterday"]);
    });

    it("groups a list by the days of the reader's zone", async () => {
      const page = await open("/admin/activity", { timezoneId: "Asia/Tokyo" });
      const rows = await page
        .locator(".list tbody tr")
        .evaluateAll((found) =>
          found.map(
            (row) => (row.querySelector("[data-day-text]") ?? row.querySelector("time"))?.textContent,
          ),
        );
      assert.deepEqual(rows, ["Today", "1 min ago", "09:30", "08:30"]);
    });
  });
});
