import { readFileSync } from "node:fs";
import { hashOf } from "oin-kit/writer/inputs";
import { printPdf } from "oin-kit/writer/pdf";
import { inputsOf, takeShot } from "oin-kit/writer/pictures";
import type { Browser } from "playwright-core";
import { openSampleConsole, type SampleConsole } from "./console.ts";
import { fileUrl } from "./files.ts";
import { printableGuides } from "./outputs.ts";
import { shotsOf } from "./shots.ts";

/**
 * What a browser makes of the guides: pictures of the console, and PDFs. Each is stale when its inputs changed, which is
 * found out without a browser.
 */
export interface Artifact {
  /** From the root of the repository. */
  path: string;
  /** From what it is made, as a hash. */
  inputs(): Promise<string>;
  make(browser: Browser): Promise<Uint8Array>;
}

/** The program that prints: what it does differently makes every PDF stale. */
const printer = new URL(import.meta.resolve("oin-kit/writer/pdf"));

export function pictures(console: SampleConsole): Artifact[] {
  return shotsOf(console).map((shot) => ({
    path: `docs/guides/images/${shot.name}.png`,
    inputs: () => inputsOf(shot, console),
    make: (browser) => takeShot(browser, shot, console),
  }));
}

/** The pictures that there are are in them, so that these come first. */
export function pdfs(): Artifact[] {
  return printableGuides().map(({ path, html, pictures: shown }) => ({
    path,
    async inputs() {
      const files = [...shown.map(fileUrl), printer].map((file) => readFileSync(file));
      return hashOf([html(new Map()), ...files]);
    },
    make: (browser) => printPdf(browser, html, fileUrl("docs/guides/")),
  }));
}

/** The inputs as they are today, by path. */
export async function currentInputs(): Promise<Map<string, string>> {
  const console = await openSampleConsole();
  try {
    const inputs = new Map<string, string>();
    for (const file of [...pictures(console), ...pdfs()]) inputs.set(file.path, await file.inputs());
    return inputs;
  } finally {
    await console.close();
  }
}
