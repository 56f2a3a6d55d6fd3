import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { htmlReport } from "oin-kit/check/html-report";
import { runCheck } from "oin-kit/check/run";
import { integration } from "../../config/integration.ts";
import { product } from "../../tools/guide/src/product.ts";
import { obstaclesOn } from "../helpers/accessible.ts";
import { describeInBrowser } from "../helpers/browser.ts";
import { checkout } from "../helpers/readiness.ts";

describeInBrowser("the readiness report", (browser) => {
  let folder: string;
  let address: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "starter-report-"));
    const file = join(folder, "report.html");
    address = pathToFileURL(file).href;
    const manifest = { ...integration, displayName: "x".repeat(65), useCases: ["Task lists" as never] };
    const options = {
      ...{ url: null, scimUrl: null, scimToken: null, idpMetadata: null },
      areas: ["listing" as const],
      connections: [],
    };
    const outcome = await runCheck(options, { ...checkout, product: { ...product, manifest } });
    writeFileSync(file, htmlReport({ ...outcome, left: [{ kind: "user", id: "u1", why: "still there" }] }));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const width of [1280, 390]) {
    it(`is accessible and fits a window of ${width} pixels, in light and dark mode`, async () => {
      const page = await browser.open({ viewport: { width, height: 800 } });
      await page.goto(address);
      assert.deepEqual(await obstaclesOn(page, "the report"), []);
    });
  }

  it("requests nothing but itself, and leads from a failure to its row", async () => {
    const page = await browser.open();
    const requested: string[] = [];
    page.on("request", (request) => requested.push(request.url()));
    await page.goto(address);
    await page.click(".attention a");
    assert.match(page.url(), /#rule-listing-/);
    assert.deepEqual(requested, [address]);
  });
});
