import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mutant } from "./mutations.ts";

/** A copy of the checkout to change, with its packages linked. */
export interface Tree {
  path: string;
  /** Where what runs in it keeps its temporary files. */
  temporary: string;
  /** Carries out `work` on the copy with a mutant in it, and removes what that leaves. */
  changed<T>(mutant: Mutant, work: () => Promise<T>): Promise<T>;
  remove(): void;
}

const notCopied = [".git", "node_modules", "data", "coverage"];

/** Copies the working folder, with what is not committed. */
export function copyTree(checkout: string): Tree {
  const home = mkdtempSync(join(tmpdir(), "mutants-"));
  // PostgreSQL's server may run as another user, in its temporary folder.
  chmodSync(home, 0o711);
  const path = join(home, "tree");
  const temporary = join(home, "tmp");
  mkdirSync(path);
  mkdirSync(temporary);
  for (const name of readdirSync(checkout).filter((one) => !notCopied.includes(one)))
    cpSync(join(checkout, name), join(path, name), { recursive: true });
  symlinkSync(join(checkout, "node_modules"), join(path, "node_modules"), "junction");
  return {
    path,
    temporary,
    async changed(mutant, work) {
      const file = join(path, mutant.path);
      const text = readFileSync(file, "utf8");
      writeFileSync(file, text.slice(0, mutant.start) + mutant.replacement + text.slice(mutant.end));
      try {
        return await work();
      } finally {
        writeFileSync(file, text);
        clear(temporary);
      }
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** tsx keeps what it compiled there, under names made from the contents: the next run needs it. */
function clear(folder: string): void {
  for (const name of readdirSync(folder).filter((one) => !one.startsWith("tsx-")))
    rmSync(join(folder, name), { recursive: true, force: true });
}
