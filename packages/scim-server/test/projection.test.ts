import assert from "node:assert/strict";
import { projection } from "../src/projection.ts";
import { urns } from "../src/schema.ts";
import { userSchema } from "./sample.ts";

const ada = {
  schemas: [urns.user, urns.enterprise],
  id: "1",
  userName: "ada",
  title: "Countess",
  name: { givenName: "Ada", familyName: "Lovelace" },
  emails: [{ value: "a@x.test", type: "work" }, { value: "b@x.test" }],
  groups: [{ value: "g" }],
  [urns.enterprise]: { department: "Research", division: "D" },
};
const { id, schemas, [urns.enterprise]: _extension, ...core } = ada;
const withoutExtension = { schemas, id, ...core };

describe("attributes and excludedAttributes", () => {
  const shown: [Record<string, unknown>, unknown][] = [
    [{}, ada],
    [{ attributes: "" }, ada],
    [{ attributes: "userName" }, { schemas, id, userName: "ada" }],
    [{ attributes: "USERNAME, unknown" }, { schemas, id, userName: "ada" }],
    [{ attributes: ["title", "id"] }, { schemas, id, title: "Countess" }],
    [{ attributes: "name.givenName" }, { schemas, id, name: { givenName: "Ada" } }],
    [
      { attributes: "name.familyName,name.givenName" },
      { schemas, id, name: { familyName: "Lovelace", givenName: "Ada" } },
    ],
    [{ attributes: "name.formatted" }, { schemas, id }],
    [{ attributes: "emails.display,title" }, { schemas, id, title: "Countess" }],
    [{ attributes: "name.formatted,name.givenName" }, { schemas, id, name: { givenName: "Ada" } }],
    [{ attributes: `${urns.enterprise}:manager.value` }, { schemas, id }],
    [
      { excludedAttributes: "name.givenName,name.familyName,groups.value" },
      { ...ada, name: undefined, groups: undefined },
    ],
    [{ attributes: "emails.type" }, { schemas, id, emails: [{ type: "work" }, {}] }],
    [
      { attributes: `${urns.enterprise}:department` },
      { schemas, id, [urns.enterprise]: { department: "Research" } },
    ],
    [{ attributes: `${urns.user}:title` }, { schemas, id, title: "Countess" }],
    [
      { excludedAttributes: `name,emails,groups,title,${urns.enterprise}:division` },
      { schemas, id, userName: "ada", [urns.enterprise]: { department: "Research" } },
    ],
    [{ excludedAttributes: "id" }, ada],
    [{ excludedAttributes: "schemas,ID" }, ada],
    [{ attributes: urns.enterprise }, { schemas, id, [urns.enterprise]: ada[urns.enterprise] }],
    [
      { attributes: `title,${urns.enterprise.toUpperCase()}` },
      { schemas, id, title: "Countess", [urns.enterprise]: ada[urns.enterprise] },
    ],
    [
      { attributes: `${urns.enterprise}.department` },
      { schemas, id, [urns.enterprise]: { department: "Research" } },
    ],
    [{ attributes: `${urns.user}.name.givenName` }, { schemas, id, name: { givenName: "Ada" } }],
    [{ attributes: urns.user }, withoutExtension],
    [{ excludedAttributes: urns.enterprise }, withoutExtension],
    [{ excludedAttributes: `${urns.enterprise}:department,${urns.enterprise}.DIVISION` }, withoutExtension],
    [{ excludedAttributes: urns.user }, { schemas, id, [urns.enterprise]: ada[urns.enterprise] }],
    [{ attributes: "urn:unknown:User,urn:unknown:User.title" }, { schemas, id }],
    [
      { attributes: 'emails[type eq "work"].value' },
      { schemas, id, emails: [{ value: "a@x.test" }, { value: "b@x.test" }] },
    ],
    [
      { attributes: 'emails[value eq "a,title]"],userName' },
      { schemas, id, userName: "ada", emails: ada.emails },
    ],
    [{ attributes: 'emails[type eq "x\\",].value,title' }, { schemas, id }],
    [
      { excludedAttributes: 'name,groups,emails[type eq "work"].value,title' },
      { ...ada, emails: [{ type: "work" }, {}], name: undefined, groups: undefined, title: undefined },
    ],
  ];
  for (const [query, expected] of shown) {
    it(`show what ${JSON.stringify(query)} asks for`, () => {
      const before = structuredClone(ada);
      assert.deepEqual(projection(query, userSchema).apply(ada), JSON.parse(JSON.stringify(expected)));
      assert.deepEqual(ada, before);
    });
  }

  it("tell the store which attributes need no look-up", () => {
    assert.equal(projection({}, userSchema).wants("groups"), true);
    assert.equal(projection({ excludedAttributes: "groups" }, userSchema).wants("groups"), false);
    assert.equal(projection({ excludedAttributes: "groups.display" }, userSchema).wants("groups"), true);
    assert.equal(projection({ attributes: "userName" }, userSchema).wants("groups"), false);
    assert.equal(projection({ attributes: "groups.value" }, userSchema).wants("groups"), true);
  });

  it("show an attribute that is left out by default only if it is named", () => {
    assert.equal("groups" in projection({}, userSchema, ["groups"]).apply(ada), false);
    assert.deepEqual(projection({ attributes: "groups" }, userSchema, ["groups"]).apply(ada), {
      schemas,
      id,
      groups: ada.groups,
    });
  });

  it("do not show such an attribute if only its schema is named", () => {
    const shown = projection({ attributes: urns.user }, userSchema, ["groups"]);
    assert.deepEqual([shown.wants("groups"), shown.wants("title")], [false, true]);
    assert.equal("groups" in shown.apply(ada), false);
  });

  it("refuse both at once", () => {
    assert.throws(() => projection({ attributes: "a", excludedAttributes: "b" }, userSchema), {
      scimType: "invalidValue",
    });
  });
});
