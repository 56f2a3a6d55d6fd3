import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { hashOf } from "oin-kit/writer/inputs";
import { printPdf } from "oin-kit/writer/pdf";
import { inputsOf, type Shot, type Site, takeShot } from "oin-kit/writer/pictures";
import type { Browser } from "playwright-core";
import { isDrawing } from "../../../src/guide/drawings.ts";
import { openSampleConsole } from "./console.ts";
import { fileUrl } from "./files.ts";
import { openSampleOrg } from "./org.ts";
import { shotsOfOrg } from "./org-shots.ts";
import { printableGuides } from "./outputs.ts";
import { shotsOf } from "./shots.ts";

/**
 * A file that only a browser can create: a picture, or a PDF. It is stale once its inputs have changed; computing the
 * inputs needs no browser.
 */
export interface Artifact {
  /** The path from the root of the repository. */
  path: string;
  /** Whether it is a drawing of a screen of Okta's, which the ISV may replace by a screenshot of the same name. */
  isDrawing: boolean;
  /** A hash of everything that the file is created from. */
  inputs(): Promise<string>;
  make(browser: Browser): Promise<Uint8Array>;
}

/** The product and the org of which pictures are taken. */
export interface Samples {
  /** The pictures, without the drawings that the ISV replaced. */
  pictures: Artifact[];
  /** The paths of the screenshots that the ISV put in place of drawings. */
  replaced: string[];
  close(): Promise<void>;
}

/** The PDF writer is an input of every PDF, so a change of it makes them all stale. */
const printer = new URL(import.meta.resolve("oin-kit/writer/pdf"));

export async function openSamples(): Promise<Samples> {
  const [product, org] = [await openSampleConsole(), await openSampleOrg()];
  const drawings = shotsOfOrg(org).map((shot) => pictureOf(shot, org, true));
  const replaced = drawings.map(({ path }) => path).filter(isReplaced);
  return {
    pictures: [
      ...shotsOf(product).map((shot) => pictureOf(shot, product, false)),
      ...drawings.filter(({ path }) => !replaced.includes(path)),
    ],
    replaced,
    async close() {
      await Promise.all([product.close(), org.close()]);
    },
  };
}

function pictureOf(shot: Shot, site: Site, drawing: boolean): Artifact {
  return {
    path: `docs/guides/images/${shot.name}.png`,
    isDrawing: drawing,
    inputs: () => inputsOf(shot, site),
    make: (browser) => takeShot(browser, shot, site),
  };
}

function isReplaced(path: string): boolean {
  return existsSync(fileUrl(path)) && !isDrawing(basename(path));
}

/** The printed guides. They contain the pictures, so create the pictures first. */
export function pdfs(): Artifact[] {
  return printableGuides().map(({ path, html, pictures: shown }) => ({
    path,
    isDrawing: false,
    async inputs() {
      const files = [...shown.map(fileUrl), printer].map((file) => readFileSync(file));
      return hashOf([html(new Map()), ...files]);
    },
    make: (browser) => printPdf(browser, html, fileUrl("docs/guides/")),
  }));
}

/** The hash of the current inputs of each artifact, by path. */
export async function currentInputs(): Promise<Map<string, string>> {
  const samples = await openSamples();
  try {
    const inputs = new Map<string, string>();
    for (const artifact of [...samples.pictures, ...pdfs()])
      inputs.set(artifact.path, await artifact.inputs());
    return inputs;
  } finally {
    await samples.close();
  }
}
