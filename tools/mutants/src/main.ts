/**
 * `npm run mutants -- src/saml`: removes one rule of the application at a time, in a copy, and reports which test fails.
 * README.md explains the lines.
 */
import { availableParallelism, setPriority } from "node:os";
import { equivalents, isSame } from "./equivalent.ts";
import { type Mutant, mutantsOf } from "./mutations.ts";
import { type MutantsOptions, MutantsUsageError, readOptions, usage } from "./options.ts";
import { asLine, asTable, type MutantResult } from "./report.ts";
import { grouped } from "./rooms.ts";
import { copyTree, type Tree } from "./tree.ts";
import { Trial } from "./trial.ts";

const workers = Math.min(2, availableParallelism());

try {
  setPriority(10);
  process.exitCode = await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof MutantsUsageError)) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}

/** Returns the exit code: 1 if a mutant survived, or if an entry of equivalent.ts matches no code. */
async function main({ files, minutes, every }: MutantsOptions): Promise<number> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), minutes * 60_000);
  process.once("SIGINT", () => over.abort());
  process.once("SIGTERM", () => over.abort());
  const trees = Array.from({ length: workers }, () => copyTree(process.cwd()));
  try {
    const mutants = mutantsOf((trees[0] as Tree).path, files);
    const isKnown = (mutant: Mutant) => equivalents.some((known) => isSame(mutant, known));
    const chosen = inTurns(mutants.filter((mutant) => !isKnown(mutant)).filter((_, at) => at % every === 0));
    console.log(`${chosen.length} of ${mutants.length} mutants in ${files.length} files`);
    const results = await tryAll(chosen, trees, over.signal);
    for (const mutant of mutants.filter(isKnown)) results.push({ mutant, fate: "equivalent", by: "" });
    console.log(asTable(results));
    const gone = equivalents.filter(
      (known) => files.includes(known.path) && !mutants.some((mutant) => isSame(mutant, known)),
    );
    for (const { path, code } of gone) console.log(`equivalent.ts names code that is gone: ${path}: ${code}`);
    return gone.length > 0 || results.some(({ fate }) => fate === "SURVIVED") ? 1 : 0;
  } finally {
    clearTimeout(timer);
    over.abort();
    for (const tree of trees) tree.remove();
  }
}

async function tryAll(
  mutants: readonly Mutant[],
  trees: readonly Tree[],
  stop: AbortSignal,
): Promise<MutantResult[]> {
  const trial = new Trial(mutants, stop);
  await trial.measure(trees);
  const waiting = [...mutants];
  const results: MutantResult[] = [];
  const work = async (tree: Tree) => {
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      const result: MutantResult = stop.aborted
        ? { mutant, fate: "not tried", by: "" }
        : await trial.judge(tree, mutant);
      results.push(result);
      if (result.fate !== "not tried") console.log(asLine(result));
    }
  };
  await Promise.all(trees.map(work));
  return results;
}

/** Orders mutants by turns, the first of each file, then the second: if the time runs out, every file had its turn. */
function inTurns(mutants: readonly Mutant[]): Mutant[] {
  const byFile = grouped(mutants, ({ path }) => path).map(([, its]) => its);
  const longest = Math.max(0, ...byFile.map((its) => its.length));
  return Array.from({ length: longest }, (_, turn) => byFile.flatMap((its) => its[turn] ?? [])).flat();
}
