import assert from "node:assert/strict";
import { obstaclesAtEachWidth } from "../helpers/accessible.ts";
import { describeInBrowser, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { everyPage, type PageCase } from "../helpers/every-page.ts";
import { mailServerOf } from "../helpers/mail.ts";
import { useSite } from "../helpers/site.ts";
import { visit } from "../helpers/visit.ts";

const provokePolicy = `(async () => {
  const seen = [];
  document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
  document.body.insertAdjacentHTML("beforeend", '<p style="color: red">x</p>');
  document.body.append(Object.assign(document.createElement("script"), { textContent: "globalThis.ran = true" }));
  for (let tries = 0; seen.length < 2 && tries < 100; tries++) await new Promise((done) => setTimeout(done, 10));
  return { seen: seen.sort(), ran: "ran" in globalThis };
})()`;

describeInBrowser("every page in the browser", (browser) => {
  // One database is enough, because the look of a page does not depend on it. test/web/views.test.ts uses both.
  onOneDatabase((use) => {
    // With mail; test/web/views.test.ts is without.
    const site = useSite(use, { mail: mailServerOf({ url: "smtp://127.0.0.1:1" }) });
    let pages: PageCase[];
    before(async () => {
      const path = `/login/password/${site().acme.tenant.slug}/forgotten`;
      const form = { loginName: site().owner.loginName };
      const asked = { name: "a forgotten password that was asked for", status: 200, as: null, path, form };
      pages = [...(await everyPage(use, site())), asked];
    });

    it("is accessible on a phone and a desktop, in light and dark mode, and never scrolls sideways", async () => {
      const found: string[] = [];
      for (const who of new Set(pages.map(({ as }) => as))) {
        const waiting = pages.filter(({ as }) => as === who);
        // Two pages at a time, each with a session of its own, which keeps what its forms answered.
        await Promise.all(
          [1, 2].map(async () => {
            const page = await browser.open();
            if (who) await takeSession(page, site().app, await site().clientOf(who));
            for (let one = waiting.shift(); one; one = waiting.shift()) {
              await visit(page, site().app.url, one);
              found.push(...(await obstaclesAtEachWidth(page, one.name)));
            }
          }),
        );
      }
      assert.deepEqual(found, []);
    }).timeout(600_000);

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
