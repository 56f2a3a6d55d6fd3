import assert from "node:assert/strict";
import { toFilterCondition } from "../src/filter-conditions.ts";
import { parseFilter } from "../src/grammar.ts";
import { readResource } from "../src/input.ts";
import { patchUser } from "../src/patch-user.ts";
import { projection } from "../src/projection.ts";
import { defineSchemas, type ResourceSchema, urns } from "../src/schema.ts";

/** A schema with an extension of the application's own, with this URN. */
function withExtension(urn: string): ResourceSchema {
  const custom = { type: "string" as const, multiValued: false, caseExact: false, description: "" };
  const attributes = [
    { scim: "title" },
    { scim: `${urns.enterprise}:department` },
    { scim: `${urn}:badge`, custom },
  ];
  return defineSchemas({ attributes, extension: { urn, name: "Own", description: "" } }).user;
}

/** URNs as applications choose them: with a version at the end, and with another schema's URN as their beginning. */
const ownUrns = [
  "urn:acme:scim:schemas:extension:acme:1.0:User",
  "urn:acme:2.0",
  "urn:scim:schemas:extension:custom:1.0",
  `${urns.user}:acme`,
];

describe("an application's own URN", () => {
  for (const urn of ownUrns) {
    for (const path of [`${urn}:badge`, `${urn}.badge`, `${urn.toUpperCase()}.BADGE`]) {
      it(`names its attribute: ${path}`, () => {
        const schema = withExtension(urn);
        const expected = { userName: "ada", [urn]: { badge: "7" } };
        const body = { userName: "ada", [path]: "7" };
        assert.deepEqual(readResource(body, schema).resource, expected);
        const before = { userName: "ada" };
        assert.deepEqual(patchUser(before, [{ op: "add", path, value: "7" }], schema), expected);
        const keyed = [{ op: "replace" as const, path: null, value: { [path]: "7" } }];
        assert.deepEqual(patchUser(before, keyed, schema), expected);
        const condition = toFilterCondition(parseFilter(`${path} eq "7"`), schema);
        assert.equal(condition.kind === "compare" && condition.attribute.name, `${urn}:badge`);
        const shown = projection({ attributes: path }, schema).apply(expected);
        assert.deepEqual(shown[urn], { badge: "7" });
      });
    }
  }

  it("does not hide another schema's", () => {
    for (const urn of ownUrns) {
      const body = { [`${urns.enterprise}.department`]: "D", [`${urns.user}.title`]: "T" };
      const { resource } = readResource(body, withExtension(urn));
      assert.deepEqual(resource, { title: "T", [urns.enterprise]: { department: "D" } });
    }
  });

  it("is ignored with more names than a path has, at any length", () => {
    const schema = withExtension("urn:acme:2.0");
    for (const names of ["a.b.c", "a.".repeat(1_000_000)])
      assert.deepEqual(readResource({ title: "T", [`urn:acme:2.0:${names}`]: 1 }, schema).resource, {
        title: "T",
      });
  });
});
