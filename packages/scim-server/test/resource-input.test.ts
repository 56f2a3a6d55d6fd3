import assert from "node:assert/strict";
import { ScimError } from "../src/errors.ts";
import { readResource } from "../src/input.ts";
import { urns } from "../src/schema.ts";
import { userSchema } from "./sample.ts";

const { enterprise, user: core } = urns;

/** Reads a body after a round trip through JSON. */
function cleaned(body: unknown) {
  return readResource(JSON.parse(JSON.stringify(body)), userSchema);
}

const understood: [string, unknown, unknown][] = [
  [
    "a body of Okta's",
    {
      schemas: [core],
      id: "x",
      userName: "test.user@okta.local",
      active: true,
      groups: [],
      name: { givenName: "Another", middleName: "", familyName: "User" },
      emails: [{ primary: true, value: "a@okta.local", type: "work", display: "a@okta.local" }],
      password: "1mz050nq",
      externalId: "00ujl29u0le5T6Aj10h7",
      locale: "en-US",
      meta: { resourceType: "User" },
    },
    {
      userName: "test.user@okta.local",
      active: true,
      name: { givenName: "Another", familyName: "User" },
      emails: [{ primary: true, value: "a@okta.local", type: "work", display: "a@okta.local" }],
      password: "1mz050nq",
      externalId: "00ujl29u0le5T6Aj10h7",
      locale: "en-US",
    },
  ],
  [
    "Okta's entitlements, with numbers in the enterprise extension",
    {
      entitlements: [{ value: "e1", display: "First", type: "License" }],
      roles: [{ value: "role123", display: "First Role" }],
      [enterprise]: {
        employeeNumber: 701984,
        costCenter: 4130,
        department: "Tour Operations",
        manager: { value: "26118915", $ref: "../Users/26118915", displayName: "John Smith" },
      },
    },
    {
      entitlements: [{ value: "e1", display: "First", type: "License" }],
      roles: [{ value: "role123", display: "First Role" }],
      [enterprise]: {
        employeeNumber: "701984",
        costCenter: "4130",
        department: "Tour Operations",
        manager: { value: "26118915", $ref: "../Users/26118915" },
      },
    },
  ],
  [
    "Entra's booleans",
    { active: "False", emails: [{ value: "a", primary: "True" }] },
    { active: false, emails: [{ value: "a", primary: true }] },
  ],
  ["Entra's manager", { [enterprise]: { manager: "m1" } }, { [enterprise]: { manager: { value: "m1" } } }],
  [
    "names in any case",
    { USERNAME: "a", Name: { GIVENNAME: "A" }, [enterprise.toUpperCase()]: { DEPARTMENT: "D" } },
    { userName: "a", name: { givenName: "A" }, [enterprise]: { department: "D" } },
  ],
  [
    "the core schema's URN as a key",
    { [core.toLowerCase()]: { userName: "a", unknown: 1 }, title: "T" },
    { userName: "a", title: "T" },
  ],
  ["one object instead of a list", { emails: { value: "a" } }, { emails: [{ value: "a" }] }],
  [
    "strings for complex values",
    { emails: ["a", "b"], roles: "admin" },
    { emails: [{ value: "a" }, { value: "b" }], roles: [{ value: "admin" }] },
  ],
  [
    "several primary values, of which the last wins",
    {
      emails: [
        { value: "a", primary: true },
        { value: "b", primary: true },
        { value: "c", primary: false },
      ],
    },
    {
      emails: [
        { value: "a", primary: false },
        { value: "b", primary: true },
        { value: "c", primary: false },
      ],
    },
  ],
  [
    "elements with nothing but a type",
    { phoneNumbers: [{ type: "work", primary: true, value: "" }, {}, null, { value: "1" }] },
    { phoneNumbers: [{ value: "1" }] },
  ],
  [
    "unknown attributes",
    { shoeSize: 42, toString: 1, "urn:unknown:1.0:User": { a: 1 }, name: { nick: "x", givenName: "A" } },
    { name: { givenName: "A" } },
  ],
  [
    "read-only attributes with any value",
    { id: 7, meta: "x", groups: Array(500).fill({ value: "g" }), schemas: null },
    {},
  ],
  ["strings of a thousand characters", { title: "x".repeat(1000) }, { title: "x".repeat(1000) }],
  [
    "non-ASCII characters and emoji",
    { title: "Ärztin 👩‍⚕️ constructor" },
    { title: "Ärztin 👩‍⚕️ constructor" },
  ],
  [
    "empty values",
    { roles: [], entitlements: null, externalId: "", ACTIVE: null, name: {}, emails: [{}] },
    {},
  ],
  [
    "empty values in an extension",
    { [enterprise]: { department: "", manager: { value: null }, division: "D" } },
    { [enterprise]: { division: "D" } },
  ],
  [
    "lists and objects of nothing",
    {
      title: {},
      nickName: [null],
      ACTIVE: [{ value: "" }],
      emails: [{}, [""], null],
      name: { givenName: [""] },
    },
    {},
  ],
  [
    "Entra's roles, as JSON in a text",
    {
      roles: [{ value: '{"id":"1","value":"admin","displayName":"A"}', primary: "True" }],
      entitlements: '["e1"]',
    },
    { roles: [{ primary: true, value: "admin", display: "A" }], entitlements: [{ value: "e1" }] },
  ],
  [
    "texts that only look like JSON, and other attributes with JSON",
    { roles: ["{admin}", "[admin]"], title: '{"value":"x"}', emails: ['{"value":"x"}'] },
    {
      roles: [{ value: "{admin}" }, { value: "[admin]" }],
      title: '{"value":"x"}',
      emails: [{ value: '{"value":"x"}' }],
    },
  ],
  ["an empty extension", { [enterprise]: {} }, {}],
  ["an extension that is null", { [enterprise.toUpperCase()]: null }, {}],
  ["an extension with unknown attributes only", { [enterprise]: { unknown: 1 } }, {}],
  ["nothing", {}, {}],
];

