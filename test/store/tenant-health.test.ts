import assert from "node:assert/strict";
import type { Database } from "../../src/store/database.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { createTestDatabase, onEachDatabase } from "../helpers/databases.ts";
import { fillEveryTable } from "../helpers/every-table.ts";

interface Statement {
  sql: string;
  bindings: string[];
}

async function statementsOf(database: Database): Promise<Statement[]> {
  const seen: Statement[] = [];
  const see = (statement: Statement) => void seen.push(statement);
  database.sql().on("query", see);
  await systemStore(database).tenants.health();
  database.sql().removeListener("query", see);
  return seen;
}

describe("the health of every tenant", () => {
  onEachDatabase((use) => {
    it("takes the same number of statements for any number of tenants, and separates them", async () => {
      const { database } = use();
      const one = await fillEveryTable(database);
      const few = (await statementsOf(database)).length;
      const others = [await fillEveryTable(database), await fillEveryTable(database)];
      assert.equal((await statementsOf(database)).length, few);
      const found = await systemStore(database).tenants.health();
      for (const { tenant } of [one, ...others]) {
        const health = found.find(({ tenant: { id } }) => id === tenant.id) ?? assert.fail();
        assert.deepEqual(health.tenant, { id: tenant.id, slug: tenant.slug, name: tenant.name });
        assert.deepEqual([health.connections.length, health.tokens.length], [1, 1]);
        assert.deepEqual([health.lastProblem?.source, health.hasOwner], ["default", true]);
      }
    });
  });

  it("looks up activity, people and passwords by an index", async () => {
    const current = await createTestDatabase("SQLite");
    try {
      const { database } = current;
      const steps: string[] = [];
      for (const { sql, bindings } of await statementsOf(database)) {
        const rows: { detail: string }[] = await database.sql().raw(`explain query plan ${sql}`, bindings);
        steps.push(...rows.map(({ detail }) => detail));
      }
      // Small tables are read as a whole.
      const whole = /^SCAN (tenants|connections|t|allowed|s|p|provisioning_problems|.subquery-\d+.)( |$)/;
      const scanned = steps.filter((step) => step.startsWith("SCAN") && !whole.test(step));
      assert.deepEqual(scanned, []);
      const activity = steps.filter((step) => step.startsWith("SEARCH a "));
      assert.equal(activity.length, 2);
      for (const step of activity) assert.match(step, /COVERING INDEX activity_success_index/);
    } finally {
      await current.dispose();
    }
  });
});
