import { existsSync, readdirSync, statSync } from "node:fs";
import { parseArgs } from "node:util";

export interface MutantsOptions {
  /** Source files, relative to the working folder. */
  files: readonly string[];
  /** The time limit. */
  minutes: number;
  /** Tries every mutant (1), every second one (2), and so on. */
  every: number;
}

export const usage =
  "npm run mutants -- src/oidc [more files and folders of src/ and packages/] [--minutes 30] [--every 2]";

/** The command line is wrong. The message is for the person who typed it. */
export class MutantsUsageError extends Error {}

/** @throws MutantsUsageError */
export function readOptions(words: readonly string[]): MutantsOptions {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        minutes: { type: "string", default: "60" },
        every: { type: "string", default: "1" },
      },
    });
    const files = positionals.flatMap(filesIn);
    if (files.length === 0) throw new MutantsUsageError("Name a file or a folder of src/ or packages/.");
    return { files, minutes: positive(values.minutes), every: positive(values.every) };
  } catch (error) {
    if (error instanceof TypeError) throw new MutantsUsageError(error.message);
    throw error;
  }
}

function filesIn(word: string): string[] {
  const path = word.replace(/\/+$/, "");
  if (!/^(?:src|packages\/[^/]+\/src)(?:\/|$)/.test(path) || !existsSync(path))
    throw new MutantsUsageError(`${word} is not in src/ or the src/ of a package.`);
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => `${path}/${name.replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(".ts"))
    .sort();
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new MutantsUsageError(`${text} is not a number above 0.`);
  return number;
}
