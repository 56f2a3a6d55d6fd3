import assert from "node:assert/strict";
import { errorAt } from "../../src/web/problems.ts";

describe("the pointer to a member of the body", () => {
  const pointers: [path: string[], pointer: string][] = [
    [["a/b", "m~n"], "#/a~1b/m~0n"],
    [["é ü"], "#/%C3%A9%20%C3%BC"],
    [["\ud800", "x\udfff"], "#/%EF%BF%BD/x%EF%BF%BD"],
    [[], "#"],
  ];
  for (const [path, pointer] of pointers)
    it(`is ${pointer} for ${JSON.stringify(path)}`, () => {
      assert.deepEqual(errorAt(path, "wrong"), { detail: "wrong", pointer });
    });
});