const refused: [string, unknown, string, RegExp][] = [
  ["a list for a body", [], "invalidSyntax", /body/],
  [
    "reserved names in a role's JSON",
    { roles: ['{"value":"admin","__proto__":{"primary":true}}'] },
    "invalidSyntax",
    /reserved/,
  ],
  ["null for a body", null, "invalidSyntax", /body/],
  ["an object for a string", { title: { a: 1 } }, "invalidValue", /^title has to be a string/],
  ["a list for a string", { userName: ["a"] }, "invalidValue", /^userName has to be/],
  ["a boolean for a string", { userName: true }, "invalidValue", /^userName has to be/],
  [
    "NUL in a role's JSON",
    { roles: ['{"value":"a\\u0000"}'] },
    "invalidValue",
    /^roles\.value holds a character/,
  ],
  [
    "a list in a role's JSON",
    { roles: [{ value: { value: [1, 2] } }] },
    "invalidValue",
    /^roles\.value has to be/,
  ],
  [
    "a text of JSON that is too long",
    { roles: [`{"value":"${"x".repeat(4000)}"}`] },
    "invalidValue",
    /^roles/,
  ],
  ["a number for an address", { profileUrl: 5 }, "invalidValue", /^profileUrl has to be/],
  ["a string for a boolean", { active: "yes" }, "invalidValue", /^active has to be a boolean/],
  ["a number for a boolean", { active: 1 }, "invalidValue", /^active has to be a boolean/],
  ["a string for a complex value", { name: "Ada" }, "invalidValue", /^name has to be an object/],
  [
    "a string for an address that has no value",
    { addresses: ["London"] },
    "invalidValue",
    /^addresses has to/,
  ],
  ["a list in a list", { emails: [["a"]] }, "invalidValue", /^emails has to/],
  ["a wrong sub-attribute", { emails: [{ value: { a: 1 } }] }, "invalidValue", /^emails\.value has to/],
  [
    "a wrong attribute of an extension",
    { [enterprise]: { department: true } },
    "invalidValue",
    /User:department has to/,
  ],
  ["a string for an extension", { [enterprise]: "x" }, "invalidValue", /User has to be an object/],
  ["a string that is too long", { title: "x".repeat(1001) }, "invalidValue", /^title is longer than 1000/],
  ["a list that is too long", { emails: Array(201).fill("a") }, "invalidValue", /^emails has more than 200/],
  ["a NUL character", { title: "a\0" }, "invalidValue", /cannot be stored/],
  ["half a surrogate pair", { title: "a\udc00" }, "invalidValue", /^title holds a character/],
  ["one name in two spellings", { userName: "a", USERNAME: "b" }, "invalidSyntax", /^userName is there more/],
  [
    "one name in two places",
    { userName: "a", [core]: { userName: "a" } },
    "invalidSyntax",
    /^userName is there/,
  ],
  [
    "one sub-attribute twice",
    { name: { givenName: "a", GivenName: "b" } },
    "invalidSyntax",
    /^name\.givenName is/,
  ],
  [
    "one extension twice",
    { [enterprise]: {}, [enterprise.toUpperCase()]: {} },
    "invalidSyntax",
    /is there more/,
  ],
];

describe("the body of a user", () => {
  for (const [name, body, resource] of understood) {
    it(`accepts ${name}`, () => {
      assert.deepEqual(cleaned(body).resource, resource);
    });
  }

  it("tells an empty list from other empty values and from an absent attribute", () => {
    const body = { ROLES: [], entitlements: null, emails: [{}], addresses: "", title: [], id: "" };
    assert.deepEqual([...cleaned(body).emptied], ["roles"]);
  });

  for (const [name, body, scimType, message] of refused) {
    it(`is refused with ${name}`, () => {
      assert.throws(() => cleaned(body), { name: "ScimError", status: 400, scimType, message });
    });
  }

  for (const name of ["__proto__", "constructor", "prototype"]) {
    const places = [
      `{"${name}":{"polluted":1}}`,
      `{"name":{"${name}":{"polluted":1}}}`,
      `{"emails":[{"value":"a","${name}":{"polluted":1}}]}`,
      `{"${enterprise}":{"${name}":{"polluted":1}}}`,
      `{"meta":[[{"deep":{"${name}":null}}]]}`,
      `{"unknown":{"${name.toUpperCase()}":1}}`,
    ];
    for (const body of places) {
      it(`is refused as ${body}`, () => {
        assert.throws(() => readResource(JSON.parse(body), userSchema), ScimError);
        assert.equal(({} as Record<string, unknown>).polluted, undefined);
        assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
      });
    }
  }

  it("is refused if it is nested deeper than the stack allows", () => {
    const deep = `${'{"a":['.repeat(50_000)}1${"]}".repeat(50_000)}`;
    assert.throws(() => readResource(JSON.parse(`{"unknown":${deep}}`), userSchema), ScimError);
  });
});
