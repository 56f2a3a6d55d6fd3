import assert from "node:assert/strict";
import fc from "fast-check";
import { ScimError } from "scim-server/errors";
import { maxOperations, parsePatch, parsePath } from "scim-server/grammar";
import { memberIds, patchGroup } from "scim-server/groups";
import { defineSchemas, urns } from "scim-server/schema";

const { group: schema } = defineSchemas({ attributes: [] });

const id = "abf4dd94-a4c0-4f67-89c9-76b03340cb9b";
const [a, b, c] = ["23a35c27-23d3-4c03-b4c5-6443c09e7173", "89bb1940-b905-4575-9e7f-6f887cfb368e", "c"];

function translated(...operations: unknown[]) {
  const body = JSON.parse(JSON.stringify({ schemas: [urns.patchOp], Operations: operations }));
  return patchGroup(parsePatch(body, maxOperations.group), schema);
}

const member = (value: string) => ({ value, display: `${value}@okta.local` });
const steps = (...pairs: [string, string[]][]) => ({
  changes: {},
  steps: pairs.map(([kind, userIds]) => ({ kind, userIds })),
});
const changes = (wanted: object) => ({ changes: wanted, steps: [] });

const understood: [string, unknown[], unknown][] = [
  [
    "Okta: rename with the id echoed, which leaves members alone",
    [{ op: "replace", value: { id, displayName: "New" } }],
    changes({ displayName: "New" }),
  ],
  [
    "Okta: a delta of members",
    [
      { op: "remove", path: `members[value eq "${b}"]` },
      { op: "add", path: "members", value: [{ value: a, display: "test.user@okta.local" }] },
    ],
    steps(["remove", [b]], ["add", [a]]),
  ],
  [
    "Okta: push now",
    [{ op: "replace", path: "members", value: [member(a), member(b)] }],
    steps(["replace", [a, b]]),
  ],
  [
    "Okta: push now of an empty group",
    [{ op: "replace", path: "members", value: [] }],
    steps(["replace", []]),
  ],
  [
    "Okta: push now of an empty group, without a path",
    [{ op: "replace", value: { members: [], id, displayName: "Same" } }],
    { changes: { displayName: "Same" }, steps: [{ kind: "replace", userIds: [] }] },
  ],
  [
    "members that are null: not sent",
    [{ op: "replace", value: { id, displayName: "New", members: null } }],
    changes({ displayName: "New" }),
  ],
  ["Entra: adding", [{ op: "Add", path: "members", value: [{ $ref: null, value: a }] }], steps(["add", [a]])],
  [
    "Entra: removal of listed members",
    [{ op: "Remove", path: "members", value: [{ $ref: null, value: a }, member(b)] }],
    steps(["remove", [a, b]]),
  ],
  ["Entra: rename", [{ op: "Replace", path: "displayName", value: "New" }], changes({ displayName: "New" })],
  [
    "Entra: a text in a list, as it once was sent",
    [{ op: "Replace", path: "displayName", value: [{ $ref: null, value: "New" }] }],
    changes({ displayName: "New" }),
  ],
  ["Entra: externalId", [{ op: "Add", path: "externalId", value: "e1" }], changes({ externalId: "e1" })],
  [
    "externalId without a path",
    [{ op: "replace", value: { EXTERNALID: "e1" } }],
    changes({ externalId: "e1" }),
  ],
  ["removal of externalId", [{ op: "remove", path: "externalId" }], changes({ externalId: null })],
  ["an empty externalId", [{ op: "replace", path: "externalId", value: "" }], changes({ externalId: null })],
  ["one member without a list", [{ op: "add", path: "members", value: member(a) }], steps(["add", [a]])],
  [
    "plain ids",
    [
      { op: "add", path: "members", value: [a, b] },
      { op: "add", path: "members", value: c },
    ],
    steps(["add", [a, b, c]]),
  ],
  ["adding without a path", [{ op: "add", value: { members: [member(a)] } }], steps(["add", [a]])],
  ["adding no member", [{ op: "add", path: "members", value: [] }], steps()],
  ["removal of no member", [{ op: "remove", path: "members", value: [] }], steps()],
  ["removal of every member", [{ op: "remove", path: "members" }], steps(["replace", []])],
  [
    "removal of several by a filter",
    [{ op: "remove", path: `members[value eq "${a}" or (VALUE EQ "${b}" or value eq "c")]` }],
    steps(["remove", [a, b, c]]),
  ],
  ...(
    [
      [`value eq "${a}" and type eq "User"`, ["remove", [a]]],
      [`type eq "user" and (value eq "${a}" or value eq "${b}")`, ["remove", [a, b]]],
      [`value eq "${a}" and value eq "${b}"`, ["remove", []]],
      [`value eq "${a}" and type eq "Group"`, ["remove", []]],
      [`(value eq "${a}" or value eq "${b}") and value ne "${b}"`, ["remove", [a]]],
      [`(value eq "${a}" or value eq "${b}") and not (value eq "${a}")`, ["remove", [b]]],
      [`$ref eq "https://app.example/scim/v2/Users/${a}"`, ["remove", [a]]],
      [`$ref eq "../Users/${a}" or $REF eq "Users/${b}" or $ref eq "c"`, ["remove", [a, b, "c"]]],
      [`$ref eq "https://app.example/scim/v2/Groups/${a}"`, ["remove", []]],
      ["value eq 7", ["remove", ["7"]]],
      ['type eq "User"', ["replace", []]],
      ["value pr", ["replace", []]],
    ] as [string, [string, string[]]][]
  ).map(([filter, step]): [string, unknown[], unknown] => [
    `removal by ${filter}`,
    [{ op: "remove", path: `members[${filter}]` }],
    steps(...(step[0] === "remove" && step[1].length === 0 ? [] : [step])),
  ]),
  [
    "members inside of members",
    [{ op: "remove", path: "members", value: { Members: [member(a)] } }],
    steps(["remove", [a]]),
  ],
  [
    "a member that is only a reference",
    [{ op: "add", path: "members", value: [{ $ref: `Users/${a}` }] }],
    steps(["add", [a]]),
  ],
  ["members that are empty text: not sent", [{ op: "replace", value: { members: "" } }], steps()],
  [
    "numbers for texts",
    [{ op: "replace", value: { displayName: 7, externalId: 8 } }],
    changes({ displayName: "7", externalId: "8" }),
  ],
  [
    "the URN in front",
    [{ op: "remove", path: `${urns.group}:members[value eq "${a}"]` }],
    steps(["remove", [a]]),
  ],
  [
    "the URN alone",
    [{ op: "replace", path: urns.group, value: { displayName: "New" } }],
    changes({ displayName: "New" }),
  ],
  [
    "the URN as a key",
    [{ op: "replace", value: { [urns.group]: { displayName: "New" } } }],
    changes({ displayName: "New" }),
  ],
  [
    "unknown attributes without a path",
    [{ op: "replace", value: { displayName: "New", colour: "red", meta: {}, schemas: [] } }],
    changes({ displayName: "New" }),
  ],
  [
    "members whose type is User",
    [{ op: "add", path: "members", value: [{ value: a, type: "User", $ref: `https://x/Users/${a}` }] }],
    steps(["add", [a]]),
  ],
  [
    "the last of several names",
    [
      { op: "replace", path: "displayName", value: "A" },
      { op: "replace", value: { displayName: "B" } },
    ],
    changes({ displayName: "B" }),
  ],
];

