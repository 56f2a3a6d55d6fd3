import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import pg from "pg";
import { provisionGroup } from "../../src/directory/groups.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import {
  migrate,
  migrationState,
  rollBackAll,
  UnknownMigrationsError,
  unlockMigrations,
} from "../../src/store/migrate.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { createTestDatabase } from "../helpers/databases.ts";
import { foreignMigrations, migrateByOtherCode, onEachEmptyDatabase } from "../helpers/empty-databases.ts";
import { fillEveryTable, rowCounts, tableNames } from "../helpers/every-table.ts";
import { createTestTenant, newUser, type TestTenant } from "../helpers/people.ts";

const names = readdirSync(new URL("../../migrations/", import.meta.url))
  .filter((file) => /^\d{14}_/.test(file))
  .map((file) => file.replace(/\.ts$/, ""))
  .sort();

describe("the migrations", () => {
  it("are named by their time", () => {
    assert.ok(names.length >= 9);
    for (const name of names) assert.match(name, /^\d{14}_[a-z]+(_[a-z]+)+$/);
  });

  onEachEmptyDatabase((use) => {
    it("can be rolled back and applied again without rows", async () => {
      const { database } = use();
      await migrate(database);
      const tables = await tableNames(database);
      await rollBackAll(database);
      assert.deepEqual(await tableNames(database), []);
      assert.deepEqual(await migrate(database), names);
      assert.deepEqual(await tableNames(database), tables);
    });

    it("can be rolled back and applied again with rows in every table", async () => {
      const { database } = use();
      await migrate(database);
      await fillEveryTable(database);
      const counts = await rowCounts(database, await tableNames(database));
      const empty = Object.keys(counts).filter((table) => counts[table] === 0);
      assert.deepEqual(empty, [], "fillEveryTable leaves out a table");
      await rollBackAll(database);
      assert.deepEqual(await tableNames(database), []);
      assert.deepEqual(await migrate(database), names);
      await fillEveryTable(database);
    });
  });
});

describe("the migration that guards owners", () => {
  onEachEmptyDatabase((use) => {
    it("requires owners to confirm existing access of provisioning clients, and keeps it", async () => {
      const { database } = use();
      await migrate(database);
      const closed = await createTestTenant(database);
      const open = {
        "password sync": async ({ store }: TestTenant) => store.settings.change({ passwordSync: true }),
        adoption: async ({ store }: TestTenant) => store.settings.change({ sourceConflict: "adopt" }),
        "a token": async ({ store }: TestTenant) => void (await createToken(store)),
        "a group": async ({ store, writer }: TestTenant) => {
          const wanted = { displayName: "Admins", sourceKey: null };
          const group = await provisionGroup(store, writer, wanted, []);
          await store.roles.mapGroup(group.id, "admin");
        },
      };
      const tenants: [string, TestTenant][] = [];
      for (const [what, act] of Object.entries(open)) {
        const tenant = await createTestTenant(database);
        await act(tenant);
        tenants.push([what, tenant]);
      }
      const guard = (migration: string) => migration.includes("guard_owners");
      const { up, down } = await import(`../../migrations/${names.find(guard)}.ts`);
      const before = await Promise.all(tenants.map(([, { store }]) => store.settings.read()));
      await database.sql().transaction(async (trx) => {
        await down(trx);
        await up(trx);
      });
      assert.equal((await closed.store.settings.read())?.machineAccessConfirmed, true);
      for (const [index, [what, { store }]] of tenants.entries())
        assert.deepEqual(
          await store.settings.read(),
          { ...before[index], machineAccessConfirmed: false },
          what,
        );
    });
  });
});

describe("the migration that requires complete people", () => {
  onEachEmptyDatabase((use) => {
    it("lets existing tenants go on accepting incomplete people, and makes new ones refuse them", async () => {
      const { database } = use();
      await migrate(database);
      const existing = await createTestTenant(database);
      const file = names.find((migration) => migration.includes("require_complete_people"));
      const { up, down } = await import(`../../migrations/${file}.ts`);
      await database.sql().transaction(async (trx) => {
        await down(trx);
        await up(trx);
      });
      assert.equal((await existing.store.settings.read())?.incompletePeople, "accept");
      const created = await createTestTenant(database);
      assert.equal((await created.store.settings.read())?.incompletePeople, "refuse");
    });
  });
});

