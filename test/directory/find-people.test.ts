import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { findPeople } from "../../src/directory/find-people.ts";
import type { Role, UserOrigin } from "../../src/model.ts";
import type { PeopleFilter, PeoplePage, PeoplePosition, PeopleRange } from "../../src/store/tenant/people.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { nameKey, textKey } from "../../src/store/text-keys.ts";
import { onEachDatabase, type TestDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser } from "../helpers/people.ts";

interface Someone {
  loginName: string;
  email: string | null;
  familyName: string | null;
  givenName: string | null;
  active: boolean;
  blocked: boolean;
  origin: UserOrigin;
  role: Role;
  inGroup: boolean;
}

type FindPage = (filter: PeopleFilter, range: PeopleRange) => Promise<PeoplePage>;

const names = ["Ada", "ADAM", "Äda", "Ad", "Bob", "bo%b", "B_b", "Ada\u0301", "Ｚ", "𝒜da", null];
const origins = ["local", "just-in-time", "scim"] as const;
const roles = ["member", "member", "admin", "owner"] as const;

/** Many people who differ in every filter, the same on each run. */
const crowd: Someone[] = Array.from({ length: 240 }, (_, index) => {
  const pick = <T>(list: readonly T[], by: number): T => list[Math.floor(index / by) % list.length] as T;
  const given = pick(names, 1);
  const loginName = `${textKey(given ?? "unnamed")}.${index}@acme.example`;
  return {
    loginName: index % 7 === 0 ? loginName.toUpperCase() : loginName,
    email: pick([loginName, `mail-${index}@acme.example`, `ada-${index}@other.example`, null], 3),
    familyName: pick(names, 11),
    givenName: given,
    active: index % 5 !== 0,
    blocked: index % 9 === 0,
    origin: pick(origins, 2),
    role: pick(roles, 4),
    inGroup: index % 6 === 0,
  };
});

