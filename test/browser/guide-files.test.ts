import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { PDFDocument } from "@cantoo/pdf-lib";
import axe from "axe-core";
import { openBrowser } from "oin-kit/writer/browser";
import { printPdf } from "oin-kit/writer/pdf";
import { toHtml } from "../../src/guide/html.ts";
import { standalonePage } from "../../tools/guide/src/document.ts";
import { fileUrl } from "../../tools/guide/src/files.ts";
import { describeInBrowser } from "../helpers/browser.ts";

const files = [
  "docs/guides/oidc.html",
  "docs/guides/saml.html",
  "docs/guides/scim.html",
  "docs/oin/submission.html",
];

describeInBrowser("guides as files", (browser) => {
  for (const file of files) {
    it(`${file} opens from a disk, is accessible, and fits a phone`, async () => {
      for (const colorScheme of ["light", "dark"] as const) {
        const page = await browser.open({ viewport: { width: 390, height: 800 }, colorScheme });
        const requested: string[] = [];
        page.on("request", (request) => requested.push(request.url()));
        await page.goto(pathToFileURL(file).href);
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate<axe.AxeResults>("axe.run()");
        const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
        assert.deepEqual(
          serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`),
          [],
        );
        const width = await page.evaluate<number>("document.documentElement.scrollWidth");
        assert.equal(width, 390, "nothing reaches beyond the edge of a phone");
        assert.deepEqual(
          requested.filter((url) => !/^(file|data):/.test(url)),
          [],
          "nothing is loaded from elsewhere",
        );
      }
    });
  }

  it("copies exactly the value next to the button", async () => {
    const page = await browser.open();
    await page.clock.install();
    await page.goto(pathToFileURL("docs/oin/submission.html").href);
    // A busy machine may miss the two seconds for which the button says so, so the test controls the clock.
    await page.clock.pauseAt(Date.now() + 60_000);
    const row = page.getByRole("row", { name: /^Default ACS URL/ });
    await row.getByRole("button", { name: "Copy" }).click();
    await row.getByRole("button", { name: /Copied|Selected/ }).waitFor();
    await page.clock.runFor(2_000);
    await row.getByRole("button", { name: "Copy" }).waitFor();
    const value = await row.locator("code").textContent();
    assert.match(value ?? "", /^https:\/\/[^{]+\$\{org\.\w+\}\/acs$/);
  });

  it("prints the page number of each heading in the contents", async () => {
    const filler = Array.from({ length: 240 }, (_, line) => `Line ${line}.`).join("\n\n");
    const sections = ["One", "Two", "Three"].map((name) => `## ${name}\n\n${filler}`).join("\n\n");
    const markdown = `# Title\n\n## Contents\n\n[[contents]]\n\n${sections}\n`;
    const seen: ReadonlyMap<string, number>[] = [];
    const chromium = await openBrowser(process.env.CHROMIUM_PATH);
    assert.ok(chromium);
    try {
      const documentWith = (pageOf: ReadonlyMap<string, number>) => {
        seen.push(pageOf);
        return standalonePage(toHtml(markdown, { imageBase: "", pageOf }));
      };
      const printed = await printPdf(chromium, documentWith, fileUrl("docs/guides/"));
      const [before, after] = seen;
      assert.equal(before?.size, 0);
      const pages = ["one", "two", "three"].map((id) => after?.get(id) ?? 0);
      const [one = 0, two = 0, three = 0] = pages;
      assert.ok(one === 1 && two > one && three > two, pages.join());
      const pdf = await PDFDocument.load(printed);
      assert.ok(pdf.getPageCount() >= three);
    } finally {
      await chromium.close();
    }
  });
});