describe("the migration that folds compatibility forms", () => {
  const file = names.find((migration) => migration.includes("fold_compatibility_forms"));
  const folding = async (database: Database, direction: "up" | "down") => {
    const migration = await import(`../../migrations/${file}.ts`);
    await database.sql().transaction((trx) => migration[direction](trx));
  };
  const keysOf = async (database: Database, table: string, [name, key]: [string, string]) => {
    const rows: Record<string, string>[] = await database.sql()(table).orderBy("id").select(name, key);
    return Object.fromEntries(rows.map((row) => [row[name], row[key]]));
  };

  onEachEmptyDatabase((use) => {
    it("recomputes keys, and restores them on rollback", async () => {
      const { database } = use();
      await migrate(database);
      const { store } = await createTestTenant(database);
      await store.users.create(newUser("ﬁona@acme.example"));
      await store.users.create(newUser("Ada@acme.example"));
      await store.groups.create({ id: "g", displayName: "Oﬃce", sourceId: null, sourceKey: null });
      await store.tombstones.add("t", "ｇone", []);
      const now = async () => [
        await keysOf(database, "users", ["login_name", "login_name_key"]),
        await keysOf(database, "groups", ["display_name", "display_name_key"]),
        await keysOf(database, "tombstones", ["login_name", "login_name_key"]),
      ];
      const folded = await now();
      const before = [
        { "ﬁona@acme.example": "ﬁona@acme.example", "Ada@acme.example": "ada@acme.example" },
        { Oﬃce: "oﬃce" },
        { ｇone: "ｇone" },
      ];
      for (const _time of ["first", "second"]) {
        await folding(database, "down");
        assert.deepEqual(await now(), before);
        await folding(database, "up");
        assert.deepEqual(await now(), folded);
      }
      assert.equal((await store.users.byLoginName("fiona@acme.example"))?.loginName, "ﬁona@acme.example");
    });

    it("gives a shared name to the normalised or oldest row of each tenant, and keeps the others by id", async () => {
      const { database } = use();
      await migrate(database);
      await folding(database, "down");
      const { store } = await createTestTenant(database);
      const { store: other } = await createTestTenant(database);
      const raw = async (to: typeof store, loginName: string) => {
        const { id } = await to.users.create(newUser(randomUUID()));
        const row = { login_name: loginName, login_name_key: loginName.toLowerCase() };
        await database.sql()("users").where({ id }).update(row);
        return id;
      };
      const [late, plain] = [await raw(store, "ﬁona"), await raw(store, "Fiona")];
      const [first, second] = [await raw(store, "ｅve"), await raw(store, "ｅｖe")];
      const alone = await raw(other, "ﬁona");
      const reached = async (to: typeof store, name: string) => (await to.users.byLoginName(name))?.id;
      for (const _time of ["first", "second"]) {
        await folding(database, "up");
        for (const name of ["ﬁona", "fiona", "FIONA"]) assert.equal(await reached(store, name), plain);
        for (const name of ["ｅve", "ｅｖe", "eve"]) assert.equal(await reached(store, name), first);
        for (const name of ["ﬁona", "fiona"]) assert.equal(await reached(other, name), alone);
        const listed = (await store.people.page({ prefix: "" }, { after: null, limit: 10 })).people.map(
          ({ id }) => id,
        );
        assert.deepEqual(listed.sort(), [late, plain, first, second].sort());
        await folding(database, "down");
        const keys = await keysOf(database, "users", ["id", "login_name_key"]);
        assert.deepEqual([keys[late], keys[plain], keys[second]], ["ﬁona", "fiona", "ｅｖe"]);
      }
      await folding(database, "up");
      await store.users.update(late, { loginName: "fiona.2" });
      assert.equal(await reached(store, "fiona.2"), late);
    });

    it("handles more rows than one chunk", async () => {
      const { database } = use();
      await migrate(database);
      const { store } = await createTestTenant(database);
      await store.groups.create({ id: "g", displayName: "ﬁrst", sourceId: null, sourceKey: null });
      const [group] = await database.sql()("groups");
      const more = Array.from({ length: 1200 }, (_, index) => {
        const name = `ﬁ${index}`;
        return { ...group, id: `g${index}`, seq: 100 + index, display_name: name, display_name_key: name };
      });
      await database.sql().batchInsert("groups", more, 50);
      await folding(database, "up");
      for (const name of ["first", "fi0", "fi499", "fi500", "fi1199"])
        assert.notEqual(await store.groups.byName(name), null, name);
      assert.equal((await database.sql()("groups").where("display_name_key", "like", "ﬁ%")).length, 0);
    });
  });
});

