/**
 * Loaded into each process and thread that runs the tests. The copy of the code (tree.ts) contains every mutant, and asks
 * here at each place whether its own is switched on. It is plain JavaScript because threads load it before they can read
 * TypeScript.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** Files by which a thread learns which mutant is on, and reports the places that it reached. */
const { MUTANT_ON: onFile, MUTANTS_REACHED: reachedFile } = process.env;

let on = readOn();
let reached = new Set();

globalThis.mutants = {
  /** A row of a policy, which always holds while its mutant is on. */
  rule: (place, row) => ({ ...row, holds: (facts) => isOn(place) || row.holds(facts) }),
  /** The value of a condition at a place. */
  condition: (place, change, value) => {
    if (!isOn(place)) return value;
    return change === "never" ? false : !value;
  },
  /** Switches one mutant on, or all off (null). */
  switchTo(place) {
    on = place;
    reached = new Set();
  },
  /** The places that this thread reached since the last switch. */
  takeReached() {
    const places = [...reached];
    reached = new Set();
    return places;
  },
};

function isOn(place) {
  if (isMainThread) {
    reached.add(place);
    return place === on;
  }
  appendFileSync(reachedFile, `${place}\n`);
  return place === readOn();
}

function readOn() {
  const text = readFileSync(onFile, "utf8").trim();
  return text === "" ? null : Number(text);
}
