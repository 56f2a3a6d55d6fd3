/**
 * Loaded into the tests' process, and each thread of it, when they run without a change: keeps which places were reached
 * since it was asked last. Plain JavaScript, because threads load it before they can read TypeScript.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** What other threads reached, a number a line. */
const ofThreads = process.env.MUTANTS_REACHED;
const places = new Set();

/** What is put into the code (tree.ts) calls it with the number of its place. */
globalThis.mutantReached = (place) => {
  if (isMainThread) places.add(place);
  else appendFileSync(ofThreads, `${place}\n`);
};

/** The reporter asks it at the end of each file. */
globalThis.mutantsReached = () => {
  const theirs = existsSync(ofThreads) ? readFileSync(ofThreads, "utf8").trim().split("\n").map(Number) : [];
  rmSync(ofThreads, { force: true });
  const reached = [...new Set([...places, ...theirs])];
  places.clear();
  return reached;
};