describe("migrate", () => {
  onEachEmptyDatabase((use) => {
    it("applies all migrations in order, and none on the second run", async () => {
      const { database } = use();
      assert.deepEqual(await migrate(database), names);
      assert.deepEqual(await migrate(database), []);
    });

    it("stores names without extensions, so that .ts and .js are the same migration", async () => {
      const { database } = use();
      await migrate(database);
      const rows = await database.sql()("knex_migrations").orderBy("name").select("name");
      assert.deepEqual(
        rows.map(({ name }) => name),
        names,
      );
    });

    it("applies each migration once if several callers start together, and none fails", async () => {
      const { openAnother } = use();
      const callers = Array.from({ length: 4 }, openAnother);
      const applied = await Promise.all(callers.map(migrate));
      assert.deepEqual(applied.flat().sort(), names);
      assert.equal(applied.filter((list) => list.length > 0).length, 1);
      assert.equal((await callers[0]?.sql()("knex_migrations_lock"))?.length, 1);
    });

    it("continues after an operator released the lock of a dead process", async () => {
      const { database } = use();
      await migrate(database);
      await database.sql()("knex_migrations_lock").update({ is_locked: 1 });
      await unlockMigrations(database);
      assert.deepEqual(await migrate(database), []);
    });
  });
});

describe("a database of an unreleased version, from before its migrations were squashed", () => {
  const squashed = names.filter((name) => name.startsWith("20261128"));
  const later = names.filter((name) => !squashed.includes(name));
  const former = [
    ...["01000100_create_tenants", "01000200_create_users", "01000300_create_groups"],
    ...["01000400_create_connections", "01000500_create_tombstones", "01000600_create_roles"],
    ...["01000700_create_credentials", "01000800_create_sessions"],
    "01000900_create_tasks", // sample product
    ...["01001000_create_activity", "01001100_create_pending_logins", "24000100_create_key_pairs"],
    ...["24071000_create_inspector", "24214500_add_directory_search", "24220500_create_sign_in_tests"],
    ...["24222000_extend_activity", "24225500_create_provisioning_problems"],
    "25015500_index_successful_sign_ins",
  ].map((name) => `202611${name}`);

  /** Has the tables of the former migrations, their names, and a tenant. */
  async function makeFormer(database: Database): Promise<void> {
    await migrate(database);
    await createTestTenant(database);
    await database.sql().transaction(async (trx) => {
      for (const name of later.toReversed()) await (await import(`../../migrations/${name}.ts`)).down(trx);
      await trx("knex_migrations").delete();
      await trx("knex_migrations").insert(former.map((name) => ({ name, batch: 1 })));
    });
  }
  const applied = async (database: Database) => {
    const rows = await database.sql()("knex_migrations").orderBy("name").select("name");
    return rows.map(({ name }) => name);
  };

  onEachEmptyDatabase((use) => {
    it("keeps its rows, and takes the migrations that came since", async () => {
      const { database } = use();
      await makeFormer(database);
      const before = await rowCounts(database, ["tenants", "provisioning_sources"]);
      assert.deepEqual(await migrate(database), later);
      assert.deepEqual(await applied(database), names);
      assert.deepEqual(await rowCounts(database, ["tenants", "provisioning_sources"]), before);
      assert.deepEqual(await migrate(database), []);
    });

    it("is refused unchanged when it lacks some of them", async () => {
      const { database } = use();
      await makeFormer(database);
      await database.sql()("knex_migrations").where("name", former.at(-1)).delete();
      await assert.rejects(migrate(database), /old unreleased version.*25015500_index_successful_sign_ins/);
      assert.deepEqual(await applied(database), former.slice(0, -1));
    });
  });
});

