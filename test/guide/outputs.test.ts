import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { recordedInputs } from "../../src/guide/inputs.ts";
import { fileUrl, guideTexts, printedGuides, submissionTexts } from "../../src/guide/outputs.ts";

const remedy = "stale: run npm run guide, and commit what it writes";

describe("what npm run guide writes", () => {
  for (const [path, text] of [...guideTexts(), ...submissionTexts()]) {
    it(`${path} is current`, () => {
      assert.ok(existsSync(fileUrl(path)), remedy);
      assert.equal(readFileSync(fileUrl(path), "utf8") === text, true, remedy);
    });
  }

  for (const { path, inputs } of printedGuides()) {
    it(`${path} was printed from the current guide`, () => {
      assert.equal(recordedInputs()[path], inputs, remedy);
      assert.equal(readFileSync(fileUrl(path)).subarray(0, 5).toString(), "%PDF-");
    });
  }
});
