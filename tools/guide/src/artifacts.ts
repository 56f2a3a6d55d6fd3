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
 * A file that only a browser can create: a picture of the console, or a PDF. It is stale once its inputs have changed;
 * computing the inputs needs no browser.
 */
export interface Artifact {
  /** The path from the root of the repository. */
  path: string;
  /** A hash of everything that the file is created from. */
  inputs(): Promise<string>;
  make(browser: Browser): Promise<Uint8Array>;
}

/** The PDF writer is an input of every PDF, so a change of it makes them all stale. */
const printer = new URL(import.meta.resolve("oin-kit/writer/pdf"));

export function pictures(sample: SampleConsole): Artifact[] {
  return shotsOf(sample).map((shot) => ({
    path: `docs/guides/images/${shot.name}.png`,
    inputs: () => inputsOf(shot, sample),
    make: (browser) => takeShot(browser, shot, sample),
  }));
}

/** The printed guides. They contain the pictures, so create the pictures first. */
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

/** The hash of the current inputs of each artifact, by path. */
export async function currentInputs(): Promise<Map<string, string>> {
  const sample = await openSampleConsole();
  try {
    const inputs = new Map<string, string>();
    for (const artifact of [...pictures(sample), ...pdfs()])
      inputs.set(artifact.path, await artifact.inputs());
    return inputs;
  } finally {
    await sample.close();
  }
}
