import assert from "node:assert/strict";
import type { Database } from "../../src/store/database.ts";
import { isForeignKeyViolation } from "../../src/store/sql-errors.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import type { IsolationCase, TenantA } from "../helpers/isolation.ts";
import { createTestTenant } from "../helpers/people.ts";
import { columnsOf, rowsOf, tenantTables } from "../helpers/tenant-tables.ts";
import { isolationCases } from "./isolation-cases.ts";
import { tenantWithEverything } from "./isolation-world.ts";

/** Unique across all tenants, so that the twin cannot have the same. */
const uniqueEverywhere = new Set([
  ...["connections.key", "connection_keys.key", "sessions.sid_hash"],
  ...["provisioning_tokens.token_hash", "one_time_links.token_hash"],
  ...["agents.client_id", "access_tokens.token_hash", "api_keys.key_hash", "signal_streams.connection_key"],
  ...["provisioning_codes.code_hash", "provisioning_grants.family_hash", "passkeys.id"],
]);

/** Read methods whose result is empty if there is nothing to find. */
const reads = Object.entries<IsolationCase>(isolationCases).filter(
  ([, { gives }]) => gives === null || gives === 0 || (typeof gives === "object" && gives !== undefined),
);

/**
 * A join that forgets the tenant finds nothing elsewhere by accident, because ids are random. Here another tenant's rows
 * have the same ids, names and numbers.
 */
describe("tenant isolation next to a twin", () => {
  onEachDatabase((use) => {
    let a: TenantA & { store: TenantStore };
    let alone: Map<string, unknown>;
    let twinId: string;
    let twin: Record<string, unknown[]>;

    before(async () => {
      const { database } = use();
      a = await tenantWithEverything(database);
      alone = new Map();
      for (const [method, { call }] of reads) alone.set(method, await whatItGives(call, a));
      twinId = (await createTestTenant(database)).store.tenantId;
      await copyRows(database, a.store.tenantId, twinId);
      twin = await rowsOf(database, twinId);
    });

    it("is tested with an identical twin", async () => {
      const own = await rowsOf(use().database, a.store.tenantId);
      const lacking = Object.keys(own).filter(
        (table) => (twin[table]?.length ?? 0) < (own[table]?.length ?? 0),
      );
      assert.deepEqual(lacking, []);
      assert.ok(reads.length > 30, `${reads.length} methods read`);
    });

    for (const [method, { call }] of reads) {
      it(`${method} returns the same as before there was a twin`, async () => {
        assert.deepEqual(await whatItGives(call, a), alone.get(method));
        assert.deepEqual(await rowsOf(use().database, twinId), twin);
      });
    }
  });
});

/** Calls a method for the tenant's own data, and rolls its changes back. */
async function whatItGives(
  call: IsolationCase["call"],
  a: TenantA & { store: TenantStore },
): Promise<unknown> {
  const rollback = new Error("rolled back");
  let given: unknown;
  await assert.rejects(
    a.store.transaction(async (inside) => {
      given = await call(inside, a);
      throw rollback;
    }),
    rollback,
  );
  return given;
}

/** Copies a tenant's rows to another one, referenced rows first. */
async function copyRows(database: Database, from: string, to: string): Promise<void> {
  let waiting = await tenantTables(database);
  await database.sql()("provisioning_sources").where("tenant_id", to).delete();
  while (waiting.length > 0) {
    const refused: string[] = [];
    for (const table of waiting) {
      const sql = database.sql();
      const columns = (await columnsOf(database, table)).filter((column) => column !== "tenant_id");
      const values = columns.map((column) =>
        uniqueEverywhere.has(`${table}.${column}`) ? sql.raw("?? || '-twin'", [column]) : column,
      );
      const rows = sql(table)
        .where("tenant_id", from)
        .select([sql.raw("?", [to]), ...values]);
      const copy = sql.into(sql.raw("?? (??)", [table, ["tenant_id", ...columns]])).insert(rows);
      await copy.catch((error: unknown) => {
        if (!isForeignKeyViolation(error)) throw error;
        refused.push(table);
      });
    }
    assert.ok(refused.length < waiting.length, `nothing can be copied of ${refused.join(", ")}`);
    waiting = refused;
  }
}
