import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { CheckInputError } from "./input-error.ts";
import type { CheckDeps } from "./run.ts";

/** The exports of the module that describes a product. */
export type ProductModule = Pick<CheckDeps, "product" | "published" | "guideFiles" | "version">;

const noProduct: ProductModule = {
  product: null,
  published: null,
  guideFiles: () => Promise.resolve(new Map()),
};

/**
 * Loads the module that describes the product: `named`, or else the one under `oinKit` in the nearest package.json, first
 * above the current folder and then above the kit itself. Throws CheckInputError if `named` does not exist.
 */
export async function loadProduct(named: string | undefined): Promise<ProductModule> {
  if (named !== undefined && !existsSync(named))
    throw new CheckInputError(`--product: there is no ${named}.`);
  const own = dirname(fileURLToPath(import.meta.url));
  const file = named === undefined ? (namedAbove(process.cwd()) ?? namedAbove(own)) : resolve(named);
  if (file === null) return noProduct;
  return (await import(pathToFileURL(file).href)) as ProductModule;
}

function namedAbove(folder: string): string | null {
  const file = join(folder, "package.json");
  const { oinKit } = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { oinKit?: unknown }) : {};
  if (typeof oinKit === "string") return join(folder, oinKit);
  const above = dirname(folder);
  return above === folder ? null : namedAbove(above);
}