const refused: [string, unknown, string][] = [
  [
    "a nested group by its type",
    { op: "add", path: "members", value: [{ value: a, type: "group" }] },
    "invalidValue",
  ],
  [
    "a nested group by its address",
    { op: "add", value: { members: [{ value: a, $ref: `../Groups/${a}` }] } },
    "invalidValue",
  ],
  ["an empty name", { op: "replace", path: "displayName", value: " " }, "mutability"],
  ["an empty name without a path", { op: "replace", value: { displayName: "" } }, "mutability"],
  ["a name that is null", { op: "replace", path: "displayName", value: null }, "mutability"],
  ["removal of the name", { op: "remove", path: "displayName" }, "mutability"],
  ["removal of members that are null", { op: "remove", path: "members", value: null }, "invalidValue"],
  ["removal of members that are empty", { op: "remove", path: "members", value: "" }, "invalidValue"],
  ["members that are empty, by a path", { op: "replace", path: "members", value: "" }, "invalidValue"],
  ["a name that is not a string", { op: "replace", path: "displayName", value: { a: 1 } }, "invalidValue"],
  [
    "a name that is too long",
    { op: "replace", path: "displayName", value: "x".repeat(1001) },
    "invalidValue",
  ],
  ["members that are null, by a path", { op: "replace", path: "members", value: null }, "invalidValue"],
  ["a member without an id", { op: "add", path: "members", value: [{ display: "x" }] }, "invalidValue"],
  ["a member that is null", { op: "add", path: "members", value: [null] }, "invalidValue"],
  ["a member with an empty id", { op: "add", path: "members", value: [""] }, "invalidValue"],
  [
    "a member whose id is an object",
    { op: "add", path: "members", value: [{ value: { toString: null } }] },
    "invalidValue",
  ],
  [
    "a member whose type is an object",
    { op: "add", path: "members", value: [{ value: a, type: { toString: 1 } }] },
    "invalidValue",
  ],
  ["adding by a filter", { op: "add", path: `members[value eq "${a}"]`, value: {} }, "invalidPath"],
  ["a filter on something else", { op: "remove", path: 'members[colour eq "x"]' }, "invalidPath"],
  ["a filter with another operator", { op: "remove", path: 'members[value sw "x"]' }, "invalidPath"],
  ["a filter with a boolean", { op: "remove", path: "members[value eq true]" }, "invalidPath"],
  [
    "two members in the place of one",
    { op: "replace", path: `members[value eq "${a}"]`, value: [b, c] },
    "invalidValue",
  ],
  [
    "a name in two spellings",
    { op: "replace", value: { displayName: "a", displayname: "b" } },
    "invalidSyntax",
  ],
  [
    "members next to a section with members",
    { op: "add", value: { members: [a], [urns.group]: { members: [b] } } },
    "invalidSyntax",
  ],
  ["a wrapped null", { op: "remove", path: "members", value: { members: null } }, "invalidValue"],
  ["a part of members", { op: "remove", path: `members[value eq "${a}"].display` }, "invalidPath"],
  ["a part of members without a filter", { op: "replace", path: "members.value", value: a }, "invalidPath"],
  ["a part of members as a key", { op: "replace", value: { "members.value": a } }, "invalidPath"],
  ["a filter on the name", { op: "remove", path: 'displayName[value eq "x"]' }, "invalidPath"],
  ["an unknown path", { op: "replace", path: "colour", value: "red" }, "invalidPath"],
  ["a user's attribute", { op: "replace", path: "userName", value: "x" }, "invalidPath"],
  ["another schema", { op: "replace", path: `${urns.user}:members`, value: [] }, "invalidPath"],
  ["a path to id", { op: "replace", path: "id", value: "x" }, "mutability"],
  ["a path to meta", { op: "replace", path: "meta.created", value: "x" }, "mutability"],
  ["a path to schemas", { op: "replace", path: "schemas", value: [] }, "mutability"],
  ["removal of the group", { op: "remove", path: urns.group }, "noTarget"],
  ["removal without a path", { op: "remove", value: { members: [a] } }, "noTarget"],
  ...["__proto__", "constructor", "prototype"].flatMap((name): [string, unknown, string][] => [
    [`a path to ${name}`, { op: "replace", path: name, value: "x" }, "invalidPath"],
    [`a filter with ${name}`, { op: "remove", path: `members[${name} eq "x"]` }, "invalidPath"],
    [`a key ${name}`, JSON.parse(`{"op":"replace","value":{"${name}":{"polluted":1}}}`), "invalidSyntax"],
    [`a key members.${name}`, { op: "replace", value: { [`members.${name}`]: 1 } }, "invalidPath"],
    [
      `a member with ${name}`,
      JSON.parse(`{"op":"add","path":"members","value":[{"${name}":1}]}`),
      "invalidSyntax",
    ],
  ]),
];

