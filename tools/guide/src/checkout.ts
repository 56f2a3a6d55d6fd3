/**
 * What `oin-check` is told of this checkout; package.json names this file under `oinKit`. The product, the values that were
 * published, and the pictures and PDFs of the guides.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { ProductModule } from "oin-kit/check/load-product";
import { recordedInputs } from "oin-kit/writer/inputs";
import { fileUrl, inputsFile } from "./files.ts";
import { publishedValues } from "./outputs.ts";

export { product } from "./product.ts";

export const published: ProductModule["published"] = publishedValues();

/** The pictures and PDFs of the guides, and whether they would be made otherwise today. */
export const guideFiles: ProductModule["guideFiles"] = async () => {
  // It runs the whole application to take its pictures: only whoever asks waits for it.
  const { currentInputs } = await import("./artifacts.ts");
  const current = await currentInputs();
  const recorded = recordedInputs(inputsFile);
  const paths = Object.keys(recorded).filter((path) => existsSync(fileUrl(path)));
  return new Map(
    paths.map((path) => {
      const bytes = readFileSync(fileUrl(path));
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return [path.replace("docs/guides/", ""), { sha256, stale: current.get(path) !== recorded[path] }];
    }),
  );
};
