import assert from "node:assert/strict";
import fc from "fast-check";
import type { Knex } from "knex";
import { afterPrefix } from "../../src/store/condition-sql.ts";
import {
  applyCondition,
  type Condition,
  type ConditionField,
  isSelective,
  type RowColumn,
} from "../../src/store/conditions.ts";
import { tenantScope } from "../../src/store/tenant/scope.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser, type TestTenant } from "../helpers/people.ts";

type Table = "users" | "groups";

const column = (name: RowColumn): ConditionField => ({ in: "row", column: name });
const compare = (
  field: ConditionField,
  operator: "eq" | "sw" | "co" | "gt",
  value: string | number | boolean,
): Condition => ({
  kind: "compare",
  field,
  operator,
  value,
});
const is = (name: RowColumn, value: string | number | boolean) => compare(column(name), "eq", value);
const all = (...conditions: Condition[]): Condition => ({ kind: "all", conditions });
const any = (...conditions: Condition[]): Condition => ({ kind: "any", conditions });
const not = (condition: Condition): Condition => ({ kind: "not", condition });
const document = (...path: string[]): ConditionField => ({ in: "document", path, exact: false });
const elementValue: ConditionField = { in: "element", path: ["value"], exact: false };
const inGroup = (id: string): Condition => ({
  kind: "some",
  list: { in: "relation", relation: "groups" },
  where: compare(elementValue, "eq", id),
});

describe("isSelective", () => {
  const cases: [string, Condition, boolean][] = [
    ["a login name", is("loginName", "x"), true],
    ["an id", is("id", "x"), true],
    ["a source's key", is("sourceKey", "x"), true],
    ["a group's name", is("displayName", "x"), true],
    ["a name and more", all(is("active", true), all(is("loginName", "x"), not(is("id", "y")))), true],
    ["a flag", is("active", true), false],
    ["a time", is("createdAt", 1), false],
    ["a prefix", compare(column("loginName"), "sw", "x"), false],
    ["a value in the document", compare(document("title"), "eq", "x"), false],
    ["one name or another", any(is("loginName", "x"), is("loginName", "y")), false],
    ["every name but one", not(is("loginName", "x")), false],
    ["members of a group", inGroup("g1"), false],
    ["no condition", all(), false],
    ["any login name", { kind: "present", field: column("loginName") }, false],
  ];
  for (const [name, condition, expected] of cases) {
    it(`${expected ? "is true" : "is false"} for ${name}`, () =>
      assert.equal(isSelective(condition), expected));
  }
});

describe("afterPrefix", () => {
  const cases: [string, string | null][] = [
    ...([
      ["ab", "ac"],
      ["a\u{10ffff}", "b"],
      ["\ud7ff", "\ue000"],
      ["\uffff", "\u{10000}"],
    ] as [string, string][]),
    ...([
      ["", null],
      ["\u{10ffff}\u{10ffff}", null],
    ] as [string, null][]),
  ];
  for (const [prefix, expected] of cases) {
    it(`${JSON.stringify(prefix)} → ${JSON.stringify(expected)}`, () =>
      assert.equal(afterPrefix(prefix), expected));
  }

  it("is after all texts with the prefix, and not after any greater text without it", () => {
    const edge = fc.constantFrom(
      "a",
      "b",
      "\u007f",
      "\u0080",
      "\u07ff",
      "\ud7ff",
      "\ue000",
      "\uffff",
      "\u{10000}",
      "\u{10ffff}",
    );
    const text = fc.string({ unit: edge, maxLength: 4 });
    const notBefore = (left: string, right: string) =>
      Buffer.compare(Buffer.from(left), Buffer.from(right)) >= 0;
    fc.assert(
      fc.property(text, text, (prefix, other) => {
        const end = afterPrefix(prefix);
        const inRange = notBefore(other, prefix) && (end === null || !notBefore(other, end));
        assert.equal(inRange, other.startsWith(prefix));
      }),
      { numRuns: 5000, seed: 3 },
    );
  });
});