describe("a database that other code has migrated", () => {
  onEachEmptyDatabase((use) => {
    it("is not migrated, and the error names what is missing", async () => {
      const { database } = use();
      await migrateByOtherCode(database);
      await assert.rejects(migrate(database), UnknownMigrationsError);
      await assert.rejects(migrate(database), {
        message: `The database has migrations that migrations/ lacks: ${foreignMigrations.join(", ")}. Restore these files, or use another database.`,
      });
    });
  });
});

describe("migrationState", () => {
  onEachEmptyDatabase((use) => {
    it("names the pending migrations", async () => {
      const { database } = use();
      assert.deepEqual(await migrationState(database), { applied: 0, pending: names });
      assert.equal(await database.sql().schema.hasTable("knex_migrations"), false, "asking changes nothing");
      await migrate(database);
      assert.deepEqual(await migrationState(database), { applied: names.length, pending: [] });
      const last = names.at(-1) as string;
      await database.sql()("knex_migrations").where("name", last).delete();
      assert.deepEqual(await migrationState(database), { applied: names.length - 1, pending: [last] });
    });
  });
});

describe("text in the database", () => {
  // Sorted by bytes. English would sort "a" next to "A", and accents between the letters.
  const byBytes = ["-", "10", "9", "A", "B", "Z", "_", "a", "aa", "b", "z", "~", "Ä", "ä", "é", "ﬀ", "𝒜"];
  const locales = {
    "ICU English": "locale_provider icu icu_locale 'en' locale 'C'",
    "ICU English that ignores case and accents": "locale_provider icu icu_locale 'en-u-ks-level1' locale 'C'",
  };

  async function assertByBytes(database: Database): Promise<void> {
    const { store } = await createTestTenant(database);
    for (const name of [...byBytes].reverse()) {
      await store.sources.create({ id: randomUUID(), name });
      await store.users.create(newUser(randomUUID(), { id: `id-${name}`, sourceKey: name }));
    }
    const listed = (await store.sources.list()).map(({ name }) => name).filter((name) => name !== "default");
    assert.deepEqual(listed, byBytes);
    const group = { id: randomUUID(), displayName: "All", sourceId: null, sourceKey: null };
    await store.groups.create(group);
    await store.groupMembers.add(
      group.id,
      byBytes.map((name) => `id-${name}`),
    );
    const second = await store.groupMembers.page(group.id, "id-_", 100);
    assert.deepEqual(
      second,
      byBytes.slice(byBytes.indexOf("_") + 1).map((name) => `id-${name}`),
    );
    assert.equal((await store.sources.byName("A"))?.name, "A");
    assert.equal(await store.sources.byName("á"), null);
    assert.equal((await store.users.bySourceKey("a")).length, 1);
  }

  describe("on SQLite", () => {
    it("is compared and sorted by bytes", async () => {
      const current = await createTestDatabase("SQLite");
      await assertByBytes(current.database);
      await current.dispose();
    });
  });

  describe("on PostgreSQL", () => {
    for (const [title, locale] of Object.entries(locales)) {
      it(`is compared and sorted by bytes in a database with the locale ${title}`, async () => {
        await inDatabaseOf(locale, async (database) => {
          const { rows } = await database.sql().raw("select 'a' < 'B' as english");
          assert.equal(rows[0].english, true, "the database does sort otherwise by itself");
          await migrate(database);
          await assertByBytes(database);
          await systemStore(database).tenants.create({ id: "Z", slug: "z", name: "Z" });
          await systemStore(database).tenants.create({ id: "z", slug: "Z", name: "z" });
        });
      });
    }
  });
});

async function inDatabaseOf(locale: string, work: (database: Database) => Promise<void>): Promise<void> {
  const serverUrl = process.env.TEST_POSTGRES_URL as string;
  const name = `locale_${randomUUID().replaceAll("-", "")}`;
  const server = new pg.Client({ connectionString: serverUrl });
  await server.connect();
  await server.query(`create database ${name} template template0 ${locale}`);
  const database = openDatabase(serverUrl.replace(/\/postgres$/, `/${name}`));
  try {
    await work(database);
  } finally {
    await database.close();
    await server.query(`drop database ${name} with (force)`);
    await server.end();
  }
}