describe("findPeople", () => {
  onEachDatabase((use) => {
    let world: { store: TenantStore; group: string };
    before(async () => {
      world = await settle(use(), crowd);
    });

    const listed: FindPage = (filter, range) =>
      findPeople(use().database, world.store.tenantId, filter, range);
    /** As if the group or the role had too many people to be loaded. */
    const byIndex: FindPage = (filter, range) => world.store.people.page(filter, range);
    const found = async (filter: PeopleFilter, limit = 17, find = listed) => {
      const seen: string[] = [];
      let after: PeoplePosition | null = null;
      for (let pages = 0; pages < 100; pages++) {
        const page = await find(filter, { after, limit });
        assert.ok(page.people.length <= limit);
        assert.ok(page.next === null || page.people.length === limit);
        seen.push(...page.people.map(({ loginName }) => loginName));
        if (page.next === null) return seen;
        after = page.next;
      }
      return assert.fail("the list does not end");
    };

    const filters: PeopleFilter[] = [
      ...[
        "",
        "ad",
        "ADA",
        "ada\u0301",
        "äda",
        "bo%",
        "b_",
        "mail-1",
        "ada-10",
        "𝒜",
        "z",
        "ada.11@",
        "unnamed.",
        "_",
      ].map((prefix) => ({ prefix })),
      ...(["active", "inactive", "blocked"] as const).map((status) => ({ prefix: "", status })),
      ...origins.map((origin) => ({ prefix: "ad", origin })),
      ...(["member", "admin", "owner"] as const).map((role) => ({ prefix: "", role })),
      { prefix: "ada", status: "blocked", origin: "scim" },
      { prefix: "b", status: "inactive", role: "admin" },
      { prefix: "a", origin: "local", role: "owner" },
    ];
    for (const filter of filters) {
      it(`finds each of ${JSON.stringify(filter)} once, page by page`, async () => {
        const seen = await found(filter);
        const wanted = crowd.filter((someone) => fits(someone, filter)).map(({ loginName }) => loginName);
        assert.deepEqual([...seen].sort(), [...wanted].sort());
      });
    }

    it("finds the members of a group who match the filter", async () => {
      for (const filter of [
        { prefix: "" },
        { prefix: "ada" },
        { prefix: "", role: "admin" as const },
        { prefix: "", status: "inactive" as const },
      ]) {
        const wanted = crowd.filter((someone) => someone.inGroup && fits(someone, filter));
        assert.ok(wanted.length > 0);
        for (const find of [listed, byIndex]) {
          const seen = await found({ ...filter, group: world.group }, 17, find);
          assert.deepEqual([...seen].sort(), wanted.map(({ loginName }) => loginName).sort());
        }
      }
    });

    it("finds no one in an unknown group", async () => {
      assert.deepEqual(await found({ prefix: "", group: randomUUID() }), []);
    });

    it("lists matches of the login name first, sorted by it", async () => {
      const seen = await found({ prefix: "ada" });
      const byLogin = seen.filter((name) => nameKey(name).startsWith("ada")).length;
      assert.ok(byLogin > 17 && byLogin < seen.length);
      const first = seen.slice(0, byLogin).map(nameKey);
      assert.deepEqual(first, [...first].sort());
    });

    it("treats the prefix as text, not as a pattern", async () => {
      for (const prefix of ["%", "' or 1=1 --", "\u001f", "\u{10ffff}", "x".repeat(5_000)])
        assert.deepEqual(await found({ prefix }), [], prefix.slice(0, 20));
    });

    it("finds people by a role with more holders than are filtered in memory", async () => {
      const { store } = await createTestTenant(use().database);
      const ids = Array.from({ length: 1_005 }, () => randomUUID() as string);
      await store.transaction(async (inside) => {
        for (const [index, id] of ids.entries())
          await inside.users.create(newUser(`user-${String(index).padStart(4, "0")}@acme.example`, { id }));
        const group = { id: randomUUID(), displayName: "All", sourceId: null, sourceKey: null };
        await inside.groups.create(group);
        await inside.groupMembers.add(group.id, ids);
        await inside.roles.mapGroup(group.id, "admin");
      });
      const filter = { prefix: "user-0", role: "admin" as const };
      const page = await findPeople(use().database, store.tenantId, filter, { after: null, limit: 3 });
      const [first, , third] = page.people;
      assert.deepEqual(
        [first?.loginName, third?.loginName],
        ["user-0000@acme.example", "user-0002@acme.example"],
      );
      const rest = await findPeople(use().database, store.tenantId, filter, {
        after: page.next,
        limit: 2_000,
      });
      assert.equal(rest.people.length, 997);
      assert.equal(rest.next, null);
    });

    it("finds a person by their current name", async () => {
      const { store } = await createTestTenant(use().database);
      const { id } = await store.users.create(newUser("before@acme.example", { givenName: "Before" }));
      await store.users.update(id, { loginName: "after@acme.example", givenName: "After", active: false });
      const of = async (prefix: string) =>
        (await findPeople(use().database, store.tenantId, { prefix }, { after: null, limit: 10 })).people
          .length;
      assert.deepEqual([await of("bef"), await of("AFT")], [0, 1]);
    });
  });
});

/** The specification of the filter, written naively. */
function fits(someone: Someone, { prefix, status, origin, role }: PeopleFilter): boolean {
  const { loginName, email, familyName, givenName, active, blocked } = someone;
  const wanted = textKey(prefix);
  const states = { active: active && !blocked, inactive: !active, blocked };
  return (
    (nameKey(loginName).startsWith(nameKey(prefix)) ||
      [email, familyName, givenName].some((name) => name && textKey(name).startsWith(wanted))) &&
    (status === undefined || states[status]) &&
    (origin === undefined || someone.origin === origin) &&
    (role === undefined || someone.role === role)
  );
}

/** Half of the administrators have the role by a group, and owners also have a grant. */
async function settle({ database }: TestDatabase, people: readonly Someone[]) {
  const { store } = await createTestTenant(database);
  const [team, admins] = [randomUUID(), randomUUID()];
  await store.transaction(async (inside) => {
    for (const [id, displayName] of [
      [team, "Team"],
      [admins, "Admins"],
    ] as const)
      await inside.groups.create({ id, displayName, sourceId: null, sourceKey: null });
    await inside.roles.mapGroup(admins, "admin");
    for (const [index, someone] of people.entries()) {
      const { blocked, role, inGroup, ...rest } = someone;
      const user = await inside.users.create(newUser(rest.loginName, rest));
      if (blocked) await inside.users.update(user.id, { blocked });
      if (inGroup) await inside.groupMembers.add(team, [user.id]);
      if (role === "owner") await inside.roles.grant(user.id, "owner");
      if (role === "owner" || (role === "admin" && index % 2 === 0))
        await inside.groupMembers.add(admins, [user.id]);
      else if (role === "admin") await inside.roles.grant(user.id, "admin");
    }
  });
  return { store, group: team };
}
