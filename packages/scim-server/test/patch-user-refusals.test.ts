import assert from "node:assert/strict";
import { parsePatch } from "../src/grammar.ts";
import { patchUser } from "../src/patch-user.ts";
import { urns } from "../src/schema.ts";
import { ada, add, custom, manager, patched, refusal, remove, replace, schema } from "./patched-user.ts";

const refused: [string, unknown[], string][] = [
  ["a path to id", [replace("id", "x")], "mutability"],
  ["a path to schemas", [add("schemas", ["x"])], "mutability"],
  ["a path to meta", [replace("meta.created", "x")], "mutability"],
  ["a path to groups", [remove('groups[value eq "g1"]')], "mutability"],
  ["a path to a manager's displayName", [replace(`${manager}.displayName`, "x")], "mutability"],
  ["removal of userName", [remove("userName")], "mutability"],
  ["an empty userName", [{ op: "replace", value: { userName: "" } }], "mutability"],
  ["removal of active", [remove("active")], "mutability"],
  ["removal of the password", [remove("password")], "mutability"],
  ["an unknown attribute", [replace("shoeSize", 42)], "invalidPath"],
  ["an unknown sub-attribute", [replace("name.nick", "x")], "invalidPath"],
  ["an unknown extension", [replace("urn:unknown:1.0:User:department", "x")], "invalidPath"],
  ["an empty path without an object", [replace("", "x")], "invalidValue"],
  ["a path that does not end", [replace('emails[type eq "work"', "x")], "invalidPath"],
  ["a key that does not end", [{ op: "add", value: { 'emails[type eq "work"': "x" } }], "invalidPath"],
  ["a filter on an attribute with one value", [replace('name[givenName eq "Ada"]', {})], "invalidPath"],
  ["a filter on an unknown sub-attribute", [remove('emails[size eq "x"]')], "invalidFilter"],
  [
    "a filter on an unknown sub-attribute of an empty list",
    [remove('entitlements[type pr and size eq "x"]')],
    "invalidFilter",
  ],
  ["a filter on the order of booleans", [remove("emails[primary gt true]")], "invalidFilter"],
  ["a filter that compares a string with a boolean", [remove("emails[type eq true]")], "invalidFilter"],
  ["a filter that compares a boolean with a string", [remove('emails[primary eq "yes"]')], "invalidFilter"],
  [
    "a filter with null and an operator other than eq and ne",
    [remove("emails[type co null]")],
    "invalidFilter",
  ],
  [
    "a filter that describes no single element",
    [replace('emails[type ne "work" and type ne "home"].value', "x")],
    "noTarget",
  ],
  ["removal by a filter that nothing matches", [remove('emails[type eq "other"]')], "noTarget"],
  ["removal of a part that nothing has", [remove('emails[type eq "x"].value')], "noTarget"],
  ["removal from an empty list", [remove('entitlements[value eq "x"]')], "noTarget"],
  ["removal from an extension's list", [remove(`${custom}:tags[value eq "x"]`)], "noTarget"],
  ["removal of a role twice", [remove("roles[value pr]"), remove("roles[value pr]")], "noTarget"],
  ["removal of a primary role that there is not", [remove('roles[primary eq "True"]')], "noTarget"],
  ["an emptied element that there is not", [replace('phoneNumbers[type eq "fax"]', null)], "noTarget"],
  ["an emptied part that there is not", [replace('phoneNumbers[type eq "fax"].value', "")], "noTarget"],
  [
    "a key that empties an element that there is not",
    [{ op: "replace", value: { 'emails[type eq "other"].value': null } }],
    "noTarget",
  ],
  ["a filter with or", [replace('emails[type eq "other" or type eq "x"].value', "x")], "noTarget"],
  [
    "several values for a filter",
    [replace('emails[type eq "work"]', [{ value: "a" }, { value: "b" }])],
    "invalidValue",
  ],
  ["a string for a boolean", [replace("active", "yes")], "invalidValue"],
  ["an object for a string", [replace("title", { a: 1 })], "invalidValue"],
  ["a boolean for a string", [replace("title", true)], "invalidValue"],
  ["a list of strings for a string", [replace("title", ["a", "b"])], "invalidValue"],
  ["a string for a complex attribute", [replace("name", "Ada")], "invalidValue"],
  ["a string for an extension", [replace(urns.enterprise, "x")], "invalidValue"],
  ["a string for a date", [replace(`${custom}:since`, "soon")], "invalidValue"],
  ["a fraction for an integer", [replace(`${custom}:level`, 1.5)], "invalidValue"],
  ["a string that is too long", [replace("title", "x".repeat(1001))], "invalidValue"],
  ["a character that cannot be stored", [replace("title", "\ud800")], "invalidValue"],
  [
    "too many elements",
    [
      add(
        "phoneNumbers",
        Array.from({ length: 200 }, (_, i) => `${i}`),
      ),
    ],
    "invalidValue",
  ],
  ["a list to remove that identifies no element", [remove("emails", [{ type: "work" }])], "invalidValue"],
  ["removal of the core schema", [remove(urns.user)], "noTarget"],
  ["removal without a path", [{ op: "remove", value: { title: "x" } }], "noTarget"],
];

