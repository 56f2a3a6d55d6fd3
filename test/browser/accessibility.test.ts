import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { obstaclesOn, widths } from "../helpers/accessible.ts";
import { describeInBrowser, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { everyPage, type PageCase } from "../helpers/every-page.ts";
import { useSite } from "../helpers/site.ts";

/** Runs in the page, which has other types than Node. */
const sendForm = `([action, fields]) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(form);
  form.submit();
}`;

const provokePolicy = `(async () => {
  const seen = [];
  document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
  document.body.insertAdjacentHTML("beforeend", '<p style="color: red">x</p>');
  document.body.append(Object.assign(document.createElement("script"), { textContent: "globalThis.ran = true" }));
  for (let tries = 0; seen.length < 2 && tries < 100; tries++) await new Promise((done) => setTimeout(done, 10));
  return { seen: seen.sort(), ran: "ran" in globalThis };
})()`;

/** Opens a page. A page that answers a form is opened by submitting that form. */
async function visit(page: Page, origin: string, { path, form, status }: PageCase): Promise<void> {
  if (!form) {
    assert.equal((await page.goto(origin + path))?.status(), status, path);
    return;
  }
  await page.goto(`${origin}/signed-out`);
  const answered = page.waitForResponse((response) => response.request().method() === "POST");
  const loaded = page.waitForEvent("load");
  await page.evaluate(`(${sendForm})(${JSON.stringify([path, form])})`);
  assert.equal((await answered).status(), status, path);
  await loaded;
}

describeInBrowser("every page in the browser", (browser) => {
  // One database is enough, because the look of a page does not depend on it. test/web/views.test.ts uses both.
  onOneDatabase((use) => {
    const site = useSite(use);
    let pages: PageCase[];
    before(async () => {
      pages = await everyPage(use, site());
    });

    for (const width of widths) {
      it(`is accessible in light and dark mode, and fits a width of ${width} pixels`, async () => {
        const found: string[] = [];
        for (const who of new Set(pages.map(({ as }) => as))) {
          const page = await browser.open({ viewport: { width, height: 800 } });
          if (who) await takeSession(page, site().app, await site().clientOf(who));
          for (const one of pages.filter(({ as }) => as === who)) {
            await visit(page, site().app.url, one);
            found.push(...(await obstaclesOn(page, one.name)));
          }
        }
        assert.deepEqual(found, []);
      }).timeout(300_000);
    }

    it("is reported if it runs an inline script or loads a foreign style", async () => {
      const page = await browser.open();
      await page.goto(`${site().app.url}/login`);
      const blocked = await page.evaluate(provokePolicy);
      assert.deepEqual(blocked, { seen: ["script-src-elem", "style-src-attr"], ran: false });
      const complaints = browser.takeComplaints();
      assert.equal(complaints.length, 2);
      assert.ok(complaints.every((text) => text.includes("Content Security Policy")));
    });
  });
});
