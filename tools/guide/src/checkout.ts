/**
 * Describes this checkout to `oin-check`: the product, the published values, and the guides' pictures and PDFs. package.json
 * names this file under `oinKit`.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { ProductModule } from "oin-kit/check/load-product";
import { recordedInputs } from "oin-kit/writer/inputs";
import { fileUrl, inputsFile } from "./files.ts";
import { publishedValues } from "./outputs.ts";

export { product } from "./product.ts";

export const published: ProductModule["published"] = publishedValues();

/** The version of this checkout, for the readiness report. */
export const version = versionOf(readFileSync(fileUrl("package.json"), "utf8"));

function versionOf(packageJson: string): string {
  return (JSON.parse(packageJson) as { version: string }).version;
}

/** The pictures and PDFs of the guides, and whether they are out of date. */
export const guideFiles: ProductModule["guideFiles"] = async () => {
  // Imported on demand, because it loads the whole application.
  const { currentInputs } = await import("./artifacts.ts");
  const current = await currentInputs();
  const recorded = recordedInputs(inputsFile);
  // A drawing that the ISV replaced has a record until the next npm run guide, but no inputs: it cannot be stale.
  const paths = Object.keys(recorded).filter((path) => existsSync(fileUrl(path)) && current.has(path));
  return new Map(
    paths.map((path) => {
      const bytes = readFileSync(fileUrl(path));
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return [path.replace("docs/guides/", ""), { sha256, stale: current.get(path) !== recorded[path] }];
    }),
  );
};
