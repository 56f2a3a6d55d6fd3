import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { codeBlocks } from "../../../test/helpers/docs.ts";

const page = "docs/how-to/add-to-an-existing-app.md";

describe(page, () => {
  const blocks = codeBlocks(page).filter(({ file }) => file !== null);

  it("shows parts of most files", () => {
    const files = readdirSync("examples/existing-app/src");
    const shown = new Set(blocks.map(({ file }) => file));
    assert.ok(shown.size > files.length / 2, [...shown].join());
    assert.ok(blocks.length >= files.length, `${blocks.length} parts`);
  });

  for (const { file, text } of blocks) {
    it(`quotes ${file}: ${text.split("\n")[0]}`, () => {
      const source = readFileSync(file ?? "", "utf8");
      const indented = (by: string) => text.replace(/^(?=.)/gm, by);
      assert.ok(
        ["", "  ", "    "].some((by) => source.includes(`\n${indented(by)}`)),
        text,
      );
    });
  }
});
