import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const program = resolve("tools/mutants/src/main.ts");

/** No test covers the rule of `mayEnter` that a guest without a name stays outside. */
const source = `
export function mayEnter(age: number, name: string): boolean {
  if (age < 18) return false;
  if (name === "") {
    throw new Error("without a name");
  }
  for (const rule of rules) {
    if (!rule.holds(name)) throw new Error(rule.id);
  }
  return true;
}

const rules = [
  { id: "too long a name — ever", holds: (name: string) => name.length < 9 },
];
`;
const itsTest = `
import assert from "node:assert/strict";
import { mayEnter } from "../../src/gate/gate.ts";

describe("the gate", () => {
  it("lets children stay outside", () => assert.equal(mayEnter(17, "Ann"), false));
  it("knows no long names", () => assert.throws(() => mayEnter(18, "Bartholomew")));
});
`;

describe("npm run mutants", () => {
  let project: string;

  before(() => {
    project = mkdtempSync(join(tmpdir(), "starter-mutants-"));
    symlinkSync(resolve("node_modules"), join(project, "node_modules"), "junction");
    const files = {
      "package.json": JSON.stringify({ type: "module" }),
      "tsconfig.json": readFileSync("tsconfig.json", "utf8"),
      "src/gate/gate.ts": source,
      "test/gate/gate.test.ts": itsTest,
      "test/helpers/console-guard.ts": "export {};",
      "test/helpers/postgres.ts": "export {};",
    };
    // test/jobs.mjs looks for tests in these folders.
    for (const folder of ["packages", "tools", "examples"]) mkdirSync(join(project, folder));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(project, name)), { recursive: true });
      writeFileSync(join(project, name), text);
    }
  });

  after(() => rmSync(project, { recursive: true, force: true }));

  const run = (...words: string[]) => runMutants(project, words);

  it("names the test that kills each mutant, and the survivors", async () => {
    const { code, output } = await run("src/gate");
    const line = (at: number) => output.split("\n").find((one) => one.startsWith(`src/gate/gate.ts:${at} `));
    assert.equal(
      line(3),
      "src/gate/gate.ts:3 (mayEnter) never: age < 18: killed by: the gate lets children stay outside (Expected values to be strictly equal: true !== false)",
    );
    assert.equal(line(4), 'src/gate/gate.ts:4 (mayEnter) never: name === "": SURVIVED');
    assert.match(
      line(8) ?? "",
      /^\S+ \(mayEnter\) never: !rule\.holds\(name\): killed by: the gate knows no long names \(.+\)$/,
    );
    assert.match(line(14) ?? "", /^\S+ gone: \{ id: .+ \}: killed by: the gate knows no long names \(.+\)$/);
    const table = output.slice(output.indexOf("\nroom "));
    assert.match(table, /^src\/gate +4 +3 +0 +1 +0 +0$/m);
    assert.deepEqual(
      table
        .split("\n")
        .filter((one) => one.includes("SURVIVED"))
        .slice(1),
      [line(4)],
    );
    assert.equal(code, 1);
  });

  it("does not change the working folder", () => {
    assert.equal(readFileSync(join(project, "src/gate/gate.ts"), "utf8"), source);
  });

  it("exits with 0 if no mutant survived, and counts those that the time limit left out", async () => {
    const { code, output } = await run("src/gate", "--minutes", "0.0001");
    assert.match(output, /^all +4 +0 +0 +0 +0 +4$/m);
    assert.match(output, /No survivors\./);
    assert.equal(code, 0);
  });

  it("refuses a folder outside src/", async () => {
    const { code, output } = await run("test/gate");
    assert.match(output, /test\/gate is not in src\/ or the src\/ of a package\.\n\nnpm run mutants/);
    assert.equal(code, 2);
  });
});

async function runMutants(cwd: string, words: readonly string[]) {
  const child = spawn(process.execPath, ["--import=tsx", program, ...words], { cwd });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const [code] = await once(child, "close");
  return { code, output };
}
