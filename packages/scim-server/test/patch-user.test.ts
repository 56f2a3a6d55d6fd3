import assert from "node:assert/strict";
import { ScimError } from "../src/errors.ts";
import { parsePatch } from "../src/grammar.ts";
import type { JsonObject } from "../src/input.ts";
import { patchUser } from "../src/patch-user.ts";
import { type Attribute, type ResourceSchema, urns } from "../src/schema.ts";
import { userSchema } from "./sample.ts";

const custom = "urn:example:1.0:User";
const own = (name: string, type: Attribute["type"], multiValued = false): Attribute => ({
  name,
  type,
  multiValued,
  description: "",
  required: false,
  mutability: "readWrite",
  returned: "default",
});
const schema: ResourceSchema = {
  core: userSchema.core,
  extensions: [
    ...userSchema.extensions,
    {
      id: custom,
      name: "Own",
      description: "",
      attributes: [own("tags", "string", true), own("level", "integer"), own("since", "dateTime")],
    },
  ],
};

const work = { value: "ada@work.example", type: "work", primary: true };
const home = { value: "ada@home.example", type: "home" };
const mobile = { value: "+1 555", type: "mobile" };
const ada: JsonObject = frozen({
  schemas: [urns.user, urns.enterprise],
  id: "23a35c27-23d3-4c03-b4c5-6443c09e7173",
  externalId: "00u1",
  meta: { resourceType: "User" },
  userName: "ada@work.example",
  name: { givenName: "Ada", familyName: "Lovelace" },
  title: "Countess",
  active: true,
  emails: [work, home],
  phoneNumbers: [mobile],
  addresses: [{ type: "work", locality: "London" }],
  roles: [{ value: "admin", display: "Admin" }],
  groups: [{ value: "g1", display: "Staff" }],
  [urns.enterprise]: { department: "Tour Operations", manager: { value: "m1", $ref: "../Users/m1" } },
  [custom]: { tags: ["one", "two"] },
});

/** Ada after a PATCH request with these operations. */
function patched(...operations: unknown[]): JsonObject {
  const body = JSON.parse(JSON.stringify({ schemas: [urns.patchOp], Operations: operations }));
  return patchUser(ada, parsePatch(body), schema) as JsonObject;
}

/** Ada with other attributes; undefined for removed ones. */
function adaWith(changes: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify({ ...ada, ...changes }));
}

