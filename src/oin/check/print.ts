import { styleText } from "node:util";
import type { Result, Verdict } from "./report.ts";
import { areas } from "./rules/rule.ts";
import type { Outcome } from "./run.ts";

const words: Record<Verdict, string> = {
  pass: "pass",
  fail: "FAIL",
  warning: "warn",
  "not-checkable": "  - ",
};
const colours = { pass: "green", fail: "red", warning: "yellow", "not-checkable": "gray" } as const;

/** The outcome for people: a line per rule, more about those that need something done, and a summary at the end. */
export function printed(outcome: Outcome, colour: boolean): string {
  const paint = (verdict: Verdict, text: string) => (colour ? styleText(colours[verdict], text) : text);
  const width = Math.max(...outcome.results.map(({ rule }) => rule.length));
  const sections = Object.entries(areas).flatMap(([area, title]) => {
    const results = outcome.results.filter((result) => result.area === area);
    if (results.length === 0) return [];
    return [`${title}\n`, ...results.map((result) => line(result, width, paint)), ""];
  });
  return [...sections, ...leftovers(outcome), summary(outcome, paint)].join("\n");
}

type Paint = (verdict: Verdict, text: string) => string;

function line({ rule, verdict, title, seen, fix, source }: Result, width: number, paint: Paint): string {
  const first = `  ${paint(verdict, words[verdict])}  ${rule.padEnd(width)}  ${title}`;
  const indent = " ".repeat(8);
  if (verdict === "pass") return first;
  if (verdict === "not-checkable") return `${first}\n${indent}not checkable: ${seen}`;
  const from = `${source.document}, ${source.section} (${source.url})`;
  return `${first}\n${indent}seen:   ${seen}\n${indent}fix:    ${fix}\n${indent}source: ${from}`;
}

function leftovers({ left, scimUrl }: Outcome): string[] {
  if (left.length === 0) return [];
  const lines = left.map(({ kind, id, why }) => `  ${kind} ${id}: ${why}`);
  return [`Left behind at ${scimUrl}; remove it by hand:\n`, ...lines, ""];
}

function summary({ summary: counts, stopped }: Outcome, paint: Paint): string {
  const parts = [
    paint("pass", `${counts.pass} pass`),
    paint(counts.fail > 0 ? "fail" : "pass", `${counts.fail} fail`),
    paint(counts.warning > 0 ? "warning" : "pass", plural(counts.warning, "warning")),
    `${counts["not-checkable"]} not checkable from outside`,
  ];
  const verdict = stopped
    ? "The check was stopped: this is not all of it."
    : counts.fail > 0
      ? "Not ready: mend what fails, and run the check again."
      : "Nothing fails. What is not checkable is for you to look at: docs/how-to/check-readiness.md.";
  return `${parts.join(", ")}\n${verdict}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
