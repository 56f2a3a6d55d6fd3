/**
 * `npm run guide`: writes the configuration guides to docs/guides/ and the submission package to docs/oin/.
 *
 * PDFs need Chromium; everything else is written without it. What is current is left alone. `-- --published` also keeps
 * the values as those of the published integration, with which later ones are compared. A composition root: may import
 * every room but the demo.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { processEnvironment } from "../config.ts";
import { InconsistentManifestError } from "../oin/manifest-rules.ts";
import { openBrowser } from "./browser.ts";
import { recordedInputs, recordInputs } from "./inputs.ts";
import { fileUrl, guideTexts, printedGuides, publishedFile, submissionTexts } from "./outputs.ts";
import { printPdf } from "./print.ts";

const words = process.argv.slice(2);
const unknown = words.filter((word) => word !== "--published");
if (unknown.length > 0) {
  process.stderr.write(`npm run guide knows --published, not ${unknown.join(" ")}.\n`);
  process.exitCode = 1;
} else await main(words.includes("--published"));

async function main(published: boolean): Promise<void> {
  for (const folder of ["docs/guides/images", "docs/oin"]) mkdirSync(fileUrl(folder), { recursive: true });
  writeTexts(guideTexts());
  await printGuides();
  try {
    writeTexts(submissionTexts());
    if (published) copyFileSync(fileUrl("docs/oin/values.json"), publishedFile);
  } catch (error) {
    if (!(error instanceof InconsistentManifestError)) throw error;
    process.stderr.write(
      `docs/oin/ was not written: config/integration.ts cannot be submitted.\n${error.message}\n`,
    );
    process.exitCode = 1;
  }
}

function writeTexts(files: ReadonlyMap<string, string>): void {
  for (const [path, text] of files) {
    const url = fileUrl(path);
    const current = existsSync(url) && readFileSync(url, "utf8") === text;
    if (!current) writeFileSync(url, text);
    say(path, current);
  }
}

async function printGuides(): Promise<void> {
  const recorded = recordedInputs();
  const guides = printedGuides();
  const isCurrent = ({ path, inputs }: { path: string; inputs: string }) =>
    recorded[path] === inputs && existsSync(fileUrl(path));
  const stale = guides.filter((guide) => !isCurrent(guide));
  for (const { path } of guides.filter(isCurrent)) say(path, true);
  if (stale.length === 0) return;
  const browser = await openBrowser(processEnvironment().CHROMIUM_PATH);
  if (!browser) {
    const names = stale.map(({ path }) => path).join(", ");
    process.stdout.write(
      `Not written, because Chromium was not found: ${names}. Install it, or set CHROMIUM_PATH, and run this again.\n`,
    );
    return;
  }
  try {
    for (const { path, inputs, html } of stale) {
      writeFileSync(fileUrl(path), await printPdf(browser, html));
      recorded[path] = inputs;
      recordInputs(recorded);
      say(path, false);
    }
  } finally {
    await browser.close();
  }
}

function say(path: string, current: boolean): void {
  process.stdout.write(`${current ? "current" : "written"}  ${path}\n`);
}