onEachDatabase((use, engine) => {
  let acme: TestTenant;
  before(async () => {
    acme = await createTestTenant(use().database);
    for (const { store } of [acme, await createTestTenant(use().database)]) {
      // The other tenant has the same ids, and its ada is in the group.
      await store.users.create(newUser("ada@acme.example", { id: "ada", attributes: { title: "X" } }));
      await store.users.create(newUser("bob@acme.example", { id: "bob", active: false }));
      await store.groups.create({ id: "g1", displayName: "Engineers", sourceId: null, sourceKey: null });
      await store.groupMembers.add("g1", [store === acme.store ? "bob" : "ada"]);
      if (store !== acme.store) await store.roles.replace("ada", "scim", null, ["admin"]);
    }
  });

  function select(condition: Condition, table: Table = "users"): Knex.QueryBuilder {
    const scope = tenantScope(use().database, acme.store.tenantId);
    const query = scope.rows(table).select(`${table}.id`).orderBy("seq");
    applyCondition(query, condition, { scope, table, sourceId: acme.writer.source.id });
    return query;
  }
  const found = async (condition: Condition, table: Table = "users") =>
    ((await select(condition, table)) as { id: string }[]).map(({ id }) => id);

  it("never reads another tenant, even with the same ids", async () => {
    assert.deepEqual(await found(inGroup("g1")), ["bob"]);
    assert.deepEqual(await found(not(inGroup("g1"))), ["ada"]);
    const admin: Condition = {
      kind: "some",
      list: { in: "relation", relation: "roles" },
      where: compare(elementValue, "eq", "admin"),
    };
    assert.deepEqual(await found(admin), []);
    const hasAda: Condition = {
      kind: "some",
      list: { in: "relation", relation: "members" },
      where: compare(elementValue, "eq", "ada"),
    };
    assert.deepEqual(await found(hasAda, "groups"), []);
  });

  it('matches all rows for an empty "all", and none for an empty "any"', async () => {
    assert.deepEqual(await found(all()), ["ada", "bob"]);
    assert.deepEqual(await found(any()), []);
    assert.deepEqual(await found(not(all())), []);
    assert.deepEqual(await found(not(any())), ["ada", "bob"]);
    assert.deepEqual(await found(any(all(), is("id", "x"))), ["ada", "bob"]);
  });

  const mismatches: Condition[] = [
    ...[
      is("active", "true"),
      is("id", 1),
      is("createdAt", "1"),
      is("active", 1),
      compare(column("active"), "co", "t"),
    ],
    ...[is("loginName", true), compare(document("title"), "eq", 1), compare(document("title"), "gt", false)],
    ...[
      compare(document("title"), "co", 1),
      compare(document("title"), "sw", true),
      compare(column("createdAt"), "sw", 1),
    ],
  ];
  for (const condition of mismatches) {
    it(`is false, not an error, for another type: ${JSON.stringify(condition)}`, async () => {
      assert.deepEqual(await found(condition), []);
      assert.deepEqual(await found(not(condition)), ["ada", "bob"]);
    });
  }

  const list = { in: "document", path: ["emails"] } as const;
  const faults: [string, Condition, Table][] = [
    ["a group's flag", is("active", true), "groups"],
    ["a group's login name", is("loginName", "x"), "groups"],
    ["a user's name column", is("displayName", "x"), "users"],
    ["an element without a list", compare(elementValue, "eq", "x"), "users"],
    [
      "a column that the relation lacks",
      {
        kind: "some",
        list: { in: "relation", relation: "roles" },
        where: compare({ in: "element", path: ["role"], exact: true }, "eq", "x"),
      },
      "users",
    ],
    ["a list in a list", { kind: "some", list, where: { kind: "some", list, where: all() } }, "users"],
    ["a name that is none", compare(document('x"; --'), "eq", "x"), "users"],
    ["an empty name", compare(document(""), "eq", "x"), "users"],
  ];
  for (const [name, condition, table] of faults) {
    it(`throws for ${name}, which is a bug`, () => {
      assert.throws(
        () => select(condition, table).toSQL(),
        (error: Error) => error.constructor === Error,
      );
    });
  }

  it("binds every value", () => {
    const secret = "%s'ecret?";
    const everywhere = all(
      ...(["eq", "sw", "co"] as const).flatMap((operator) => [
        compare(column("loginName"), operator, secret),
        compare(document("name", "givenName"), operator, secret),
      ]),
      not({
        kind: "some",
        list,
        where: compare({ in: "element", path: ["type"], exact: true }, "eq", secret),
      }),
      inGroup(secret),
    );
    const { sql } = select(everywhere).toSQL();
    assert.ok(!sql.includes("ecret") && !sql.includes("givenName") && !sql.includes("emails"), sql);
  });

  const searches: [string, Condition, Table, RegExp, RegExp][] = [
    [
      "a login name",
      is("loginName", "ada@acme.example"),
      "users",
      /users_login_name_unique \(tenant_id=\? AND login_name_key=\?\)/,
      /Index Cond: .*login_name_key = /,
    ],
    [
      "a login name and more",
      all(is("active", true), is("loginName", "x")),
      "users",
      /users_login_name_unique \(tenant_id=\? AND login_name_key=\?\)/,
      /Index Cond: .*login_name_key = /,
    ],
    ["an id", is("id", "ada"), "users", /\(tenant_id=\? AND id=\?\)/, /Index Cond: .*\bid = /],
    [
      "a source's key",
      is("sourceKey", "x"),
      "users",
      /users_source_key_index \(tenant_id=\? AND source_key=\? AND source_id=\?\)/,
      /Index Cond: .*source_key = .*source_id = /,
    ],
    [
      "a group's name",
      is("displayName", "x"),
      "groups",
      /groups_display_name_unique \(tenant_id=\? AND display_name_key=\?\)/,
      /Index Cond: .*display_name_key = /,
    ],
    [
      "a prefix",
      compare(column("loginName"), "sw", "ada"),
      "users",
      /\(tenant_id=\? AND login_name_key>\? AND login_name_key<\?\)/,
      /Index Cond: .*login_name_key >= .*login_name_key < /,
    ],
    [
      "the members of a group",
      inGroup("g1"),
      "users",
      /users USING .*\(tenant_id=\? AND id=\?\)/,
      /Index Cond: .*group_id = /,
    ],
  ];
  if (engine === "PostgreSQL") {
    // With an empty table, the planner sees no difference between the indexes.
    before(async () => {
      const { store, writer } = await createTestTenant(use().database);
      for (let at = 0; at < 300; at++) {
        const key = { sourceId: writer.source.id, sourceKey: `key-${at}` };
        await store.users.create(newUser(`person-${at}@crowd.test`, key));
      }
      await use().database.sql().raw("analyze users");
    });
  }
  for (const [name, condition, table, sqlite, postgres] of searches) {
    it(`reads an index for ${name}`, async () => {
      const { sql, bindings } = select(condition, table).clearOrder().toSQL();
      const plan = await use().database.transaction(async (database) => {
        // PostgreSQL would scan such a small table; the question is whether it could use an index.
        if (engine === "PostgreSQL") await database.sql().raw("set local enable_seqscan = off");
        if (engine === "PostgreSQL") await database.sql().raw("set local enable_bitmapscan = off");
        const explain = engine === "SQLite" ? "explain query plan" : "explain";
        const result = await database.sql().raw(`${explain} ${sql}`, bindings as string[]);
        return JSON.stringify(engine === "SQLite" ? result : result.rows);
      });
      assert.match(plan, engine === "SQLite" ? sqlite : postgres);
    });
  }

  if (engine === "PostgreSQL") {
    it("sorts values in documents by bytes, regardless of the database's locale", () => {
      assert.match(select(compare(document("title"), "gt", "x")).toSQL().sql, /collate "C" end > \?/);
    });
  }
});
