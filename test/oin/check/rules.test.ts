import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "oin-kit/check/rules/all";
import { ruleList } from "oin-kit/check/rules/list";
import { areas, documents } from "oin-kit/check/rules/rule";
import { ownAreas } from "../../helpers/readiness.ts";

/** Rules that no planted fault can break, because they need a person's sign-in or Okta's key. */
const neverJudged = new Set([
  "oidc-token-checks",
  "oidc-landing",
  "saml-response-checks", // SAML
  "scim-password-effective",
  "guide-okta-links",
  "ul-success",
  "ul-unknown-person",
  "ul-tenant",
]);

describe("the readiness rules", () => {
  it("are exactly those of the reference", () => {
    const remedy = "npm run --silent oin:check -- --rules > docs/reference/readiness-rules.md";
    assert.equal(readFileSync("docs/reference/readiness-rules.md", "utf8"), ruleList(), remedy);
  });

  it("have a source, a fix and an area, and use every document", () => {
    const used = new Set<string>();
    for (const [id, rule] of Object.entries(rules)) {
      used.add(rule.document);
      assert.ok(rule.area in areas && documents[rule.document], id);
      for (const text of [rule.title, rule.section, rule.fix]) assert.ok(text.length > 1, id);
      assert.ok(!rule.title.endsWith("."), id);
    }
    assert.deepEqual(
      Object.keys(documents).filter((name) => !used.has(name)),
      [],
    );
  });

  it("are each broken by a planted fault", () => {
    const folder = "test/oin/check";
    const tests = readdirSync(folder).filter((name) => !["ready.test.ts", "rules.test.ts"].includes(name));
    const text = tests.map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
    const own = Object.entries(rules).filter(([, { area }]) => ownAreas.includes(area));
    const untested = own.map(([id]) => id).filter((id) => !neverJudged.has(id) && !text.includes(`"${id}"`));
    assert.deepEqual(untested, []);
  });
});
