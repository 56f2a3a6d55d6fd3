import assert from "node:assert/strict";
import { bold, okta, readOn } from "../src/labels.ts";

describe("Okta's labels", () => {
  it("are bold in Markdown, part by part", () => {
    assert.equal(bold(okta.menus.applications), "**Applications and Resources** > **Applications**");
    assert.equal(bold(okta.buttons.save), "**Save**");
  });

  it("have the date on which they were read", () => {
    assert.match(readOn, /^20\d\d-\d\d-\d\d$/);
  });

  it("have no spaces around them, and no Markdown", () => {
    for (const [place, labels] of Object.entries(okta)) {
      for (const label of Object.values(labels)) assert.match(label, /^[^\s*_`][^*_`]*[^\s*_`]$/, place);
    }
  });
});
