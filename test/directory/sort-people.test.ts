import assert from "node:assert/strict";
import { findPeople } from "../../src/directory/find-people.ts";
import type { PeopleFilter, PeoplePosition, PeopleSort } from "../../src/store/tenant/people.ts";
import { peopleOrders } from "../../src/store/tenant/people.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { nameKey } from "../../src/store/text-keys.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser } from "../helpers/people.ts";

/** Many people with equal times, and some who never signed in. */
const crowd = Array.from({ length: 120 }, (_, index) => ({
  loginName: `${"zyxabc"[index % 6]}-${index}@acme.example`,
  active: index % 5 !== 0,
  blocked: index % 9 === 0,
  createdAt: 1_700_000_000_000 + (index % 13) * 1_000,
  lastSignInAt: index % 4 === 0 ? null : 1_700_000_000_000 + (index % 7) * 60_000,
}));
type Someone = (typeof crowd)[number];

const sortedBy: Record<PeopleSort["by"], (person: Someone) => string | number> = {
  name: ({ loginName }) => nameKey(loginName),
  created: ({ createdAt }) => createdAt,
  "last-sign-in": ({ lastSignInAt }) => lastSignInAt ?? 0,
};

describe("the order of people", () => {
  onEachDatabase((use) => {
    let world: { store: TenantStore; group: string };
    before(async () => {
      const { database } = use();
      const { store } = await createTestTenant(database);
      const group = "00g-half";
      await store.groups.create({ id: group, displayName: "Half", sourceId: null, sourceKey: null });
      for (const [index, { loginName, active, blocked, createdAt, lastSignInAt }] of crowd.entries()) {
        const { id } = await store.users.create(newUser(loginName, { active }));
        const times = { blocked, created_at: createdAt, last_sign_in_at: lastSignInAt };
        await database.sql()("users").where({ tenant_id: store.tenantId, id }).update(times);
        if (index % 2 === 0) await store.groupMembers.add(group, [id]);
      }
      world = { store, group };
    });

    const listed = async (filter: PeopleFilter, sort: PeopleSort) => {
      const seen: string[] = [];
      for (let after: PeoplePosition | null = null; ; ) {
        const range = { after, limit: 17, sort };
        const page = await findPeople(use().database, world.store.tenantId, filter, range);
        seen.push(...page.people.map(({ loginName }) => loginName));
        if (page.next === null) return seen;
        assert.ok(seen.length < 200, "the list does not end");
        after = page.next;
      }
    };

    const filters: [string, () => PeopleFilter, (person: Someone, index: number) => boolean][] = [
      ["everyone", () => ({ prefix: "" }), () => true],
      ["blocked people", () => ({ prefix: "", status: "blocked" }), ({ blocked }) => blocked],
      [
        "the members of a group",
        () => ({ prefix: "", group: world.group }),
        (_person, index) => index % 2 === 0,
      ],
    ];
    for (const [name, filter, matches] of filters) {
      for (const by of peopleOrders) {
        for (const descending of [false, true]) {
          it(`is ${descending ? "descending" : "ascending"} by ${by} for ${name}, each once, also with equal times`, async () => {
            const seen = await listed(filter(), { by, descending });
            const expected = crowd.filter(matches);
            assert.deepEqual([...seen].sort(), expected.map(({ loginName }) => loginName).sort());
            const values = seen.map((loginName) => {
              const person = expected.find((one) => one.loginName === loginName);
              return sortedBy[by](person ?? assert.fail());
            });
            const sign = descending ? -1 : 1;
            const sorted = [...values].sort((one, other) => (one === other ? 0 : one < other ? -sign : sign));
            assert.deepEqual(values, sorted);
          });
        }
      }
    }

    it("takes one statement for a page, for a thousand people as for a hundred", async () => {
      const { database } = use();
      const { store } = await createTestTenant(database);
      const sort = { by: "last-sign-in", descending: true } as const;
      const statements = async () => {
        let count = 0;
        const see = () => count++;
        database.sql().on("query", see);
        const page = await findPeople(
          database,
          store.tenantId,
          { prefix: "" },
          { after: null, limit: 50, sort },
        );
        database.sql().removeListener("query", see);
        return [count, page.people.length];
      };
      await store.users.create(newUser("first@acme.example"));
      const before = await statements();
      await database.transaction(async (trx) => {
        const [row] = await trx.sql()("users").where("tenant_id", store.tenantId);
        const rows = Array.from({ length: 1_000 }, (_, index) => {
          const [seq, name] = [100 + index, `p${index}@acme.example`];
          return {
            ...row,
            id: `p${index}`,
            seq,
            login_name: name,
            login_name_key: name,
            last_sign_in_at: index,
          };
        });
        await trx.sql().batchInsert("users", rows, 50);
      });
      assert.deepEqual(await statements(), [before[0], 50]);
    });
  });
});
