import assert from "node:assert/strict";
import { bold, clickPath, okta, readOn, signOnTab, strong } from "../src/labels.ts";

describe("Okta's labels", () => {
  it("are bold in Markdown, part by part", () => {
    assert.equal(bold(okta.menus.applications), "**Applications and Resources** > **Applications**");
    assert.equal(bold(okta.buttons.save), "**Save**");
  });

  it("are strong in HTML, part by part", () => {
    const path = clickPath(okta.tabs.general, okta.entitlements.section, okta.buttons.edit);
    assert.equal(
      strong(path),
      "<strong>General</strong> &gt; <strong>Entitlement management</strong> &gt; <strong>Edit</strong>",
    );
    assert.equal(strong(okta.pushGroups.matchAndAction), "<strong>Match result &amp; push action</strong>");
  });

  it("name the tab of the sign-on settings by its old and its new name", () => {
    assert.equal(signOnTab(), "Sign On (in some orgs: Authentication)");
    assert.equal(signOnTab(bold), "**Sign On** (in some orgs: **Authentication**)");
  });

  it("have the date on which they were read", () => {
    assert.match(readOn, /^20\d\d-\d\d-\d\d$/);
  });

  it("have no spaces around them, no Markdown and no markup", () => {
    for (const [place, labels] of Object.entries(okta)) {
      for (const label of Object.values(labels)) assert.match(label, /^[^\s*_`<][^*_`<]*[^\s*_`<]$/, place);
    }
  });
});
