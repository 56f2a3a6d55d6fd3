import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { codeBlocks } from "../helpers/docs.ts";

/** Asserts that each block of a page which names a file is in that file as it is, but for its indentation. */
export function assertQuotes(page: string): void {
  const quoted = codeBlocks(page).filter(({ file }) => file !== null);
  assert.ok(quoted.length > 0, page);
  for (const { file, text } of quoted) {
    const source = `\n${readFileSync(file ?? "", "utf8")}`;
    const indented = (by: string) => text.replace(/^(?=.)/gm, by);
    assert.ok(
      ["", "  ", "    "].some((by) => source.includes(`\n${indented(by)}`)),
      `${file} does not have:\n${text}`,
    );
  }
}
