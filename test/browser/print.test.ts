import assert from "node:assert/strict";
import { describeInBrowser, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useSite } from "../helpers/site.ts";

const frame = ".skip-link, .site-header, .site-footer, .sections, main form, main button, main .button";
/** In the page: the parts of its frame that paper would show. */
const shownOfFrame = `[...document.querySelectorAll("${frame}")]
  .filter((part) => part.checkVisibility() && part.offsetWidth > 1)
  .map(({ outerHTML }) => outerHTML.slice(0, 120))`;

/** The guides: printed-guides.test.ts. */
describeInBrowser("a page on paper", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use);

    for (const path of [
      ...["/account", "/admin/activity", "/admin/provisioning", "/admin/people"],
      "/tasks", // sample product
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
  });
});
