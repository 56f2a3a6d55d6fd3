import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** Commands of a tutorial, and the lines that its reader sees after them; null if the page does not show them. */
export interface TutorialStep {
  commands: string;
  shown: string | null;
}

/** The `sh` blocks of a page in order, each with the `text` block that comes next, if one does before the next commands. */
export function tutorialSteps(page: string): TutorialStep[] {
  const fences = readFileSync(page, "utf8").matchAll(/^```(sh|text)\n([\s\S]*?)^```$/gm);
  const steps: TutorialStep[] = [];
  for (const [, language, text = ""] of fences) {
    const last = steps.at(-1);
    if (language === "sh") steps.push({ commands: text, shown: null });
    else if (last && last.shown === null) last.shown = text;
    else assert.fail(`${page} shows text that no commands print: ${text}`);
  }
  return steps;
}

/** The addresses that a page sends its reader's browser to. */
export function addressesIn(page: string): string[] {
  return [...readFileSync(page, "utf8").matchAll(/<(http:\/\/[^>]+)>/g)].map(([, url = ""]) => url);
}

/** Fails unless the printed lines are those that the page shows. `…` stands for any text in a line. */
export function assertShown(printed: string, shown: string, where: string): void {
  const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const pattern = shown.trimEnd().split("…").map(literal).join(".+");
  if (new RegExp(`^${pattern}$`).test(printed.trimEnd())) return;
  assert.fail(`${where}\nThe page shows:\n${shown}\nThe commands print:\n${printed}`);
}
