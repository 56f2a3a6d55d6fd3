import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import pg from "pg";
import { ConfigError } from "../../src/errors.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { removeExpired } from "../../src/store/housekeeping.ts";
import { migrate, migrationState, rollBackAll } from "../../src/store/migrate.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { startTestApp } from "../helpers/app.ts";
import { createTestDatabase, type TestDatabase } from "../helpers/databases.ts";
import { codeBlocks } from "../helpers/docs.ts";
import { fillEveryTable, rowCounts, tableNames } from "../helpers/every-table.ts";
import { createLocalAccount, createTestTenant, testPassword } from "../helpers/people.ts";

/** A host's tables, with the names of the application's and other columns; its own bookkeeping of knex, too. */
const hostTables = {
  users: "id serial primary key, email text not null unique",
  sessions: "sid text primary key, sess json",
  tenants: "id int primary key",
  groups: "id int primary key",
  knex_migrations: "id serial primary key, name text, batch int, migration_time timestamptz",
  knex_migrations_lock: "index serial primary key, is_locked int",
};

describe("the tables in a schema of their own, next to a host's", () => {
  describe("on PostgreSQL", () => {
    let host: TestDatabase;
    let client: pg.Client;
    let url: string;
    let database: Database;
    let untouched: string;

    before(async () => {
      host = await createTestDatabase("PostgreSQL", { migrated: false });
      client = new pg.Client({ connectionString: host.url });
      await client.connect();
      for (const [name, columns] of Object.entries(hostTables))
        await client.query(`create table public.${name} (${columns})`);
      await client.query("insert into public.users (email) values ('host@example.com')");
      await client.query("insert into public.sessions values ('host-session', '{}')");
      await client.query("insert into public.knex_migrations (name, batch) values ('of_the_host', 1)");
      untouched = await publicSchema();
      url = `${host.url}?schema=starter`;
      database = openDatabase(url, "off");
    });
    after(async () => {
      await database.close();
      await client.end();
      await host.dispose();
    });

    /** All that the host has: its columns, relations, functions and rows. */
    async function publicSchema(): Promise<string> {
      const inPublic = "n.nspname = 'public' order by 1, 2";
      const statements = [
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public' order by 1, 2",
        `select relname, relkind::text from pg_class join pg_namespace n on n.oid = relnamespace where ${inPublic}`,
        `select proname, pronargs from pg_proc join pg_namespace n on n.oid = pronamespace where ${inPublic}`,
        ...Object.keys(hostTables).map((name) => `select * from public.${name}`),
      ];
      const found: unknown[] = [];
      for (const statement of statements) found.push((await client.query(statement)).rows);
      return JSON.stringify(found);
    }
    const schemas = async () =>
      (await client.query("select nspname from pg_namespace where nspname !~ '^pg_' order by 1")).rows.map(
        ({ nspname }) => nspname,
      );

    it("are all pending before the first migration, and nothing reads the host's tables", async () => {
      const { applied, pending } = await migrationState(database);
      assert.equal(applied, 0);
      assert.ok(pending.length > 20);
      await assert.rejects(systemStore(database).tenants.list(), /relation "tenants" does not exist/);
      assert.deepEqual(await schemas(), ["information_schema", "public"]);
    });

    it("are created by migrations of several processes at once, with the schema", async () => {
      const others = [openDatabase(url, "off"), openDatabase(url, "off")];
      const applied = await Promise.all([database, ...others].map((one) => migrate(one)));
      for (const one of others) await one.close();
      const names = readdirSync("migrations").filter((file) => /^\d{14}_/.test(file));
      assert.equal(applied.flat().length, names.length);
      assert.deepEqual(await schemas(), ["information_schema", "public", "starter"]);
      assert.deepEqual((await migrationState(database)).pending, []);
    });

    it("serve sign-in, the console, scans and housekeeping", async () => {
      await fillEveryTable(database, "filled");
      const acme = await createTestTenant(database, "acme");
      await createLocalAccount(acme.store, "owner@acme.example", "owner");
      const app = await startTestApp(database);
      const browser = app.client();
      try {
        assert.equal((await browser.signIn("acme", "owner@acme.example", testPassword)).status, 303);
        for (const page of ["/me", "/account", "/admin", "/admin/people?q=owner", "/admin/activity"])
          assert.equal((await browser.get(page)).status, 200, page);
        assert.equal((await browser.get("/readyz")).status, 200);
        assert.equal((await browser.post("/logout")).status, 303);
      } finally {
        await app.close();
      }
      const found = await database.scan((reading) =>
        reading.sql()("users").where("login_name", "owner@acme.example"),
      );
      assert.equal(found.length, 1);
      await removeExpired(database);
      const counts = await rowCounts(database, ["tenants", "users"]);
      assert.ok(Number(counts.tenants) === 2 && Number(counts.users) > 2, JSON.stringify(counts));
    });

    it("leave every table, index, function and row of the host as it was", async () => {
      assert.equal(await publicSchema(), untouched);
      assert.match(untouched, /host@example\.com/);
    });

    it("serve the roles of the how-to, of which the product's reads what it was granted", async () => {
      const password = "only-on-loopback";
      const [roles = "", grants = ""] = codeBlocks("docs/how-to/share-a-database.md")
        .filter(({ language }) => language === "sql")
        .map(({ text }) => text.replace("…", password));
      const { host: address, pathname } = new URL(host.url);
      const urlOf = (role: string) => `postgres://${role}:${password}@${address}${pathname}`;
      await client.query(
        `create role product login password '${password}'; create schema product authorization product`,
      );
      await client.query(roles);
      // The role may not create schemas: the how-to's statement did.
      const limited = openDatabase(`${urlOf("identity")}?schema=identity`, "off");
      const product = new pg.Client({ connectionString: urlOf("product") });
      try {
        assert.ok((await migrate(limited)).length > 20);
        assert.deepEqual(await migrate(limited), []);
        const { store } = await createTestTenant(limited, "acme");
        await createLocalAccount(store, "ada@acme.example");
        await client.query(grants);
        await client.query("grant select on product.people to product");
        await product.connect();
        const { rows } = await product.query("select * from product.people");
        assert.deepEqual(
          rows.map(({ login_name: name }) => name),
          ["ada@acme.example"],
        );
        await assert.rejects(product.query("select * from identity.sessions"), /permission denied/);
      } finally {
        await product.end();
        await limited.close();
        await client.query(
          "drop owned by product, identity cascade; drop schema if exists product cascade; drop role product, identity",
        );
      }
    });

    it("are dropped alone when the migrations are rolled back", async () => {
      await rollBackAll(database);
      assert.deepEqual(await tableNames(database), []);
      assert.equal(await publicSchema(), untouched);
    });

    for (const schema of ["Identity", "pg_own", "a-b", 'x"; drop schema public; --', "", "a&schema=b", "é"]) {
      it(`refuse the schema ${JSON.stringify(schema)}`, () => {
        assert.throws(
          () => openDatabase(`${host.url}?schema=${schema.replace(";", "%3B")}`, "off"),
          (error: unknown) => error instanceof ConfigError && /must name one schema/.test(error.message),
        );
      });
    }
  });
});
