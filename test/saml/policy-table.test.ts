import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { policyTexts } from "../../tools/guide/src/policies.ts";

describe("the table of the SAML policy in the documentation", () => {
  it("is current; `npm run guide` writes it", () => {
    for (const [path, text] of policyTexts()) assert.equal(readFileSync(path, "utf8"), text, path);
  });
});
