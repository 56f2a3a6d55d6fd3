import assert from "node:assert/strict";
import { describeInBrowser, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useSite } from "../helpers/site.ts";

const frame =
  ".skip-link, .site-header, .site-footer, .sections, main form:not(:has(table)), main button, main .button";
/** In the page: the parts of its frame that paper would show. */
const shownOfFrame = `[...document.querySelectorAll("${frame}")]
  .filter((part) => part.checkVisibility() && part.offsetWidth > 1)
  .map(({ outerHTML }) => outerHTML.slice(0, 120))`;

/** In the page: what paper shows of the times that say how long ago something was. */
const shownOfTimes = `[...document.querySelectorAll('main time:not([data-moment="exact"])')].map((time) => ({
  at: time.dateTime.slice(11, 19),
  hidden: getComputedStyle(time).fontSize === "0px",
  shown: getComputedStyle(time, "::after").content,
}))`;

/** The guides: printed-guides.test.ts. */
describeInBrowser("a page on paper", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use);

    for (const path of [
      ...["/account", "/admin/activity", "/admin/provisioning", "/admin/people"],
      "/tasks", // sample domain
    ]) {
      it(`${path}: has its content alone, dark on white`, async () => {
        const page = await browser.open();
        await takeSession(page, site().app, await site().clientOf(site().owner));
        await page.goto(site().app.url + path);
        assert.notDeepEqual(await page.evaluate(shownOfFrame), []);
        await page.emulateMedia({ media: "print", colorScheme: "dark" });
        assert.deepEqual(await page.evaluate(shownOfFrame), []);
        const heading = page.getByRole("heading", { level: 1 });
        assert.ok(await heading.isVisible());
        const color = await page.evaluate<string>("getComputedStyle(document.querySelector('h1')).color");
        assert.doesNotMatch(color, /rgb\(2\d\d/);
      });
    }

    it("/admin/people: has the people, although they are in the form for selected ones", async () => {
      const page = await browser.open();
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(`${site().app.url}/admin/people`);
      await page.emulateMedia({ media: "print" });
      assert.ok(await page.getByRole("cell", { name: site().owner.loginName }).first().isVisible());
    });

    for (const javaScriptEnabled of [true, false])
      it(`has exact times in place of "3 min ago" ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
        // The reader's zone is not UTC, which paper names.
        const page = await browser.open({ javaScriptEnabled, timezoneId: "Asia/Kolkata" });
        await takeSession(page, site().app, await site().clientOf(site().owner));
        await page.goto(`${site().app.url}/account`);
        await page.emulateMedia({ media: "print" });
        const times = await page.evaluate<{ at: string; hidden: boolean; shown: string }[]>(shownOfTimes);
        assert.ok(times.length > 0);
        for (const { at, hidden, shown } of times) {
          assert.ok(hidden);
          assert.match(shown, new RegExp(`^"\\d+ \\w+ \\d{4}, ${at} UTC"$`));
        }
      });
  });
});
