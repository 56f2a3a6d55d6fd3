import type { FilterCondition } from "scim-server/backend";
import { parseFilter } from "scim-server/grammar";
import { listCondition } from "scim-server/known-conditions";
import { urns } from "scim-server/schema";
import { toCondition } from "../../src/scim/conditions.ts";
import { applyCondition } from "../../src/store/conditions.ts";
import { tenantScope } from "../../src/store/tenant/scope.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser } from "../helpers/people.ts";
import { groupSchema, own, schema } from "./filter-schema.ts";

export const awkward = "100%_\\'\";--";

/** Ids are first names. Ada and Bob belong to the source that asks, Cleo to another one, and Dan to no source. */
const people = {
  ada: {
    loginName: "Ada@Acme.example",
    sourceKey: "X-1",
    active: true,
    at: "2026-01-01T00:00:00.000Z",
    attributes: {
      roles: [{ value: "admin", type: "Staff", primary: true }],
      entitlements: [{ value: "task-export" }, { value: "task-deletion", display: "Mine" }],
      displayName: "Ada Lovelace",
      title: "Éngineer",
      nickName: awkward,
      name: { givenName: "Ada", familyName: "Lovelace" },
      emails: [
        { value: "Ada@work.example", type: "work", primary: true },
        { value: "ada@home.example", type: "home" },
      ],
      [urns.enterprise]: { department: "Research", employeeNumber: "7", manager: { value: "Boss-1" } },
      [own]: { badge: "aB", floor: 3, remote: true, tags: ["Red", "blue"], keys: ["K1", "k2"] },
    },
  },
  bob: {
    loginName: "bob@acme.example",
    sourceKey: "x-1",
    active: false,
    at: "2026-02-01T00:00:00.000Z",
    attributes: {
      entitlements: [{ value: "task-export" }],
      displayName: "bob",
      title: "",
      nickName: "😀b",
      name: { givenName: "Bob" },
      emails: [
        { value: "bob@home.example", type: "work" },
        { value: "bob@work.example", type: "home", primary: true },
      ],
      [own]: { badge: "ab", floor: 12.5, remote: false, tags: [], keys: ["k1"] },
    },
  },
  cleo: {
    loginName: "cleo@acme.example",
    sourceKey: "X-1",
    active: true,
    at: "2026-03-01T00:00:00.000Z",
    attributes: {
      title: null,
      // No input should store this, but a filter has to survive it: strings for objects, and objects for strings.
      displayName: { value: "bob" },
      name: "Cleo",
      emails: { value: "cleo@work.example" },
      phoneNumbers: ["1", null, { value: 1 }],
      [own]: { badge: 3, floor: "3", remote: "true", tags: "Red", keys: [true, 1, { K1: "K1" }] },
    },
  },
  dan: {
    loginName: "dan",
    sourceKey: null,
    active: true,
    at: "2026-04-01T00:00:00.000Z",
    attributes: {},
  },
};
type Name = keyof typeof people;

/** A filter as a condition of the store, as lists make it. Throws badRequest. */
export function conditionOf(filter: string, table: "users" | "groups") {
  const ofTable = table === "users" ? schema : groupSchema;
  const found = listCondition(parseFilter(filter), ofTable, "https://acme.example/scim/v2");
  const condition: FilterCondition =
    typeof found === "boolean" ? { kind: found ? "all" : "any", conditions: [] } : found;
  return toCondition(condition, table);
}

/** The ids of the users or groups that a filter finds. */
export async function idsFound(
  { database }: TestDatabase,
  { tenantId, sourceId }: Awaited<ReturnType<typeof fill>>,
  table: "users" | "groups",
  filter: string,
): Promise<string[]> {
  const scope = tenantScope(database, tenantId);
  const query = scope.rows(table).select(`${table}.id`).orderBy("seq");
  applyCondition(query, conditionOf(filter, table), { scope, table, sourceId });
  return ((await query) as { id: string }[]).map(({ id }) => id);
}

/** Creates a tenant with the people above and two groups. */
export async function fill({ database }: TestDatabase) {
  const { store, writer } = await createTestTenant(database);
  const { id: sourceId } = writer.source;
  const other = await store.sources.create({ id: "other", name: "Other" });
  for (const [id, { attributes, at, ...person }] of Object.entries(people)) {
    const sources: Record<Name, string | null> = { ada: sourceId, bob: sourceId, cleo: other.id, dan: null };
    const then = forTenant(database, store.tenantId, () => Date.parse(at));
    await then.users.create(newUser("", { ...person, id, attributes, sourceId: sources[id as Name] }));
  }
  await store.groups.create({ id: "g1", displayName: "Engineers", sourceId, sourceKey: "K" });
  await store.groups.create({ id: "g2", displayName: "Pilots", sourceId: other.id, sourceKey: "K" });
  await store.groupMembers.add("g1", ["ada", "bob"]);
  await store.groupMembers.add("g2", ["ada"]);
  await store.roles.replace("ada", "scim", null, ["admin"]);
  await store.roles.grant("bob", "admin");
  return { tenantId: store.tenantId, sourceId };
}
