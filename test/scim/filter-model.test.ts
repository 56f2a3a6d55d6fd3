import assert from "node:assert/strict";
import fc from "fast-check";
import { toFilterCondition } from "scim-server/filter-conditions";
import type { AttributePath, CompareOperator, Filter, FilterValue } from "scim-server/grammar";
import { urns } from "scim-server/schema";
import { toCondition } from "../../src/scim/conditions.ts";
import { applyCondition } from "../../src/store/conditions.ts";
import { tenantScope } from "../../src/store/tenant/scope.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { onEachDatabase, type TestDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser } from "../helpers/people.ts";
import { own, schema } from "./filter-schema.ts";

// The oracle: RFC 7644 §3.4.2.2 on resources in memory, written independently of the code that it checks.

/** Case-sensitive attributes, by the schema and by the rules about our own ids. */
const exactPaths = ["id", "externalId", "groups.value", "badge", "keys"];

type Json = Record<string, unknown>;

function holds(filter: Filter, resource: Json): boolean {
  switch (filter.kind) {
    case "and":
      return filter.operands.every((operand) => holds(operand, resource));
    case "or":
      return filter.operands.some((operand) => holds(operand, resource));
    case "not":
      return !holds(filter.operand, resource);
    case "element":
      return elementsOf(filter.path, resource).some((element) =>
        holdsOfElement(filter.where, element, filter.path),
      );
    case "present": {
      const value = attributeOf(filter.path, resource);
      if (!Array.isArray(value)) return !isEmpty(pick(value, filter.path.subAttribute));
      if (filter.path.subAttribute === null) return value.length > 0;
      return value.some((element) => !isEmpty(pick(element, filter.path.subAttribute)));
    }
    case "compare":
      return compares(filter, resource);
  }
}

function compares({ path, operator, value }: Filter & { kind: "compare" }, resource: Json): boolean {
  const exact = isExact(path);
  const stored = attributeOf(path, resource);
  if (!lists.has(path.attribute)) return matches(pick(stored, path.subAttribute), operator, value, exact);
  const values = elementsOf(path, resource).map((element) =>
    typeof element === "object" ? pick(element, path.subAttribute ?? "value") : element,
  );
  if (value === null) return values.some((one) => !isEmpty(one)) === (operator === "ne");
  if (operator === "ne" && values.length === 0) return true;
  return values.some((one) => matches(one, operator, value, exact));
}

function holdsOfElement(where: Filter, element: unknown, list: AttributePath): boolean {
  switch (where.kind) {
    case "and":
      return where.operands.every((operand) => holdsOfElement(operand, element, list));
    case "or":
      return where.operands.some((operand) => holdsOfElement(operand, element, list));
    case "not":
      return !holdsOfElement(where.operand, element, list);
    case "element":
      throw new Error("brackets in brackets");
    default: {
      const value = typeof element === "object" ? pick(element, where.path.attribute) : element;
      const exact = isExact({
        ...list,
        subAttribute: typeof element === "object" ? where.path.attribute : null,
      });
      return where.kind === "present" ? !isEmpty(value) : matches(value, where.operator, where.value, exact);
    }
  }
}

function matches(stored: unknown, operator: CompareOperator, wanted: FilterValue, exact: boolean): boolean {
  if (operator === "ne") return !matches(stored, "eq", wanted, exact);
  if (wanted === null) return isEmpty(stored);
  if (typeof stored === "string" && typeof wanted === "string") {
    const [left, right] = exact ? [stored, wanted] : [folded(stored), folded(wanted)];
    if (operator === "co") return left.includes(right);
    if (operator === "sw") return left.startsWith(right);
    if (operator === "ew") return left.endsWith(right);
    return ordered(Buffer.compare(Buffer.from(left), Buffer.from(right)), operator);
  }
  if (typeof stored !== typeof wanted || stored === null) return false;
  return ordered(Number(stored) - Number(wanted), operator);
}

function ordered(difference: number, operator: CompareOperator): boolean {
  const found = {
    eq: difference === 0,
    gt: difference > 0,
    ge: difference >= 0,
    lt: difference < 0,
    le: difference <= 0,
  };
  return found[operator as keyof typeof found];
}

const folded = (text: string) => text.normalize("NFC").toLowerCase();
const isExact = ({ attribute, subAttribute }: AttributePath) =>
  exactPaths.includes(attribute) || exactPaths.includes(`${attribute}.${subAttribute ?? "value"}`);
