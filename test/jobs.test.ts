import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { filesOf, longest } from "./jobs.mjs";

const read = (path: string) => readFileSync(path, "utf8");
const [fast, browser, processes] = (["fast", "browser", "processes"] as const).map((job) => filesOf(job)) as [
  string[],
  string[],
  string[],
];

/** The ways in which a test starts another program. A call of openssl, which only makes a key, does not count. */
const startsProcesses =
  /\b(runProgram|startServer|runCli|startPostgres)\(|new Demo\(|\bDemo\.|\bspawn\(|"npm"|process\.execPath/;

describe("the jobs of the tests", () => {
  it("contain every file once", () => {
    const all = [...fast, ...browser, ...processes];
    assert.ok(fast.length > 100 && browser.length > 5 && processes.length > 10);
    assert.equal(new Set(all).size, all.length);
  });

  it("begin with their longest files", () => {
    for (const files of [browser, processes]) {
      const first = files.slice(0, longest.filter((path) => files.includes(path)).length);
      assert.ok(first.length > 0 && first.every((path) => longest.includes(path)), first.join());
    }
  });

  it("keep tests that need a browser or start processes out of the fast job", () => {
    const slow = fast.filter(
      (path) => /\bdescribeInBrowser\(/.test(read(path)) || startsProcesses.test(read(path)),
    );
    assert.deepEqual(
      slow.filter((path) => path !== "test/jobs.test.ts"),
      [],
    );
  });

  it("keep no other tests out of it", () => {
    const needless = [
      ...browser.filter((path) => !/\bdescribeInBrowser\(/.test(read(path))),
      ...processes.filter(
        (path) => !/helpers\/demo\.ts|child_process/.test(read(path)) && !startsProcesses.test(read(path)),
      ),
    ];
    assert.deepEqual(needless, []);
  });

  it("repeat the fast job's single-engine suites on the other engine, and nothing else", () => {
    const postgres = filesOf("postgres");
    assert.ok(postgres.length > 20);
    for (const path of fast)
      assert.equal(postgres.includes(path), read(path).includes("onOneDatabase("), path);
  });
});
