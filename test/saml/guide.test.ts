import assert from "node:assert/strict";
import { configuredFacts } from "../../src/guide/facts.ts";
import { writeGuide } from "../../src/guide/guide.ts";

const everybody = { origin: "https://app.example.com", tenant: null, key: null };
const { integration } = configuredFacts;
const { saml } = integration;
assert.ok(saml);

/** test/guide/guides.test.ts has the rules of every guide. */
describe("the configuration guide for SAML", () => {
  it("warns before SAML is enabled, with the backup URL, and explains SHA-256 at the anchor of error pages", () => {
    const text = writeGuide("saml", everybody);
    const [, warning = ""] = /^## Read this before you enable SAML$([\s\S]*?)^## /m.exec(text) ?? [];
    assert.match(warning, /^### Backup URL$/m);
    assert.ok(warning.includes("`https://app.example.com/login/password`"));
    assert.match(text, /^### SHA-256$/m);
  });

  it("numbers the remaining steps without gaps", () => {
    const manifest = { ...integration, saml: { ...saml, justInTime: false }, universalLogout: null };
    const facts = { ...configuredFacts, integration: manifest };
    const text = writeGuide("saml", everybody, facts);
    const [, steps = ""] = /^### Enter Okta's values[^\n]*$([\s\S]*?)^##/m.exec(text) ?? [];
    assert.deepEqual(
      [...steps.matchAll(/^(\d+)\./gm)].map(([, number]) => Number(number)),
      [1, 2, 3],
    );
  });
});