const pick = (value: unknown, name: string | null) =>
  name === null ? value : (value as Json | undefined)?.[name];

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null
    ? Object.keys(value).length === 0
    : value === undefined || value === null || value === "";
}

function attributeOf({ schema: urn, attribute }: AttributePath, resource: Json): unknown {
  return ((urn === null ? resource : resource[urn]) as Json | undefined)?.[attribute];
}

function elementsOf(path: AttributePath, resource: Json): unknown[] {
  return (attributeOf(path, resource) as unknown[] | undefined) ?? [];
}

// Random people and random filters from the same few characters, so that they often match.

const characters = [
  "a",
  "A",
  "b",
  "B",
  "é",
  "É",
  "e\u0301",
  "%",
  "_",
  "\\",
  "'",
  '"',
  "?",
  "😀",
  "\uffff",
  "ß",
  " ",
  "1",
];
const text = fc.string({ unit: fc.constantFrom(...characters), maxLength: 3 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const numbers = fc.constantFrom(-1, 0, 0.5, 1, 2, 3e9);
const days = fc.integer({ min: 1, max: 4 });
const groupNames = ["aB", "b😀", "É%"];
const entitlementIds = ["aB", "ab", "%_"];

const emails = fc.array(
  fc.record({
    value: maybe(text),
    type: maybe(fc.constantFrom("work", "HOME")),
    primary: maybe(fc.boolean()),
  }),
  { maxLength: 3 },
);
const person = fc.record({
  userName: text,
  externalId: maybe(text),
  isOurs: fc.boolean(),
  active: fc.boolean(),
  day: days,
  groups: fc.subarray(groupNames),
  isAdmin: fc.boolean(),
  entitlements: fc.subarray(entitlementIds),
  document: fc.record({
    title: maybe(fc.oneof(text, fc.constant(null))),
    displayName: maybe(text),
    name: maybe(fc.record({ givenName: maybe(text), familyName: maybe(text) })),
    emails: maybe(emails),
    [urns.enterprise]: maybe(
      fc.record({ department: maybe(text), manager: maybe(fc.record({ value: maybe(text) })) }),
    ),
    [own]: maybe(
      fc.record({
        badge: maybe(text),
        floor: maybe(numbers),
        remote: maybe(fc.boolean()),
        tags: maybe(fc.array(text, { maxLength: 2 })),
        keys: maybe(fc.array(text, { maxLength: 2 })),
      }),
    ),
  }),
});

const lists = new Set(["emails", "groups", "roles", "entitlements", "tags", "keys"]);

function at(dotted: string, urn: string | null = null): AttributePath {
  const [attribute = "", subAttribute = null] = dotted.split(".");
  return { schema: urn, attribute, subAttribute };
}

const equality: CompareOperator[] = ["eq", "ne"];
const ordering: CompareOperator[] = [...equality, "gt", "ge", "lt", "le"];
const all: CompareOperator[] = [...ordering, "co", "sw", "ew"];
const dayText = (day: number) => new Date(Date.UTC(2026, 0, day)).toISOString();

function leavesOf(paths: AttributePath[], operators: CompareOperator[], values: fc.Arbitrary<FilterValue>) {
  const path = fc.constantFrom(...paths);
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("compare" as const),
        path,
        operator: fc.constantFrom(...operators),
        value: values,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("compare" as const),
        path,
        operator: fc.constantFrom(...equality),
        value: fc.constant(null),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("present" as const), path }) },
  );
}

