import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { oktaTestPlan } from "oin-kit/okta-test-plan";
import { groupCases } from "oin-kit/test-cases-groups";
import { setupCases } from "oin-kit/test-cases-setup";
import { userCases } from "oin-kit/test-cases-users";
import { testPlan } from "oin-kit/test-plan";
import { integration } from "../../config/integration.ts";

/** The suites that carry out Okta's cases, each under its number and title. */
const planSuites = ["setup", "users", "groups"].map((part) => `scim/okta-plan-${part}.test.ts`);

describe("the test plan of the submission", () => {
  const plan = testPlan(integration);
  const ofOkta = plan.filter(({ id }) => /^C\d+$/.test(id));
  let titles: ReadonlyMap<string, readonly string[]>;
  before(function () {
    this.timeout(300_000);
    const files = new Set([...planSuites, ...plan.flatMap(({ tests }) => tests.map(({ file }) => file))]);
    titles = titlesOf([...files].map((file) => join("test", file)));
  });

  it("has Okta's 61 cases by number and title, one a row, in Okta's order", () => {
    assert.equal(oktaTestPlan.cases.length, 61);
    assert.equal(new Set(oktaTestPlan.cases.map(({ id }) => id)).size, 61);
    assert.deepEqual(
      ofOkta.map(({ id, title, area }) => [id, title, area]),
      oktaTestPlan.cases.map(({ id, title, section }) => [id, title, section]),
    );
    const rows = [setupCases, userCases, groupCases].flatMap((table) => Object.keys(table));
    assert.deepEqual(rows.sort(), oktaTestPlan.cases.map(({ id }) => id as string).sort());
    const printed = [
      ...readFileSync("docs/oin/submission.md", "utf8").matchAll(/^\| (C\d+) \| ([^|]+) \|/gm),
    ];
    assert.deepEqual(
      printed.map(([, id, title]) => [id, title?.trim().replaceAll("\\", "")]),
      oktaTestPlan.cases.map(({ id, title, expected }) => [id, `${title}: ${expected}`]),
    );
  });

  it("has the tester's step, the product's answer and a test for each case, or a reason why it does not apply", () => {
    for (const { id, step, answer, tests, notSupported } of plan) {
      assert.notEqual(step, "", id);
      assert.equal(answer !== "", notSupported === null, id);
      assert.equal(tests.length > 0, notSupported === null, id);
    }
  });

  it("names tests that exist", () => {
    const wanted = plan.flatMap(({ tests }) => tests);
    assert.ok(wanted.length > 60);
    assert.deepEqual(
      wanted.filter(({ file, title }) => !titles.get(file)?.some((one) => one.endsWith(title))),
      [],
    );
  });

  it("names every test that carries out a case, at this case, under Okta's title", () => {
    const carriedOut = planSuites.flatMap((file) =>
      (titles.get(file) ?? []).map((title) => ({ file, title })),
    );
    assert.ok(carriedOut.length > 45, `${carriedOut.length} tests`);
    for (const { file, title } of carriedOut) {
      const [id] = /\bC\d+\b/.exec(title) ?? [];
      const planned = plan.find((one) => one.id === id);
      assert.ok(planned && title.includes(`${id} ${planned.title} `), title);
      const isNamed = planned.tests.some((one) => one.file === file && title.endsWith(one.title));
      assert.ok(isNamed, `${id} does not name ${title}`);
    }
  });

  it("says of each case without a test under its number which other test shows it", () => {
    const own = (id: string) =>
      planSuites.some((file) => titles.get(file)?.some((one) => one.includes(`${id} `)));
    const others = ofOkta.filter(({ id, notSupported }) => notSupported === null && !own(id));
    assert.deepEqual(
      others.map(({ id }) => id),
      // The guide, a sign-in, and attributes: suites of their own show these.
      [
        "C9298",
        "C9343", // SAML
        ...["C9289", "C9345", "C9299", "C9334"],
      ],
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
