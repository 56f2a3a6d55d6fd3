import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

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
});
