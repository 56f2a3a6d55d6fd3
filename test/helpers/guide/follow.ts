import assert from "node:assert/strict";
import { acts, expectations, phrases, type Row } from "./acts.ts";
import { lookAt } from "./hands.ts";
import type { Reader } from "./reader.ts";
import { copiedValues, type GuideStep, parseSentence, stepsOf } from "./text.ts";

/** Longer ones first, because the first that matches counts. */
const verbs = [...new Set(acts.map(({ verb }) => verb))].sort((one, other) => other.length - one.length);

/**
 * Follows the steps of a guide, sentence by sentence. Fails at the first sentence that the reader does not understand or
 * cannot carry out, and names it.
 * @param markdown of the guide.
 * @param sections whose steps to follow: the words with which their headings begin.
 */
export async function followGuide(
  reader: Reader,
  markdown: string,
  sections: readonly string[],
): Promise<void> {
  const steps = stepsOf(markdown);
  const follow = async (section: string) => {
    const its = steps.filter(({ section: heading }) => heading.startsWith(section));
    assert.ok(its.length > 0, `the guide has steps in a section "${section}"`);
    // Signing in is described to people; everything else to administrators.
    if (section.endsWith("SSO")) lookAt(reader, "tester");
    for (const step of its)
      for (const sentence of step.sentences) await followSentence(reader, step, sentence);
  };
  Object.assign(reader, { values: copiedValues(markdown), follow });
  for (const section of sections) await follow(section);
}

/** The headings of the guide's sections with steps, in its order. */
export function sectionsOf(markdown: string): string[] {
  return [...new Set(stepsOf(markdown).map(({ section }) => section))];
}

async function followSentence(reader: Reader, { section, number }: GuideStep, text: string): Promise<void> {
  reader.part = null;
  try {
    const sentence = parseSentence(text, verbs);
    for (const phrase of sentence.phrases) {
      if ((await perform(reader, phrases, phrase)) === false) return;
    }
    for (const { verb, object } of sentence.instructions) {
      await perform(
        reader,
        acts.filter((act) => act.verb === verb),
        object,
      );
    }
    if (sentence.instructions.length === 0) await perform(reader, expectations, text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`"${section}", step ${number}, cannot be followed: "${text}"\n${why}`, { cause: error });
  }
}

/** Carries out the first row that matches. */
async function perform(reader: Reader, rows: readonly Row[], text: string): Promise<unknown> {
  for (const { pattern, act } of rows) {
    const match = pattern.exec(text);
    if (match) return await act(reader, match.groups ?? {}, text);
  }
  return assert.fail(`the reader does not know what "${text}" means`);
}
