/**
 * Loaded into the tests' process, and each of its threads, when they run without a change. It records the places that were
 * reached since the last question. It is plain JavaScript because threads load it before they can read TypeScript.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** A file for the places that other threads reach, one number in a line. */
const ofThreads = process.env.MUTANTS_REACHED;
const places = new Set();

/** The probes in the code (tree.ts) call this with the number of their place. */
globalThis.mutantReached = (place) => {
  if (isMainThread) places.add(place);
  else appendFileSync(ofThreads, `${place}\n`);
};

/** The reporter calls this at the end of each file. */
globalThis.mutantsReached = () => {
  const theirs = existsSync(ofThreads) ? readFileSync(ofThreads, "utf8").trim().split("\n").map(Number) : [];
  rmSync(ofThreads, { force: true });
  const reached = [...new Set([...places, ...theirs])];
  places.clear();
  return reached;
};
