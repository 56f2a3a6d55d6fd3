import { type Area, areas } from "./rules/rule.ts";
import type { CheckOutcome } from "./run.ts";

/** Spells out control and format characters: a server's text must not control the terminal, or reorder a line. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const number = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return `⟨U+${number}⟩`;
  });
}

/** The outcome in one or two sentences, at the end of a printed report and at the top of a page. */
export function conclusion({ stopped, summary, leftOut }: CheckOutcome): string {
  if (stopped) return "The check was stopped: this report is incomplete.";
  const missing = leftOut.length > 0 ? ` ${leftOutSentence(leftOut)}` : "";
  if (summary.fail > 0) return `Not ready: fix what fails, and run the check again.${missing}`;
  return `Nothing fails. Check by hand what is not checkable from outside: docs/how-to/check-readiness.md.${missing}`;
}

function leftOutSentence(leftOut: readonly Area[]): string {
  return `Declared, but left out of this check: ${leftOut.map((area) => areas[area]).join("; ")}.`;
}
