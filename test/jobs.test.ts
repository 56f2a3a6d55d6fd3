import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { filesOf } from "./jobs.mjs";

const read = (path: string) => readFileSync(path, "utf8");
const [fast, browser, processes] = (["fast", "browser", "processes"] as const).map((job) => filesOf(job)) as [
  string[],
  string[],
  string[],
];

/** How a test starts another program that answers or ends in its own time; openssl, which makes a key, is none. */
const startsProcesses =
  /\b(runProgram|startServer|runCli|startPostgres)\(|new Demo\(|\bDemo\.|\bspawn\(|"npm"|process\.execPath/;

describe("the jobs of the tests", () => {
  it("have every file once", () => {
    const all = [...fast, ...browser, ...processes];
    assert.ok(fast.length > 100 && browser.length > 5 && processes.length > 10);
    assert.equal(new Set(all).size, all.length);
  });

  it("keep what needs a browser or starts processes out of the fast one", () => {
    const slow = fast.filter(
      (path) => /\bdescribeInBrowser\(/.test(read(path)) || startsProcesses.test(read(path)),
    );
    assert.deepEqual(
      slow.filter((path) => path !== "test/jobs.test.ts"),
      [],
    );
  });

  it("keep nothing else out of it", () => {
    const needless = [
      ...browser.filter((path) => !/\bdescribeInBrowser\(/.test(read(path))),
      ...processes.filter(
        (path) => !/helpers\/demo\.ts|child_process/.test(read(path)) && !startsProcesses.test(read(path)),
      ),
    ];
    assert.deepEqual(needless, []);
  });

  it("repeat with the other engine what the fast one runs with one, and nothing else", () => {
    const postgres = filesOf("postgres");
    assert.ok(postgres.length > 20);
    for (const path of fast)
      assert.equal(postgres.includes(path), read(path).includes("onOneDatabase("), path);
  });
});
