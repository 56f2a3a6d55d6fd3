import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PDFDocument } from "@cantoo/pdf-lib";
import { openBrowser } from "oin-kit/writer/browser";
import { printPdf } from "oin-kit/writer/pdf";
import type { Browser, Page } from "playwright-core";
import { integration } from "../../config/integration.ts";
import { imageFolder } from "../../src/guide/drawings.ts";
import { capabilities, configuredFacts } from "../../src/guide/facts.ts";
import { writeGuide } from "../../src/guide/guide.ts";
import { toHtml } from "../../src/guide/html.ts";
import { standalonePage } from "../../tools/guide/src/document.ts";
import { describeInBrowser, takeSession } from "../helpers/browser.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useSite } from "../helpers/site.ts";

const mostPages = 3;
/** The dialog itself is the browser's. It tells the page that it opens, and the page's root element notes that. */
const noteDialog =
  "addEventListener('beforeprint', () => document.documentElement.setAttribute('data-asked', ''))";
const asked = "html[data-asked]";
const everybody = { origin: integration.origin, tenant: null, key: null };

/** Every name that a template shows a picture by. */
const pictureNames = new Set(
  capabilities
    .map((capability) => readFileSync(`views/guide/${capability}.md.ejs`, "utf8"))
    .flatMap((text) => [...text.matchAll(/figure\("([^"]+)"/g)].map(([, name]) => name ?? "")),
);

describeInBrowser("printed guides", (browser) => {
  it("have every picture that a guide shows", () => {
    const missing = [...pictureNames].filter((name) => !existsSync(join(imageFolder, `${name}.png`)));
    assert.deepEqual(missing, []);
    assert.ok(pictureNames.size > 0);
  });

  let printer: Browser;
  before(async () => {
    const opened = await openBrowser(process.env.CHROMIUM_PATH);
    assert.ok(opened);
    printer = opened;
  });
  after(() => printer.close());

  for (const capability of capabilities) {
    it(`${capability}: has at most ${mostPages} A4 pages with every picture`, async function () {
      this.timeout(60_000);
      const markdown = writeGuide(capability, everybody, configuredFacts, {
        names: pictureNames,
        drawn: new Set(),
      });
      const documentWith = (pageOf: ReadonlyMap<string, number>) =>
        standalonePage(toHtml(markdown, { imageBase: "", pageOf }));
      await assertThreePages(await printPdf(printer, documentWith, pathToFileURL(join(imageFolder, "../"))));
    });
  }

  onOneDatabase((use) => {
    const site = useSite(use);

    async function guidesOf(page: Page): Promise<void> {
      await takeSession(page, site().app, await site().clientOf(site().owner));
      await page.goto(`${site().app.url}/admin/guides`);
    }

    it("save a customer's copy as a PDF with the connection's values, without the console around it", async () => {
      const { acme, app } = site();
      const { key } = await acme.connection({ key: `${acme.tenant.slug}-printed` });
      const page = await browser.open();
      await page.addInitScript(noteDialog);
      await guidesOf(page);
      await page.getByRole("link", { name: `Save as PDF (OpenID Connect for ${key})` }).click();
      await page.locator(asked).waitFor({ state: "attached" });
      assert.match(await page.title(), new RegExp(`\\(${key}\\)`));
      // Chromium prints a page once at a time, and its dialog never ends here.
      await page.goto(page.url().replace("?print", ""));
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      assert.deepEqual(await visibleAroundGuide(page), []);
      const colors =
        "['h1', 'li', 'td', 'code.value'].map((part) => getComputedStyle(document.querySelector('.guide ' + part)).color)";
      assert.deepEqual(
        new Set(await page.evaluate<string[]>(colors)),
        new Set(["rgb(0, 0, 0)"]),
        "dark on white",
      );
      const printed = await page.pdf({ preferCSSPageSize: true });
      await assertThreePages(printed);
      assert.ok((await page.getByText(`${app.url}/oidc/${key}/callback`).count()) > 0);
    });

    it("offer the print dialog on the page of each guide", async () => {
      const page = await browser.open();
      await page.addInitScript(noteDialog);
      for (const capability of capabilities) {
        await page.goto(`${site().app.url}/guides/okta/${capability}`);
        assert.equal(await page.locator(asked).count(), 0);
        await page.getByRole("button", { name: "Print or save as PDF" }).click();
        await page.locator(asked).waitFor({ state: "attached" });
        await page.emulateMedia({ media: "print" });
        assert.deepEqual(await visibleAroundGuide(page), []);
        await page.emulateMedia({ media: "screen" });
      }
    });
  });
});

async function assertThreePages(printed: Uint8Array): Promise<void> {
  const pages = (await PDFDocument.load(printed)).getPages();
  assert.ok(pages.length <= mostPages, `${pages.length} pages`);
  const { width, height } = pages[0]?.getSize() ?? {};
  assert.deepEqual([Math.round(width ?? 0), Math.round(height ?? 0)], [595, 842], "A4");
}

/** Everything that a print shows besides the guide: banners, navigation, footers, buttons. */
async function visibleAroundGuide(page: Page): Promise<string[]> {
  return await page.evaluate<string[]>(`[...document.querySelectorAll(
    "body *:not(:has(.guide)):not(.guide):not(.guide *), .guide button, .guide-forms")]
    .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height > 1)
    .map((element) => element.className || element.tagName)`);
}