const operands = fc.oneof(
  text,
  fc.constantFrom("u", "work", "home", "admin", "id-1", ...groupNames, ...entitlementIds),
);
const strings = [
  ...["id", "externalId", "userName", "title", "displayName", "name.givenName", "name.familyName"].map(
    (path) => at(path),
  ),
  ...["emails", "emails.type", "emails.value", "groups", "groups.display", "roles.value", "entitlements"].map(
    (path) => at(path),
  ),
  ...["department", "manager.value"].map((path) => at(path, urns.enterprise)),
  ...["badge", "tags", "keys"].map((path) => at(path, own)),
];
const leaves: fc.Arbitrary<Filter> = fc.oneof(
  { weight: 6, arbitrary: leavesOf(strings, all, operands) },
  {
    weight: 1,
    arbitrary: leavesOf([at("active"), at("remote", own), at("emails.primary")], equality, fc.boolean()),
  },
  { weight: 1, arbitrary: leavesOf([at("floor", own)], ordering, numbers) },
  { weight: 1, arbitrary: leavesOf([at("meta.created")], ordering, days.map(dayText)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Filter>(
      ...[at("name"), at("manager", urns.enterprise)].map((path) => ({ kind: "present" as const, path })),
    ),
  },
);

function grouped(leaf: fc.Arbitrary<Filter>): fc.Arbitrary<Filter> {
  const several = fc.array(leaf, { minLength: 2, maxLength: 3 });
  return fc.oneof(
    leaf,
    leaf.map((operand): Filter => ({ kind: "not", operand })),
    fc.record({ kind: fc.constantFrom("and", "or"), operands: several }),
  );
}

const elements: fc.Arbitrary<Filter> = fc.oneof(
  ...(
    [
      [
        at("emails"),
        fc.oneof(
          leavesOf([at("value"), at("type")], all, operands),
          leavesOf([at("primary")], equality, fc.boolean()),
        ),
      ],
      [at("groups"), leavesOf([at("value"), at("display")], all, operands)],
      [at("roles"), leavesOf([at("value")], all, operands)],
      [at("entitlements"), leavesOf([at("value")], all, operands)],
      [at("tags", own), leavesOf([at("value")], all, operands)],
      [at("keys", own), leavesOf([at("value")], all, operands)],
    ] as [AttributePath, fc.Arbitrary<Filter>][]
  ).map(([path, inner]) =>
    grouped(grouped(inner)).map((where): Filter => ({ kind: "element", path, where })),
  ),
);
const filters = grouped(grouped(fc.oneof({ weight: 2, arbitrary: leaves }, elements)));

onEachDatabase((use) => {
  it("a random filter finds the same people as the RFC's rules", async () => {
    const { tenantId, sourceId, resources } = await fill(use());
    let found = 0;
    const check = async (filter: Filter) => {
      const scope = tenantScope(use().database, tenantId);
      const query = scope.rows("users").select("users.id").orderBy("seq");
      applyCondition(query, toCondition(toFilterCondition(filter, schema), "users"), {
        scope,
        table: "users",
        sourceId,
      });
      const rows = (await query) as { id: string }[];
      const expected = resources.filter((resource) => holds(filter, resource)).map(({ id }) => id);
      assert.deepEqual(
        rows.map(({ id }) => id),
        expected,
      );
      if (rows.length > 0 && rows.length < resources.length) found++;
    };
    const numRuns = 500;
    await fc.assert(fc.asyncProperty(filters, check), { numRuns, seed: 7 });
    assert.ok(found > numRuns / 2, `only ${found} filters told people apart`);
  });
});

async function fill({ database }: TestDatabase) {
  const { store, writer } = await createTestTenant(database);
  const sourceId = writer.source.id;
  const other = await store.sources.create({ id: "other", name: "Other" });
  const groupIds = groupNames.map((_name, index) => `${index}-aB`);
  for (const [index, displayName] of groupNames.entries()) {
    await store.groups.create({
      id: groupIds[index] as string,
      displayName,
      sourceId: null,
      sourceKey: null,
    });
  }
  const resources: Json[] = [];
  for (const [index, one] of fc.sample(person, { numRuns: 80, seed: 42 }).entries()) {
    const id = `id-${index}`;
    const externalId = one.externalId === undefined ? undefined : `${one.externalId}${index}`;
    const userName = `${one.userName}u${index}`;
    const attributes = JSON.parse(JSON.stringify(one.document)) as Json;
    if (one.entitlements.length > 0) attributes.entitlements = one.entitlements.map((value) => ({ value }));
    await forTenant(database, store.tenantId, () => Date.parse(dayText(one.day))).users.create(
      newUser(userName, {
        id,
        active: one.active,
        attributes,
        sourceId: one.isOurs ? sourceId : other.id,
        sourceKey: externalId ?? null,
      }),
    );
    for (const name of one.groups)
      await store.groupMembers.add(groupIds[groupNames.indexOf(name)] as string, [id]);
    if (one.isAdmin) await store.roles.replace(id, "scim", null, ["admin"]);
    resources.push({
      ...attributes,
      id,
      userName,
      active: one.active,
      meta: { created: dayText(one.day) },
      externalId: one.isOurs ? externalId : undefined,
      groups: one.groups.map((display) => ({ value: groupIds[groupNames.indexOf(display)], display })),
      roles: one.isAdmin ? [{ value: "admin" }] : [],
    });
  }
  return { tenantId: store.tenantId, sourceId, resources };
}
