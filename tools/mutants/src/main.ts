/**
 * `npm run mutants -- src/oidc`: removes one rule of the application at a time, in a copy, and reports which test fails.
 * README.md explains the lines.
 */
import { availableParallelism, setPriority } from "node:os";
import { equivalents, isSame } from "./equivalent.ts";
import type { Mutant } from "./mutations.ts";
import { type MutantsOptions, MutantsUsageError, readOptions, usage } from "./options.ts";
import { asLine, asTable, type MutantResult } from "./report.ts";
import { grouped } from "./rooms.ts";
import type { Session } from "./session.ts";
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
  const tree = copyTree(process.cwd(), files);
  try {
    const { mutants } = tree;
    const isKnown = (mutant: Mutant) => equivalents.some((known) => isSame(mutant, known));
    const numbers = mutants
      .map((mutant, number) => (isKnown(mutant) ? -1 : number))
      .filter((number) => number >= 0);
    const chosen = inTurns(
      numbers.filter((_, at) => at % every === 0),
      mutants,
    );
    console.log(`${chosen.length} of ${mutants.length} mutants in ${files.length} files`);
    const results = await tryAll(tree, chosen, over.signal);
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
    tree.remove();
  }
}

/** @param mutants their numbers. */
async function tryAll(tree: Tree, mutants: readonly number[], stop: AbortSignal): Promise<MutantResult[]> {
  const trial = new Trial(tree, mutants, stop);
  const sessions = Array.from({ length: workers }, () => trial.openSession());
  const waiting = [...mutants];
  const results: MutantResult[] = [];
  const work = async (session: Session) => {
    for (let number = waiting.shift(); number !== undefined; number = waiting.shift()) {
      const result = await trial.judge(session, number);
      results.push(result);
      if (result.fate !== "not tried") console.log(asLine(result));
    }
  };
  try {
    await trial.measure(sessions);
    await Promise.all(sessions.map(work));
  } finally {
    for (const session of sessions) session.close();
  }
  return results;
}

/** Orders mutants by turns, the first of each file, then the second: if the time runs out, every file had its turn. */
function inTurns(numbers: readonly number[], mutants: readonly Mutant[]): number[] {
  const byFile = grouped(numbers, (number) => mutants[number]?.path ?? "").map(([, its]) => its);
  const longest = Math.max(0, ...byFile.map((its) => its.length));
  return Array.from({ length: longest }, (_, turn) => byFile.flatMap((its) => its[turn] ?? [])).flat();
}
