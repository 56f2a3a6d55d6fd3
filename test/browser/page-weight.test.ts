import assert from "node:assert/strict";
import { describeInBrowser, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { everyPage } from "../helpers/every-page.ts";
import { useSite } from "../helpers/site.ts";
import { visit } from "../helpers/visit.ts";
import { type Weight, weigh } from "../helpers/weigh.ts";

const limits: [what: string, isTooMuch: (weight: Weight, answersForm: boolean) => boolean][] = [
  ["more than 60 kB without pictures", ({ bytes }, answersForm) => !answersForm && bytes > 60_000],
  // Answers to forms show secrets or what was sent, so they are not compressed (BREACH).
  ["more than 75 kB without pictures", ({ bytes }) => bytes > 75_000],
  // A guide is read once, and shows each screen of Okta.
  ["more than 300 kB in all", ({ bytes, pictureBytes }) => bytes + pictureBytes > 300_000],
  ["more than 20 kB of scripts", ({ scriptBytes }) => scriptBytes > 20_000],
  ["more than 24 requests", ({ requests }) => requests > 24],
  ["a layout shift", ({ shift }) => shift > 0],
];

describeInBrowser("the weight of every page", (browser) => {
  onOneDatabase((use) => {
    const site = useSite(use);

    it("stays within its limits on a first visit, on a phone, and nothing moves after the first paint", async () => {
      const pages = await everyPage(use, site());
      const found: string[] = [];
      for (const who of new Set(pages.map(({ as }) => as))) {
        const first = await browser.open({ viewport: { width: 390, height: 844 } });
        if (who) await takeSession(first, site().app, await site().clientOf(who));
        for (const one of pages.filter(({ as }) => as === who)) {
          const weight = await weigh(first.context(), (page) => visit(page, site().app.url, one));
          const tooMuch = limits.filter(([, isTooMuch]) => isTooMuch(weight, one.form !== undefined));
          found.push(...tooMuch.map(([what]) => `${one.name}: ${what}: ${JSON.stringify(weight)}`));
        }
      }
      assert.deepEqual(found, []);
    }).timeout(600_000);

    it("is measured: bytes, scripts, and what moves late", async () => {
      const page = await browser.open();
      const weight = await weigh(page.context(), async (opened) => {
        await opened.route("**/heavy", (route) =>
          route.fulfill({
            contentType: "text/html",
            body: `<p>${"x".repeat(70_000)}</p><div id="moved">moved</div>`,
          }),
        );
        await opened.goto(`${site().app.url}/heavy`);
        await opened.evaluate(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
          document.body.prepend(Object.assign(document.createElement("p"), { textContent: "late" }));
          requestAnimationFrame(() => requestAnimationFrame(done));
        })))`);
      });
      assert.ok(weight.shift > 0, JSON.stringify(weight));
    });
  });
});
