import assert from "node:assert/strict";
import type { JsonObject } from "../src/input.ts";
import { urns } from "../src/schema.ts";
import {
  ada,
  adaWith,
  adaWorking,
  add,
  custom,
  department,
  home,
  manager,
  mobile,
  patched,
  remove,
  replace,
  work,
} from "./patched-user.ts";

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

describe("PATCH of a user", () => {
  for (const [name, operations, expected] of understood) {
    it(`understands ${name}`, () => assert.deepEqual(patched(...operations), expected));
  }

  it("is all or nothing, and does not change its input", () => {
    const before = JSON.stringify(ada);
    assert.throws(() => patched(replace("title", "X"), remove("emails"), replace("shoeSize", 42)));
    const after = patched(replace("emails[type pr].display", "X"), add("name", { middleName: "K" }));
    assert.notEqual(JSON.stringify(after), before);
    assert.equal(JSON.stringify(ada), before);
  });
});
