import { styleText } from "node:util";
import type { RuleResult, RuleVerdict } from "./report.ts";
import { areas } from "./rules/rule.ts";
import type { CheckOutcome } from "./run.ts";
import { conclusion, visible } from "./wording.ts";

const lineWidth = 110;
const words: Record<RuleVerdict, string> = {
  pass: "pass",
  fail: "FAIL",
  warning: "warn",
  "not-checkable": "  - ",
};
const colours = { pass: "green", fail: "red", warning: "yellow", "not-checkable": "gray" } as const;

/** The outcome as text: a line for each rule, with details for those that did not pass, and a summary at the end. */
export function printed(outcome: CheckOutcome, colour: boolean): string {
  const paint = (verdict: RuleVerdict, text: string) => (colour ? styleText(colours[verdict], text) : text);
  const width = Math.max(...outcome.results.map(({ rule }) => rule.length));
  const sections = Object.entries(areas).flatMap(([area, title]) => {
    const results = outcome.results.filter((result) => result.area === area);
    if (results.length === 0) return [];
    const judged = results.filter(({ verdict }) => verdict !== "not-checkable");
    return [
      `${title}\n`,
      ...judged.map((result) => line(result, width, paint)),
      ...unseen(results, paint),
      "",
    ];
  });
  return [...sections, ...leftovers(outcome), summary(outcome, paint)].join("\n");
}

type Paint = (verdict: RuleVerdict, text: string) => string;

const indent = " ".repeat(8);

function line({ rule, verdict, title, seen, fix, source }: RuleResult, width: number, paint: Paint): string {
  const first = `  ${paint(verdict, words[verdict])}  ${rule.padEnd(width)}  ${title}`;
  if (verdict === "pass") return first;
  const from = `${source.document}, ${source.section} (${source.url})`;
  return `${first}\n${indent}seen:   ${visible(seen)}\n${indent}fix:    ${fix}\n${indent}source: ${from}`;
}

/** The rules that could not be checked, grouped by reason. */
function unseen(results: RuleResult[], paint: Paint): string[] {
  const open = results.filter(({ verdict }) => verdict === "not-checkable");
  const reasons = [...new Set(open.map(({ seen }) => seen))];
  return reasons.map((reason) => {
    const names = open.filter(({ seen }) => seen === reason).map(({ rule }) => rule);
    return `  ${paint("not-checkable", words["not-checkable"])}  not checkable: ${visible(reason)}\n${wrapped(names)}`;
  });
}

function wrapped(names: string[]): string {
  const lines = [indent];
  for (const [index, name] of names.entries()) {
    const word = `${name}${index < names.length - 1 ? ", " : ""}`;
    if ((lines.at(-1)?.length ?? 0) + word.length > lineWidth) lines.push(indent);
    lines[lines.length - 1] += word;
  }
  return lines.map((one) => one.trimEnd()).join("\n");
}

function leftovers({ left, scimUrl }: CheckOutcome): string[] {
  if (left.length === 0) return [];
  const lines = left.map(({ kind, id, why }) => visible(`  ${kind} ${id}: ${why}`));
  return [`Left behind at ${scimUrl}; remove it by hand:\n`, ...lines, ""];
}

function summary(outcome: CheckOutcome, paint: Paint): string {
  const { summary: counts } = outcome;
  const parts = [
    paint("pass", `${counts.pass} pass`),
    paint(counts.fail > 0 ? "fail" : "pass", `${counts.fail} fail`),
    paint(counts.warning > 0 ? "warning" : "pass", plural(counts.warning, "warning")),
    `${counts["not-checkable"]} not checkable from outside`,
  ];
  return `${parts.join(", ")}\n${conclusion(outcome)}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
