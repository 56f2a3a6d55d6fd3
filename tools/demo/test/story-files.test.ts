import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { demoTenants } from "../../../src/demo/tenants.ts";
import { tickedSteps } from "../src/story/progress.ts";
import { stepIdsOf } from "../src/story/reading.ts";

describe("the story", () => {
  it("names existing files", () => {
    const folder = "tools/demo/src/story";
    const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
    const named = texts.flatMap((text) =>
      [...text.matchAll(/"(src\/[\w./-]+\.ts)"/g)].map(([, path]) => path),
    );
    assert.ok(named.length > 20);
    assert.deepEqual(
      named.filter((path) => !existsSync(path ?? "")),
      [],
    );
  });

  it("has a rule for the tick of every step, and no rule without a step", () => {
    const steps = new Set(demoTenants.flatMap(stepIdsOf));
    assert.deepEqual([...steps].sort(), tickedSteps.toSorted());
  });
});