const reserved = ["__proto__", "constructor", "prototype"].flatMap((name): [string, unknown, string][] => [
  [`a path to ${name}`, replace(name, "x"), "invalidPath"],
  [`a path below ${name}`, replace(`${name}.polluted`, "x"), "invalidPath"],
  [`a path to name.${name}`, replace(`name.${name}`, "x"), "invalidPath"],
  [`an extension's ${name}`, replace(`${urns.enterprise}:${name}`, "x"), "invalidPath"],
  [`a filter with ${name}`, replace(`emails[${name} eq "x"].value`, "x"), "invalidPath"],
  [`a filter's ${name}`, replace(`emails[type eq "x"].${name}`, "x"), "invalidPath"],
  [`a key ${name}`, JSON.parse(`{"op":"add","value":{"${name}":{"polluted":1}}}`), "invalidSyntax"],
  [`a key name.${name}`, { op: "add", value: { [`name.${name}`]: "x" } }, "invalidPath"],
  [`a key urn:x:${name}`, { op: "add", value: { [`urn:x:${name}`]: "x" } }, "invalidPath"],
  [
    `a value with ${name}`,
    JSON.parse(`{"op":"add","path":"name","value":{"${name}":{"a":1}}}`),
    "invalidSyntax",
  ],
  [
    `an element with ${name}`,
    JSON.parse(`{"op":"add","path":"emails","value":[{"${name}":1}]}`),
    "invalidSyntax",
  ],
  [
    `an operation with ${name}`,
    JSON.parse(`{"op":"add","path":"title","value":"x","${name}":1}`),
    "invalidSyntax",
  ],
]);

describe("PATCH of a user", () => {
  for (const [name, operations, scimType] of refused) {
    it(`refuses ${name}`, () => assert.throws(() => patched(...operations), refusal(scimType)));
  }

  it("accepts at most a hundred operations, because they block the event loop", () => {
    const numbers = Array.from({ length: 190 }, (_, i) => `+1 ${i}`);
    const many = patched(...Array(100).fill(add("phoneNumbers", numbers)));
    assert.equal((many.phoneNumbers as unknown[]).length, 191);
    assert.throws(() => patched(...Array(101).fill(replace("title", "X"))), refusal("invalidSyntax"));
  });

  for (const [name, operation, scimType] of reserved) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => patchUser(ada, parsePatch({ schemas: [urns.patchOp], Operations: [operation] }), schema),
        refusal(scimType),
      );
      assert.deepEqual(Object.getOwnPropertyNames({}), []);
      assert.equal(({} as Record<string, unknown>).polluted, undefined);
    });
  }
});