describe("PATCH of a group", () => {
  for (const [name, operations, expected] of understood) {
    it(`understands ${name}`, () => assert.deepEqual(translated(...operations), expected));
  }

  for (const [name, operation, scimType] of refused) {
    it(`refuses ${name}`, () => {
      const patch = () =>
        patchGroup(parsePatch({ schemas: [urns.patchOp], Operations: [operation] }), schema);
      assert.throws(patch, (error: unknown) => {
        assert.ok(error instanceof ScimError, String(error));
        assert.deepEqual([error.status, error.scimType], [400, scimType], error.message);
        return true;
      });
      assert.equal(({} as Record<string, unknown>).polluted, undefined);
    });
  }

  const removal = { op: "remove", path: "displayName" };
  const renaming: [string, unknown[]][] = [
    ["add", [removal, { op: "add", path: "displayName", value: "New" }]],
    ["replace", [removal, { op: "replace", path: "displayName", value: "New" }]],
    ["an object without a path", [removal, { op: "add", value: { displayName: "New" } }]],
    [
      "add, after an empty one",
      [
        { op: "replace", value: { displayName: "" } },
        { op: "add", path: "DISPLAYNAME", value: "New" },
      ],
    ],
  ];
  for (const [what, operations] of renaming) {
    it(`judges the name after the whole request: it is removed, then given by ${what}`, () => {
      assert.deepEqual(translated(...operations), changes({ displayName: "New" }));
    });
  }

  it("refuses a name that is given and then removed", () => {
    const given = { op: "replace", path: "displayName", value: "New" };
    assert.throws(() => translated(given, removal), { scimType: "mutability" });
  });

  for (const count of [41, 80, 400, 1000]) {
    it(`removes ${count} members by one filter`, () => {
      const listed = Array.from(
        { length: count },
        (_, n) => `23a35c27-23d3-4c03-b4c5-${String(n).padStart(12, "0")}`,
      );
      const path = `members[${listed.map((one) => `value eq "${one}"`).join(" or ")}]`;
      assert.deepEqual(translated({ op: "remove", path }), steps(["remove", listed]));
    });
  }

  it("refuses more than 1,000 comparisons, and more than 40 of something else", () => {
    const filter = (count: number) => Array(count).fill('value eq "x"').join(" or ");
    for (const path of [`members[${filter(1001)}]`, `members[value eq "${"x".repeat(65_536)}"]`])
      assert.throws(() => translated({ op: "remove", path }), { scimType: "invalidPath" });
    assert.throws(() => parsePath(`emails[${filter(41)}]`), { scimType: "invalidPath" });
  });

  it("accepts the names of Object.prototype as ids", () => {
    assert.deepEqual(
      translated({ op: "add", path: "members", value: ["__proto__"] }),
      steps(["add", ["__proto__"]]),
    );
  });

  it("reads a list of members in every form", () => {
    const [members] = schema.core.attributes.filter(({ name }) => name === "members");
    assert.ok(members);
    const ref = (text: string) => ({ $ref: text });
    const all = [{ Value: a }, b, 7, a, ref(`https://x/scim/v2/Users/${c}`), ref("../Users/d"), ref("e")];
    assert.deepEqual(memberIds(members, all), [a, b, "7", c, "d", "e"]);
  });
});

