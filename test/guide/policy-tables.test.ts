import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { policyTexts } from "../../tools/guide/src/policies.ts";

describe("the tables of the policies in the documentation", () => {
  it("are current; `npm run guide` writes them", () => {
    for (const [path, text] of policyTexts()) assert.equal(readFileSync(path, "utf8"), text, path);
  });
});
