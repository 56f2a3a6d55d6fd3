import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../../../test/helpers/processes.ts";
import { listedPages } from "../src/list.ts";

const weight = {
  requests: 9,
  bytes: 28_800,
  scriptBytes: 3_500,
  pictureBytes: 1_200,
  shift: 0.084,
  paint: 220,
};

describe("npm run pages", () => {
  const folder = mkdtempSync(join(tmpdir(), "pages-"));
  after(() => rmSync(folder, { recursive: true }));

  it("prints the weights of two builds side by side, also of a page that only one has", async () => {
    const [before, after] = [join(folder, "before.json"), join(folder, "after.json")];
    writeFileSync(before, JSON.stringify({ admin: weight }));
    writeFileSync(after, JSON.stringify({ admin: { ...weight, bytes: 12_340, shift: 0 }, flow: weight }));
    const program = runProgram("tools/pages/src/main.ts", ["table", before, after], {});
    assert.equal(await program.ended, 0, program.stderr());
    const rows = program.stdout().split("\n");
    assert.equal(
      rows[2],
      "| admin | 9 → 9 | 28.8 → 12.3 | 3.5 → 3.5 | 1.2 → 1.2 | 0.084 → 0.000 | 220 → 220 |",
    );
    assert.match(rows[3] ?? "", /^\| flow \| – → 9 \| – → 28.8 /);
  });

  it("explains its words after an unknown one", async () => {
    const program = runProgram("tools/pages/src/main.ts", ["shot", folder], {});
    assert.equal(await program.ended, 2);
    assert.match(program.stderr(), /npm run pages -- weigh/);
  });

  it("finds each page on a page of its list, and names none twice", () => {
    const names = listedPages.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const { name, path } of listedPages)
      if (typeof path !== "string") assert.ok(names.includes(path.on), `${name} is found on ${path.on}`);
  });
});
