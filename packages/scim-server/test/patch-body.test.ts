import assert from "node:assert/strict";
import { parsePatch } from "../src/grammar.ts";
import { urns } from "../src/schema.ts";
import { refusal, remove } from "./patched-user.ts";

const notOperations: [string, unknown, string][] = [
  ["a list instead of an object", [], "invalidSyntax"],
  ["null", null, "invalidSyntax"],
  ["no operations", { schemas: [urns.patchOp] }, "invalidSyntax"],
  ["an empty list of operations", { schemas: [urns.patchOp], Operations: [] }, "invalidSyntax"],
  [
    "too many operations",
    { schemas: [urns.patchOp], Operations: Array(1001).fill(remove("title")) },
    "invalidSyntax",
  ],
  ["two lists of operations", { schemas: [urns.patchOp], Operations: [], operations: [] }, "invalidSyntax"],
  ...(
    [
      ["an operation that is not an object", "remove", "invalidSyntax"],
      ["an unknown op", { op: "move", path: "title", value: "x" }, "invalidSyntax"],
      ["no op", { path: "title", value: "x" }, "invalidSyntax"],
      ["an op that is not a string", { op: ["add"], path: "title", value: "x" }, "invalidSyntax"],
      ["a removal with an empty path", { op: "remove", path: " ", value: "x" }, "noTarget"],
      ["a text with an empty path", { op: "replace", path: "", value: "x" }, "invalidValue"],
      ["a misspelt path of a text", { op: "replace", pth: "title", value: "x" }, "invalidValue"],
      ["a path that is not a string", { op: "remove", path: 1 }, "invalidPath"],
      ["nothing to add", { op: "add", path: "title" }, "invalidValue"],
      ["a list without a path", { op: "add", value: ["x"] }, "invalidValue"],
      ["neither path nor value", { op: "replace" }, "invalidValue"],
    ] as const
  ).map(([name, operation, type]): [string, unknown, string] => [
    name,
    { schemas: [urns.patchOp], Operations: [operation] },
    type,
  ]),
];

describe("the body of a PATCH request", () => {
  it("may have names and keywords in any case", () => {
    const body = { SCHEMAS: [urns.patchOp.toUpperCase()], operations: [{ OP: "REMOVE", Path: "title" }] };
    assert.deepEqual(parsePatch(body), [{ op: "remove", path: "title", value: undefined }]);
  });

  const schemas: [string, object][] = [
    ["without schemas", {}],
    ["with an empty list of schemas", { schemas: [] }],
    ["with schemas that are null", { schemas: null }],
    ["with a schema that is not in a list", { schemas: urns.patchOp }],
    ["with another schema, as POST and PUT are", { schemas: [urns.user] }],
    ["with schemas that are not strings", { schemas: [{ toString: null }] }],
  ];
  for (const [name, more] of schemas) {
    it(`is read ${name}`, () => {
      const body = { ...more, Operations: [remove("title")] };
      assert.deepEqual(parsePatch(body), [{ op: "remove", path: "title", value: undefined }]);
    });
  }

  it("may have one operation without a list", () => {
    assert.deepEqual(
      parsePatch({ operations: remove("title") }),
      parsePatch({ Operations: [remove("title")] }),
    );
  });

  const operations: [string, object, object][] = [
    ["an empty path", { op: "add", path: "" }, { path: null }],
    ["a path of spaces", { op: "add", path: "  " }, { path: null }],
    ["a path that is null", { op: "add", path: null }, { path: null }],
    ["a name of its own", { name: "addMember", op: "add", path: "members" }, { path: "members" }],
    ["members of SCIM 1.1", { op: "ADD", operation: "delete", id: 7, Path: "members" }, { path: "members" }],
  ];
  for (const [name, operation, expected] of operations) {
    it(`may have an operation with ${name}`, () => {
      const value = { title: "x" };
      assert.deepEqual(parsePatch({ Operations: [{ ...operation, value }] }), [
        { op: "add", value, ...expected },
      ]);
    });
  }

  for (const [name, body, scimType] of notOperations) {
    it(`is refused with ${name}`, () => assert.throws(() => parsePatch(body), refusal(scimType)));
  }
});
