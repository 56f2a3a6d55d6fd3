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

/** Replaces `length` UTF-16 units of a file at an offset. */
interface Edit {
  at: number;
  length: number;
  text: string;
}

/** A copy of the checkout that can be changed. Its node_modules is a link. */
export interface Tree {
  path: string;
  /** The temporary folder of programs that run in it. */
  temporary: string;
  /** Runs `work` while the copy contains a mutant, then restores it. */
  changed<T>(mutant: Mutant, work: () => Promise<T>): Promise<T>;
  /** Runs `work` while every mutant's place reports its number to the probe (probe.mjs), then restores the copy. */
  probed<T>(mutants: readonly Mutant[], work: () => Promise<T>): Promise<T>;
  remove(): void;
}

const notCopied = [".git", "node_modules", "data", "coverage"];

/** Copies the working folder, including uncommitted changes. */
export function copyTree(checkout: string): Tree {
  const home = mkdtempSync(join(tmpdir(), "mutants-"));
  // PostgreSQL's server may run as another user, who needs its temporary folder.
  chmodSync(home, 0o711);
  const path = join(home, "tree");
  const temporary = join(home, "tmp");
  mkdirSync(path);
  mkdirSync(temporary);
  for (const name of readdirSync(checkout).filter((one) => !notCopied.includes(one)))
    cpSync(join(checkout, name), join(path, name), { recursive: true });
  symlinkSync(join(checkout, "node_modules"), join(path, "node_modules"), "junction");
  const edited = async <T>(edits: ReadonlyMap<string, readonly Edit[]>, work: () => Promise<T>) => {
    const texts = [...edits.keys()].map(
      (name) => [join(path, name), readFileSync(join(path, name), "utf8")] as const,
    );
    for (const [name, its] of edits)
      writeFileSync(join(path, name), withEdits(readFileSync(join(path, name), "utf8"), its));
    try {
      return await work();
    } finally {
      for (const [file, text] of texts) writeFileSync(file, text);
      clear(temporary);
    }
  };
  return {
    path,
    temporary,
    changed: ({ path: name, start, end, replacement }, work) =>
      edited(new Map([[name, [{ at: start, length: end - start, text: replacement }]]]), work),
    probed: (mutants, work) => edited(probesOf(mutants), work),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** Turns a place `x` into `(globalThis.mutantReached?.(7), x)`. Places may be nested, but never overlap in part. */
function probesOf(mutants: readonly Mutant[]): Map<string, Edit[]> {
  const edits = new Map<string, Edit[]>();
  const places = mutants.map((mutant, number) => ({ ...mutant, number }));
  for (const { path, start, end, number } of places.sort((a, b) => a.start - b.start || b.end - a.end)) {
    const its = edits.get(path) ?? [];
    edits.set(path, its);
    its.push({ at: start, length: 0, text: `(globalThis.mutantReached?.(${number}), ` });
    its.push({ at: end, length: 0, text: ")" });
  }
  return edits;
}

/** Applies edits by offset; those at the same offset keep their order. */
function withEdits(text: string, edits: readonly Edit[]): string {
  let result = "";
  let done = 0;
  for (const { at, length, text: put } of [...edits].sort((a, b) => a.at - b.at)) {
    result += text.slice(done, at) + put;
    done = at + length;
  }
  return result + text.slice(done);
}

/** Clears the folder, but keeps tsx's cache of compiled files for the next run. */
function clear(folder: string): void {
  for (const name of readdirSync(folder).filter((one) => !one.startsWith("tsx-")))
    rmSync(join(folder, name), { recursive: true, force: true });
}