describe("the steps of a group's PATCH", () => {
  const adding = (...ids: string[]) => ({ op: "add", path: "members", value: ids });
  const removing = (one: string) => ({ op: "remove", path: `members[value eq "${one}"]` });
  const ids = Array.from({ length: 256 }, (_, i) => `id-${i}`);

  it("are one for 256 additions of one member", () => {
    assert.deepEqual(translated(...ids.map((one) => adding(one))), steps(["add", ids]));
  });

  it("are two for 256 alternating additions and removals of different members", () => {
    const turns = ids.flatMap((one) => [removing(one), adding(`new-${one}`)]);
    assert.deepEqual(translated(...turns), steps(["remove", ids], ["add", ids.map((one) => `new-${one}`)]));
  });

  it("keep their order if it matters", () => {
    assert.deepEqual(
      translated(adding("x"), removing("x"), adding("x", "y")),
      steps(["add", ["x"]], ["remove", ["x"]], ["add", ["x", "y"]]),
    );
    assert.deepEqual(
      translated(adding("x"), { op: "replace", path: "members", value: ["y"] }, adding("z")),
      steps(["add", ["x"]], ["replace", ["y"]], ["add", ["z"]]),
    );
  });

  it("keep only the last of several replacements in a row", () => {
    const replacing = (...list: string[]) => ({ op: "replace", path: "members", value: list });
    assert.deepEqual(translated(replacing("x"), replacing("y", "z")), steps(["replace", ["y", "z"]]));
  });

  it("change a set as the operations would one by one", () => {
    const people = fc.constantFrom<string[]>("a", "b", "c", "d", "e", "f");
    const operation = fc.record({
      kind: fc.constantFrom<string[]>("add", "add", "remove", "remove-list", "replace", "remove-all"),
      ids: fc.array(people, { maxLength: 3 }),
    });
    const check = fc.property(
      fc.uniqueArray(people),
      fc.array(operation, { minLength: 1, maxLength: 20 }),
      (before, operations) => {
        const expected = new Set(before);
        const sent = operations.map(({ kind, ids: chosen }) => {
          if (kind === "replace" || kind === "remove-all") expected.clear();
          for (const one of kind === "remove-all" ? [] : chosen) {
            if (kind.startsWith("remove")) expected.delete(one);
            else expected.add(one);
          }
          if (kind === "remove-all") return { op: "remove", path: "members" };
          if (kind === "remove-list") return { op: "remove", path: "members", value: chosen };
          if (kind !== "remove") return { op: kind, path: "members", value: chosen };
          const filter = chosen.map((one) => `value eq "${one}"`).join(" or ");
          return chosen.length > 0
            ? { op: "remove", path: `members[${filter}]` }
            : { op: "remove", path: "members", value: [] };
        });
        const members = new Set(before);
        for (const { kind, userIds } of translated(...sent).steps) {
          if (kind === "replace") members.clear();
          for (const one of userIds) {
            if (kind === "remove") members.delete(one);
            else members.add(one);
          }
        }
        assert.deepEqual([...members].sort(), [...expected].sort());
      },
    );
    fc.assert(check, { seed: 20261101, numRuns: 1000 });
  });
});
