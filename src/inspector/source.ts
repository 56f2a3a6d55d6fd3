import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brand } from "../../config/brand.ts";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The lines of one of the application's source files. Throws NotFoundError for any other path. */
export async function sourceLines(file: string): Promise<string[]> {
  if (!/^(?:packages\/[a-z-]+\/)?src(\/[a-z][a-z0-9-]*)+\.ts$/.test(file))
    throw new NotFoundError("There is no such file.");
  try {
    return (await readFile(root + file, "utf8")).trimEnd().split("\n");
  } catch (error) {
    throw new NotFoundError("There is no such file.", { cause: error });
  }
}

/** The file that handled a message, and the function in it. Messages of earlier versions name no function. */
interface Handled {
  file: string;
  handler?: string;
}

/**
 * The address of the source that handled a message: at the line of its function, in the public repository or, in
 * development, on our own page. Null if there is neither.
 */
export async function sourceUrl({ file, handler }: Handled, showsSource: boolean): Promise<string | null> {
  const { sourceUrl: repository } = brand;
  if (!repository && !showsSource) return null;
  const page = repository
    ? repository + file
    : `${paths.admin.inspectorSource}?file=${encodeURIComponent(file)}`;
  const line = handler === undefined ? null : await lineOf(file, handler);
  return line === null ? page : `${page}#L${line}`;
}

/** The number of the line that declares a function; null if the file has none, or is not there. */
async function lineOf(file: string, handler: string): Promise<number | null> {
  const declaration = new RegExp(String.raw`^\s*(?:export )?(?:async )?(?:function|const) ${handler}\b`);
  const lines = await sourceLines(file).catch(() => []);
  const index = lines.findIndex((line) => declaration.test(line));
  return index === -1 ? null : index + 1;
}
