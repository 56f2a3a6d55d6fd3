import type { Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { createTestDatabase, engines, type TestDatabase } from "./databases.ts";

/** Runs the same tests on both engines, each test on a database without tables. */
export function onEachEmptyDatabase(define: (use: () => TestDatabase) => void): void {
  for (const engine of engines) {
    describe(`on ${engine}`, () => {
      let current: TestDatabase;
      beforeEach(async () => {
        current = await createTestDatabase(engine, { migrated: false });
      });
      afterEach(() => current.dispose());
      define(() => current);
    });
  }
}

/** Migrations that this code does not have, by their names. */
export const foreignMigrations = ["20260101000000_create_shelves", "20270101000000_create_shipments"];

/** Leaves a database as another branch does: with `foreignMigrations`, and a table `shipments` that refers to ours. */
export async function migrateByOtherCode(database: Database): Promise<void> {
  await migrate(database);
  await database.sql().schema.createTable("shipments", (table) => {
    table.text("tenant_id").notNullable().references("id").inTable("tenants");
  });
  const applied = foreignMigrations.map((name) => ({ name, batch: 9, migration_time: new Date() }));
  await database.sql()("knex_migrations").insert(applied);
}
