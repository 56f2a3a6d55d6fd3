import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Mutant, mutantsOf } from "./mutations.ts";
import { grouped } from "./rooms.ts";

/** A copy of the checkout whose code contains every mutant, each behind a switch (switch.mjs). */
export interface Tree {
  path: string;
  /** The numbers of the switches are the positions in this list. */
  mutants: readonly Mutant[];
  /** Creates a temporary folder for programs that run in the tree. */
  temporary(): string;
  remove(): void;
}

const notCopied = [".git", "node_modules", "data", "coverage"];

/** Copies the working folder, including uncommitted changes, with the mutants of these files. */
export function copyTree(checkout: string, files: readonly string[]): Tree {
  const home = mkdtempSync(join(tmpdir(), "mutants-"));
  // PostgreSQL's server may run as another user, who needs its temporary folder.
  chmodSync(home, 0o711);
  const path = join(home, "tree");
  mkdirSync(path);
  for (const name of readdirSync(checkout).filter((one) => !notCopied.includes(one)))
    cpSync(join(checkout, name), join(path, name), { recursive: true });
  linkModules(join(checkout, "node_modules"), join(path, "node_modules"));
  const mutants = mutantsOf(path, files);
  const numbered = mutants.map((mutant, number) => ({ mutant, number }));
  for (const [name, its] of grouped(numbered, ({ mutant }) => mutant.path)) {
    const file = join(path, name);
    writeFileSync(file, withSwitches(readFileSync(file, "utf8"), its));
  }
  return {
    path,
    mutants,
    temporary() {
      const folder = mkdtempSync(join(home, "tmp-"));
      chmodSync(folder, 0o711);
      return folder;
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** Links each package. A workspace's link leads to the copy, so that its mutants are loaded. */
function linkModules(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true }))
    symlinkSync(
      entry.isSymbolicLink() ? readlinkSync(join(from, entry.name)) : join(from, entry.name),
      join(to, entry.name),
      "junction",
    );
}

interface Numbered {
  mutant: Mutant;
  number: number;
}

/** Puts a switch around each place. Places may be nested, but never overlap in part. */
function withSwitches(text: string, numbered: readonly Numbered[]): string {
  const outerFirst = [...numbered].sort(
    (a, b) => a.mutant.start - b.mutant.start || b.mutant.end - a.mutant.end,
  );
  const edits = outerFirst.flatMap(({ mutant, number }) => [
    { at: mutant.start, text: before(mutant, number) },
    { at: mutant.end, text: ")" },
  ]);
  let result = "";
  let done = 0;
  for (const { at, text: put } of edits.sort((a, b) => a.at - b.at)) {
    result += text.slice(done, at) + put;
    done = at;
  }
  return result + text.slice(done);
}

function before({ change }: Mutant, number: number): string {
  return change === "gone"
    ? `globalThis.mutants.rule(${number}, `
    : `globalThis.mutants.condition(${number}, "${change}", `;
}
