import assert from "node:assert/strict";
import { judgeDrawings } from "../src/check/drawings.ts";
import { CheckReport } from "../src/check/report.ts";

function verdictOn(...captions: string[]) {
  const report = new CheckReport();
  const figures = captions.map(
    (text) => `<figure><img src="a.png"><figcaption>${text}</figcaption></figure>`,
  );
  judgeDrawings("oidc", figures.join(""), report);
  const [result] = report.results(["guides"]).filter(({ rule }) => rule === "guide-drawings");
  return result;
}

describe("drawings in a guide", () => {
  it("are a warning that names the first ones", () => {
    const result = verdictOn("Figure 1. A", "Figure 2. Okta: the tab (drawing of Okta&#39;s screen)");
    assert.equal(result?.verdict, "warning");
    assert.match(result?.seen ?? "", /^oidc has 1: Figure 2\. Okta: the tab/);
  });

  it("are none if no caption says so", () => {
    assert.equal(verdictOn("Figure 1. Okta: the tab")?.verdict, "pass");
  });
});
