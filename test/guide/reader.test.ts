import assert from "node:assert/strict";
import { followGuide } from "../helpers/guide/follow.ts";
import type { Reader } from "../helpers/guide/reader.ts";
import { copiedValues, parseSentence, stepsOf } from "../helpers/guide/text.ts";

const verbs = ["go to", "click", "paste", "switch"];

/** The machine that follows the guides (test/browser/guides.test.ts), as far as it needs no browser. */
describe("the reader of a guide", () => {
  it("takes a sentence apart into phrases and instructions", () => {
    const text =
      "In Okta, under **Settings and more** (in some orgs: **Else**), go to **A** > **B**, and click **Click, and save**.";
    const { phrases, instructions } = parseSentence(text, verbs);
    assert.deepEqual(phrases, ["In Okta", "under **Settings and more**"]);
    assert.deepEqual(instructions, [
      { verb: "go to", object: "**A** > **B**", labels: ["A", "B"] },
      { verb: "click", object: "**Click, and save**", labels: ["Click, and save"] },
    ]);
  });

  it("reads the steps of each section, sentence by sentence", () => {
    const guide =
      "## One\n\n1. Click **A**. It opens.\n2. Click **B**.\n\n### Two\n\n1. Click **C…**. Done.\n";
    assert.deepEqual(stepsOf(guide), [
      { section: "One", number: 1, sentences: ["Click **A**.", "It opens."] },
      { section: "One", number: 2, sentences: ["Click **B**."] },
      { section: "Two", number: 1, sentences: ["Click **C…**.", "Done."] },
    ]);
  });

  it("reads the table of values to copy", () => {
    const table =
      "| Value | Copy from | Paste to |\n| --- | --- | --- |\n| Token | Here: A > B | There: C |\n";
    assert.deepEqual(copiedValues(table), [{ value: "Token", from: "Here: A > B", to: "There: C" }]);
  });

  for (const [sentence, why] of [
    ["Press **Save**.", /"One", step 1, cannot be followed: "Press \*\*Save\*\*\."/],
    ["Click the blue button.", /does not know what "the blue button" means/],
    ["Somewhere, click **Save**.", /does not know what "Somewhere" means/],
    ["If it rains, click **Save**.", /the customer does not know whether it rains/],
    ["Paste the **Token**.", /has copied nothing for Token/],
  ] as const) {
    it(`fails at "${sentence}", because it does not know what to do`, async () => {
      const reader = { at: "product", facts: {}, copied: new Map(), values: [] } as unknown as Reader;
      await assert.rejects(followGuide(reader, `## One\n\n1. ${sentence}\n`, ["One"]), why);
    });
  }

  it("fails if the guide lacks a section", async () => {
    await assert.rejects(followGuide({} as Reader, "## One\n", ["Two"]), /has steps in a section "Two"/);
  });
});
