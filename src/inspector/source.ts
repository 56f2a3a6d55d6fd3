import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { NotFoundError } from "../errors.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The lines of a source file of ours. Throws NotFoundError for everything else. */
export async function sourceLines(file: string): Promise<string[]> {
  if (!/^(?:packages\/[a-z-]+\/)?src(\/[a-z][a-z0-9-]*)+\.ts$/.test(file))
    throw new NotFoundError("There is no such file.");
  try {
    return (await readFile(root + file, "utf8")).trimEnd().split("\n");
  } catch (error) {
    throw new NotFoundError("There is no such file.", { cause: error });
  }
}
