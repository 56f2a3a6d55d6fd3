/**
 * `npm run guide`: writes the configuration guides to docs/guides/, the submission package to docs/oin/ and the pictures of
 * flows to docs/explanation/pictures/.
 *
 * Only pictures and PDFs need Chromium. Files that are up to date are not written, and neither are the ISV's screenshots
 * of Okta. `-- --published` also stores the values as those of the published integration; later values are compared with
 * them.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { InconsistentManifestError } from "oin-kit/manifest-rules";
import { openBrowser } from "oin-kit/writer/browser";
import { recordedInputs, recordInputs } from "oin-kit/writer/inputs";
import type { Browser } from "playwright-core";
import { processEnvironment } from "../../../src/environment.ts";
import { drawingsFile, hashOfPicture, recordedDrawings } from "../../../src/guide/drawings.ts";
import { type Artifact, openSamples, pdfs } from "./artifacts.ts";
import { fileUrl, inputsFile, publishedFile } from "./files.ts";
import { flowPictures } from "./flows.ts";
import { currentSubmission, guideTexts, submissionTexts } from "./outputs.ts";
import { policyTexts } from "./policies.ts";

const words = process.argv.slice(2);
const unknown = words.filter((word) => word !== "--published");
if (unknown.length > 0) {
  process.stderr.write(`npm run guide knows --published, not ${unknown.join(" ")}.\n`);
  process.exitCode = 1;
} else await main(words.includes("--published"));

async function main(published: boolean): Promise<void> {
  for (const folder of [
    "docs/guides/images",
    "docs/guides/providers",
    "docs/oin",
    "docs/explanation/pictures",
  ])
    mkdirSync(fileUrl(folder), { recursive: true });
  const samples = await openSamples();
  forget(samples.replaced);
  const missing = await withBrowser(async (browser) => {
    const missingPictures = await renewStale(samples.pictures, browser); // first: guides show existing pictures only
    writeTexts(guideTexts());
    return [...missingPictures, ...(await renewStale(pdfs(), browser))];
  });
  await samples.close();
  if (missing.length > 0) {
    process.stdout.write(
      `Not written, because Chromium was not found: ${missing.join(", ")}. Install it, or name it in CHROMIUM_PATH, and run this again.\n`,
    );
  }
  writeTexts(policyTexts());
  writeTexts(await flowPictures());
  writeSubmission(published);
}

function writeSubmission(published: boolean): void {
  try {
    const submission = currentSubmission();
    writeTexts(submissionTexts(submission));
    const remarks = [...submission.remarks.map(({ message }) => message), ...(submission.breaks ?? [])];
    for (const remark of remarks) process.stderr.write(`Warning: ${remark}\n`);
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

/** Creates artifacts that are missing or stale. Returns the paths of those that it could not, for lack of a browser. */
async function renewStale(
  artifacts: readonly Artifact[],
  browser: () => Promise<Browser | null>,
): Promise<string[]> {
  const missing: string[] = [];
  for (const { path, isDrawing, inputs, make } of artifacts) {
    const recorded = recordedInputs(inputsFile);
    const wanted = await inputs();
    const current = recorded[path] === wanted && existsSync(fileUrl(path));
    const chromium = current ? null : await browser();
    if (!current && !chromium) missing.push(path);
    if (chromium) {
      const bytes = await make(chromium);
      writeFileSync(fileUrl(path), bytes);
      if (isDrawing)
        recordInputs(drawingsFile, { ...recordedDrawings(), [basename(path)]: hashOfPicture(bytes) });
      recordInputs(inputsFile, { ...recorded, [path]: wanted });
    }
    if (current || chromium) say(path, current);
  }
  return missing;
}

/** Removes the records of drawings that the ISV replaced. */
function forget(replaced: readonly string[]): void {
  const [inputs, drawings] = [recordedInputs(inputsFile), recordedDrawings()];
  for (const path of replaced) process.stdout.write(`yours    ${path}\n`);
  const recorded = replaced.filter((path) => path in inputs || basename(path) in drawings);
  for (const path of recorded) {
    delete inputs[path];
    delete drawings[basename(path)];
  }
  if (recorded.length === 0) return;
  recordInputs(inputsFile, inputs);
  recordInputs(drawingsFile, drawings);
}

/** Runs `work` with a function that starts the browser when it is first needed. */
async function withBrowser<Result>(work: (browser: () => Promise<Browser | null>) => Promise<Result>) {
  let opened: Promise<Browser | null> | undefined;
  const browser = () => {
    opened ??= openBrowser(processEnvironment().CHROMIUM_PATH);
    return opened;
  };
  try {
    return await work(browser);
  } finally {
    await (await opened)?.close();
  }
}

function say(path: string, current: boolean): void {
  process.stdout.write(`${current ? "current" : "written"}  ${path}\n`);
}
