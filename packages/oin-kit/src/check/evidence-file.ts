import type { CheckOutcome } from "./run.ts";

/** The text of the evidence file: what was checked, by which program and when, and the outcome of each rule. */
export function evidenceOf(outcome: CheckOutcome): string {
  const { product, url, startedAt, endedAt, tool, crossAppAccess, results } = outcome;
  const rules = results
    .filter(({ area }) => area === "agents")
    .map(({ rule, title, verdict, seen }) => ({ rule, title, verdict, seen }));
  const evidence = { product, url, startedAt, endedAt, tool, ...crossAppAccess, rules };
  return `${JSON.stringify(evidence, null, 2)}\n`;
}
