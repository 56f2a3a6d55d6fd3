import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { emptyDatabase } from "../../src/demo/reset.ts";
import { migrationState } from "../../src/store/migrate.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { migrateByOtherCode, onEachEmptyDatabase } from "../helpers/empty-databases.ts";

describe("a database that other code has migrated", () => {
  onEachEmptyDatabase((use) => {
    it("is emptied by the demo's reset if it is the demo's, and left as it is otherwise", async () => {
      const { database } = use();
      await migrateByOtherCode(database);
      const store = systemStore(database);
      await store.tenants.create({ id: randomUUID(), slug: "customer", name: "Customer" });
      await assert.rejects(emptyDatabase(database), /none of the demo's\. It is left as it is/);
      await database.sql()("tenants").update({ slug: "acme" });
      await database
        .sql()("shipments")
        .insert({ tenant_id: (await store.tenants.list())[0]?.id });
      await emptyDatabase(database);
      assert.equal(await database.sql().schema.hasTable("shipments"), false);
      const { applied, pending } = await migrationState(database);
      assert.ok(applied > 0);
      assert.deepEqual(pending, []);
      assert.deepEqual(await store.tenants.list(), []);
      await assert.rejects(
        database.sql()("users").insert({ tenant_id: "none" }),
        "foreign keys are on again",
      );
    });

    it("is not dropped if it has no tenant of the demo", async () => {
      const { database } = use();
      await migrateByOtherCode(database);
      await assert.rejects(emptyDatabase(database), { name: "UnknownMigrationsError" });
      assert.ok(await database.sql().schema.hasTable("shipments"));
    });
  });
});