function adaWorking(changes: Record<string, unknown>): unknown {
  return adaWith({ [urns.enterprise]: { ...(ada[urns.enterprise] as JsonObject), ...changes } });
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

const department = `${urns.enterprise}:department`;
const manager = `${urns.enterprise}:manager`;

const replace = (path: string, value: unknown) => ({ op: "replace", path, value });
const add = (path: string, value: unknown) => ({ op: "add", path, value });
const remove = (path: string, value?: unknown) => ({ op: "remove", path, value });

const understood: [string, unknown[], unknown][] = [
  // Okta
  ["Okta: deactivation", [{ op: "replace", value: { active: false } }], adaWith({ active: false })],
  [
    "Okta: password sync",
    [{ op: "replace", value: { password: "S3cret!" } }],
    adaWith({ password: "S3cret!" }),
  ],
  [
    "Okta: a whole profile with everything read-only echoed",
    [
      {
        op: "replace",
        value: {
          schemas: [urns.user],
          id: "another",
          meta: { resourceType: "User" },
          groups: [],
          userName: "ada2@work.example",
          name: { givenName: "Augusta" },
          unknown: { of: "ours" },
        },
      },
    ],
    adaWith({ userName: "ada2@work.example", name: { givenName: "Augusta", familyName: "Lovelace" } }),
  ],
  ["Okta: an emptied field", [{ op: "replace", value: { title: "" } }], adaWith({ title: undefined })],
  [
    "Okta: an extension without a path, with numbers",
    [{ op: "replace", value: { [urns.enterprise]: { employeeNumber: 701984 } } }],
    adaWorking({ employeeNumber: "701984" }),
  ],
  [
    "Okta: entitlements and roles",
    [{ op: "replace", value: { roles: [], entitlements: [{ value: "e1", display: "E", type: "License" }] } }],
    adaWith({ roles: undefined, entitlements: [{ value: "e1", display: "E", type: "License" }] }),
  ],

  // Entra
  [
    "Entra: capital letters, and strings for booleans",
    [{ op: "Replace", path: "active", value: "False" }],
    adaWith({ active: false }),
  ],
  [
    "Entra: dotted keys",
    [{ op: "Replace", value: { "name.givenName": "A", "name.familyName": "" } }],
    adaWith({ name: { givenName: "A" } }),
  ],
  ["Entra: keys with a URN", [{ op: "Add", value: { [department]: "X" } }], adaWorking({ department: "X" })],
  [
    "Entra: keys with a value filter",
    [{ op: "Add", value: { 'emails[type eq "work"].value': "new@work.example" } }],
    adaWith({ emails: [{ ...work, value: "new@work.example" }, home] }),
  ],
  [
    "Entra: a path with a URN",
    [{ op: "Add", path: department, value: "X" }],
    adaWorking({ department: "X" }),
  ],
  [
    "Entra: a manager as a string",
    [{ op: "Add", path: manager, value: "m2" }],
    adaWorking({ manager: { value: "m2" } }),
  ],
  [
    "Entra: a manager as an object",
    [{ op: "Replace", path: manager, value: { value: "m2" } }],
    adaWorking({ manager: { value: "m2" } }),
  ],
  [
    "Entra: a manager in a list, the older form",
    [{ op: "Add", path: manager, value: [{ $ref: "../Users/m2", value: "m2" }] }],
    adaWorking({ manager: { value: "m2", $ref: "../Users/m2" } }),
  ],
  [
    "Entra: a string in a list, the older form",
    [{ op: "Replace", path: "title", value: [{ $ref: null, value: "X" }] }],
    adaWith({ title: "X" }),
  ],
  ["Entra: removal of the manager", [{ op: "Remove", path: manager }], adaWorking({ manager: undefined })],
  [
    "Entra: an emptied manager",
    [{ op: "Replace", path: `${manager}.value`, value: "" }],
    adaWorking({ manager: undefined }),
  ],
  [
    "Entra: an element that does not exist yet",
    [{ op: "Add", path: 'phoneNumbers[type eq "fax"].value', value: "+1 666" }],
    adaWith({ phoneNumbers: [mobile, { type: "fax", value: "+1 666" }] }),
  ],
  [
    "Entra: several parts of an element that does not exist yet",
    [
      { op: "Add", path: 'addresses[type eq "home"].locality', value: "Paris" },
      { op: "Add", path: 'addresses[type eq "home"].country', value: "FR" },
    ],
    adaWith({
      addresses: [
        { type: "work", locality: "London" },
        { type: "home", locality: "Paris", country: "FR" },
      ],
    }),
  ],
  [
    "Entra: the primary role, by a filter with a string",
    [
      { op: "Add", path: 'roles[primary eq "True"].value', value: "member" },
      { op: "Add", path: 'roles[primary eq "True"].display', value: "Member" },
    ],
    adaWith({
      roles: [
        { value: "admin", display: "Admin" },
        { primary: true, value: "member", display: "Member" },
      ],
    }),
  ],
  [
    "Entra: removal of listed values",
    [{ op: "Remove", path: "roles", value: [{ value: "ADMIN" }] }],
    adaWith({ roles: undefined }),
  ],
  [
    "Entra: removal of a value that does not exist",
    [{ op: "Remove", path: "roles", value: [{ value: "x" }] }],
    adaWith({}),
  ],

  // RFC 7644 §3.5.2
  ["a name in another case", [replace("USERNAME", "b")], adaWith({ userName: "b" })],
  [
    "the core schema's URN",
    [replace(`${urns.user}:name.givenName`, "B")],
    adaWith({ name: { givenName: "B", familyName: "Lovelace" } }),
  ],
  [
    "the core schema's URN alone",
    [replace(urns.user.toUpperCase(), { title: "B" })],
    adaWith({ title: "B" }),
  ],
  [
    "the core schema's URN as a key",
    [{ op: "add", value: { [urns.user]: { title: "B" } } }],
    adaWith({ title: "B" }),
  ],
  [
    "an extension's URN alone",
    [add(urns.enterprise.toUpperCase(), { division: "D", unknown: 1 })],
    adaWorking({ division: "D" }),
  ],
  ["removal of an extension", [remove(urns.enterprise)], adaWith({ [urns.enterprise]: undefined })],
  [
    "an extension that is null",
    [{ op: "replace", value: { [urns.enterprise]: null } }],
    adaWith({ [urns.enterprise]: undefined }),
  ],
  [
    "removal of an extension's attributes one by one",
    [remove(department), remove(manager)],
    adaWith({ [urns.enterprise]: undefined }),
  ],
  [
    "an unknown schema's URN as a key",
    [{ op: "add", value: { "urn:scim:schemas:extension:enterprise:1.0": { department: "X" } } }],
    adaWith({}),
  ],
  [
    "adding to a list",
    [add("emails", [{ value: "c@x.example" }])],
    adaWith({ emails: [work, home, { value: "c@x.example" }] }),
  ],
  [
    "adding one value without a list",
    [add("emails", "c@x.example")],
    adaWith({ emails: [work, home, { value: "c@x.example" }] }),
  ],
  [
    "adding an existing element",
    [add("emails", [home, { ...work, value: "ADA@work.example" }])],
    adaWith({ emails: [{ ...work, value: "ADA@work.example" }, home] }),
  ],
  ["adding an existing address", [add("addresses", { type: "work", locality: "London" })], adaWith({})],
  ["adding nothing", [add("emails", []), add('emails[type eq "work"]', null), add("name", {})], adaWith({})],
  [
    "adding a primary element",
    [add("emails", { value: "c@x.example", primary: true })],
    adaWith({ emails: [{ ...work, primary: false }, home, { value: "c@x.example", primary: true }] }),
  ],
  [
    "making an existing element primary",
    [add("emails", { ...home, primary: true })],
    adaWith({
      emails: [
        { ...work, primary: false },
        { ...home, primary: true },
      ],
    }),
  ],
  [
    "primary by a filter",
    [replace('emails[type eq "home"].primary', true)],
    adaWith({
      emails: [
        { ...work, primary: false },
        { ...home, primary: true },
      ],
    }),
  ],
  [
    "several primary elements at once",
    [replace("emails", [work, { ...home, primary: true }])],
    adaWith({
      emails: [
        { ...work, primary: false },
        { ...home, primary: true },
      ],
    }),
  ],
  ["a new list", [replace("emails", [home])], adaWith({ emails: [home] })],
  ["an empty list", [replace("emails", [])], adaWith({ emails: undefined })],
  [
    "elements with nothing but a type",
    [replace("phoneNumbers", [{ type: "work", value: "", primary: true }])],
    adaWith({ phoneNumbers: undefined }),
  ],
  ["removal of a list", [remove("emails")], adaWith({ emails: undefined })],
  ["removal by a filter", [remove('emails[type eq "WORK"]')], adaWith({ emails: [home] })],
  [
    "removal of a part by a filter",
    [remove('emails[type eq "work"].primary')],
    adaWith({ emails: [{ value: work.value, type: "work" }, home] }),
  ],
  [
    "removal of an element's only value",
    [remove('phoneNumbers[type eq "mobile"].value')],
    adaWith({ phoneNumbers: undefined }),
  ],
  [
    "removal of an absent attribute",
    [remove("nickName"), remove("name.middleName"), remove("photos".replace("photos", "entitlements"))],
    adaWith({}),
  ],
  [
    "replacement by a filter that several match",
    [replace('emails[value co "ada"].display', "Ada")],
    adaWith({
      emails: [
        { ...work, display: "Ada" },
        { ...home, display: "Ada" },
      ],
    }),
  ],
  [
    "replacement of an element, which keeps what the filter asks for",
    [replace('emails[type eq "work"]', { value: "n" })],
    adaWith({ emails: [{ type: "work", value: "n" }, home] }),
  ],
  [
    "adding to an element",
    [add('emails[type eq "work"]', { display: "Ada" })],
    adaWith({ emails: [{ ...work, display: "Ada" }, home] }),
  ],
  [
    "replacement of an element by null",
    [replace('emails[type eq "work"]', null)],
    adaWith({ emails: [home] }),
  ],
  [
    "a sub-attribute of all elements",
    [replace("emails.type", "other")],
    adaWith({
      emails: [
        { ...work, type: "other" },
        { ...home, type: "other" },
      ],
    }),
  ],
  [
    "a sub-attribute where there is no element",
    [remove("roles"), add("roles.value", "member")],
    adaWith({ roles: [{ value: "member" }] }),
  ],
  [
    "a complex attribute keeps unnamed sub-attributes",
    [replace("name", { middleName: "K" })],
    adaWith({ name: { ...(ada.name as JsonObject), middleName: "K" } }),
  ],
  ["a complex attribute that is null", [replace("name", null)], adaWith({ name: undefined })],
  [
    "every comparison",
    [
      remove(
        'emails[(type eq "work" or type ne "home") and not (value ew "x") and primary eq true and display eq null]',
      ),
    ],
    adaWith({ emails: [home] }),
  ],
  [
    "order",
    [remove('emails[value gt "ada@i" and type pr and value le "ada@work.example" and value sw "ADA"]')],
    adaWith({ emails: [home] }),
  ],
  [
    "plain values",
    [add(`${custom}:tags`, ["two", "three"])],
    adaWith({ [custom]: { tags: ["one", "two", "three"] } }),
  ],
  [
    "plain values by a filter",
    [replace(`${custom}:tags[value eq "TWO"]`, "2"), remove(`${custom}:tags[value eq "one"]`)],
    adaWith({ [custom]: { tags: ["2"] } }),
  ],
  [
    "plain values in a list to remove",
    [remove(`${custom}:tags`, ["one", "two"])],
    adaWith({ [custom]: undefined }),
  ],
  [
    "a number for a string",
    [add(`${custom}:level`, "7")],
    adaWith({ [custom]: { tags: ["one", "two"], level: 7 } }),
  ],
  ["externalId", [replace("externalId", "00u2")], adaWith({ externalId: "00u2" })],
  ["externalId, removed", [remove("externalId")], adaWith({ externalId: undefined })],
  [
    "one operation after another",
    [replace("title", "A"), remove("title"), add("title", "B")],
    adaWith({ title: "B" }),
  ],
];

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

function refusal(scimType: string) {
  return (error: unknown) => {
    assert.ok(error instanceof ScimError, String(error));
    assert.deepEqual([error.status, error.scimType], [400, scimType], error.message);
    return true;
  };
}

describe("PATCH of a user", () => {
  for (const [name, operations, expected] of understood) {
    it(`understands ${name}`, () => assert.deepEqual(patched(...operations), expected));
  }

  for (const [name, operations, scimType] of refused) {
    it(`refuses ${name}`, () => assert.throws(() => patched(...operations), refusal(scimType)));
  }

  it("is all or nothing, and does not change its input", () => {
    const before = JSON.stringify(ada);
    assert.throws(() => patched(replace("title", "X"), remove("emails"), replace("shoeSize", 42)));
    const after = patched(replace("emails[type pr].display", "X"), add("name", { middleName: "K" }));
    assert.notEqual(JSON.stringify(after), before);
    assert.equal(JSON.stringify(ada), before);
  });

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
