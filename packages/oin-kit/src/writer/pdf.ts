import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PDFArray, PDFDict, PDFDocument, PDFName, type PDFObject, PDFRef } from "@cantoo/pdf-lib";
import type { Browser, Page } from "playwright-core";

const origin = "http://guide.invalid/";

/**
 * Prints a document twice: first to find the page of each heading, then with these page numbers in the table of contents.
 * Chromium cannot fill them in, because it does not support target-counter.
 * @param documentWith returns the document as HTML, given the page of each heading's id.
 * @param folder the folder of its pictures.
 */
export async function printPdf(
  browser: Browser,
  documentWith: (pageOf: ReadonlyMap<string, number>) => string,
  folder: URL,
): Promise<Uint8Array> {
  const page = await browser.newPage({ colorScheme: "light" });
  try {
    const pages = await pagesOf(await print(page, documentWith(new Map()), folder));
    const printed = await print(page, documentWith(pages), folder);
    const after = await pagesOf(printed);
    for (const [id, number] of pages) {
      if (after.get(id) !== number) throw new Error(`the contents moved #${id} to another page`);
    }
    return printed;
  } finally {
    await page.close();
  }
}

/** Prints without the network: the page is a string, and its pictures are files. */
async function print(page: Page, html: string, folder: URL): Promise<Uint8Array> {
  await page.unroute("**/*");
  await page.route("**/*", async (route) => {
    const path = route.request().url().slice(origin.length);
    if (path === "") return await route.fulfill({ contentType: "text/html", body: html });
    await route.fulfill({ body: readFileSync(fileURLToPath(new URL(path, folder))) });
  });
  await page.goto(origin, { waitUntil: "load" });
  return await page.pdf({
    preferCSSPageSize: true,
    printBackground: true,
    tagged: true,
    outline: true,
    displayHeaderFooter: true,
    headerTemplate: "<span></span>",
    footerTemplate: `<div style="width:100%;padding:0 18mm;font:8pt system-ui,sans-serif;color:#565c75;display:flex;\
justify-content:space-between"><span class="title"></span><span><span class="pageNumber"></span> / \
<span class="totalPages"></span></span></div>`,
  });
}

/** The page of each named link destination, counted from one (PDF 32000-1 §12.3.2.3). */
async function pagesOf(pdf: Uint8Array): Promise<Map<string, number>> {
  const document = await PDFDocument.load(pdf);
  const numbers = new Map(document.getPages().map((page, index) => [page.ref.toString(), index + 1]));
  const destinations = document.catalog.lookup(PDFName.of("Dests"), PDFDict);
  const found = new Map<string, number>();
  for (const [name, value] of destinations.entries()) {
    const target: PDFObject | undefined = value instanceof PDFRef ? document.context.lookup(value) : value;
    const [page] = target instanceof PDFArray ? target.asArray() : [];
    const number = numbers.get(String(page));
    if (number !== undefined) found.set(name.decodeText(), number);
  }
  return found;
}
