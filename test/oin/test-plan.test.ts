import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testPlan } from "oin-kit/test-plan";
import { integration } from "../../config/integration.ts";

describe("the test plan of the submission", () => {
  it("names tests that exist", function () {
    this.timeout(300_000);
    const wanted = testPlan(integration).flatMap(({ tests }) => tests);
    assert.ok(wanted.length > 60);
    const files = [...new Set(wanted.map(({ file }) => join("test", file)))];
    const existing = titlesOf(files);
    assert.deepEqual(
      wanted.filter(({ file, title }) => !existing.get(file)?.some((one) => one.endsWith(title))),
      [],
    );
  });
});

/** The full titles of the tests in some files, without running them. */
function titlesOf(files: readonly string[]): Map<string, string[]> {
  const folder = mkdtempSync(join(tmpdir(), "starter-titles-"));
  const output = join(folder, "titles.json");
  try {
    const reporter = ["--dry-run", "--reporter", "json", "--reporter-option", `output=${output}`];
    execFileSync(process.execPath, ["node_modules/mocha/bin/mocha.js", ...reporter, ...files], {
      stdio: "ignore",
      // Browser suites are defined only if there is a browser. A dry run never starts it, so any program will do.
      env: { ...process.env, NO_BROWSER: "", CHROMIUM_PATH: process.execPath },
    });
    const { tests } = JSON.parse(readFileSync(output, "utf8")) as {
      tests: { file: string; fullTitle: string }[];
    };
    const titles = new Map<string, string[]>();
    for (const { file, fullTitle } of tests) {
      const name = file.split(/[\\/]test[\\/]/)[1] ?? file;
      const title = fullTitle.replace(/ on (SQLite|PostgreSQL)/, "");
      titles.set(name, [...(titles.get(name) ?? []), title]);
    }
    return titles;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
