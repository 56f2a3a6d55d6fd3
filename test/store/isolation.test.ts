import assert from "node:assert/strict";
import { NotFoundError } from "../../src/errors.ts";
import type { Database } from "../../src/store/database.ts";
import { isForeignKeyViolation } from "../../src/store/sql-errors.ts";
import { forTenant, type TenantStore } from "../../src/store/tenant-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import type { IsolationCase, IsolationCases, TenantA } from "../helpers/isolation.ts";
import { createTestTenant } from "../helpers/people.ts";
import { columnsOf, rowsOf, tenantTables } from "../helpers/tenant-tables.ts";
import { isolationCases } from "./isolation-cases.ts";
import { foreignRows, tenantWithEverything } from "./isolation-world.ts";

describe("tenant isolation", () => {
  it("has a case for every method of the tenant store, or does not compile", () => {
    const lacking = isolationCases as Omit<IsolationCases, "users.byId">;
    // @ts-expect-error: one method has no case.
    const table: IsolationCases = lacking;
    assert.ok(Object.keys(table).length > 60);
  });

  onEachDatabase((use) => {
    let shared: World;
    before(async () => {
      shared = await newWorld(use().database);
    });

    for (const [method, isolation] of Object.entries<IsolationCase>(isolationCases)) {
      it(`${method}: tenant B can neither read nor change A's data`, async () => {
        const { a, b, rowsOfA } = isolation.changesB ? await newWorld(use().database) : shared;
        assert.deepEqual(await outcome(isolation.call(b, a)), isolation.gives);
        assert.deepEqual(await rowsOf(use().database, a.store.tenantId), rowsOfA);
      });
    }

    it("leaves B unchanged between cases, except those marked changesB", async () => {
      assert.deepEqual(await rowsOf(use().database, shared.b.tenantId), shared.rowsOfB);
    });

    it("has data in every table of tenant A", () => {
      const empty = Object.entries(shared.rowsOfA).filter(([, rows]) => rows.length === 0);
      assert.deepEqual(empty, []);
    });

    it("depends only on the tenant: a second store for A sees all its data", async () => {
      const { a } = shared;
      assert.equal((await forTenant(use().database, a.store.tenantId).users.byId(a.userId))?.id, a.userId);
    });

    it("includes the tenant in every foreign key between tenants' rows", async () => {
      const { database } = use();
      const carried = new Map<string, Set<string>>();
      for (const { table, key, column } of await foreignKeys(database)) {
        const columns = carried.get(`${table} ${key}`) ?? new Set();
        carried.set(`${table} ${key}`, columns.add(column));
      }
      const referring = new Set(
        [...carried].flatMap(([name, columns]) =>
          columns.has("tenant_id") ? [...columns].map((column) => `${name.split(" ")[0]}.${column}`) : [],
        ),
      );
      const loose: string[] = [];
      for (const table of await tenantTables(database)) {
        for (const column of await columnsOf(database, table)) {
          const name = `${table}.${column}`;
          if (column.endsWith("_id") && !referring.has(name)) loose.push(name);
        }
      }
      assert.deepEqual(loose.sort(), Object.keys(referToNoRow).sort());
    });

    for (const [table, row] of Object.entries(foreignRows)) {
      it(`the database refuses a row of ${table} that refers to another tenant's row`, async () => {
        const { a, b } = shared;
        const insert = use()
          .database.sql()(table)
          .insert({ ...row(a), tenant_id: b.tenantId });
        await assert.rejects(Promise.resolve(insert), isForeignKeyViolation);
      });
    }
  });
});

interface World {
  a: TenantA & { store: TenantStore };
  b: TenantStore;
  rowsOfA: Record<string, unknown[]>;
  rowsOfB: Record<string, unknown[]>;
}

async function newWorld(database: Database): Promise<World> {
  const a = await tenantWithEverything(database);
  const b = (await createTestTenant(database)).store;
  const [rowsOfA, rowsOfB] = [await rowsOf(database, a.store.tenantId), await rowsOf(database, b.tenantId)];
  return { a, b, rowsOfA, rowsOfB };
}

/** Columns that look like references but are not, with the reason. */
const referToNoRow: Record<string, string> = {
  "activity.actor_id": "outlives the acting user",
  "activity.request_id": "names a request",
  "activity.target_id": "outlives what it happened to",
  "agents.client_id": "is the agent's own",
  "connection_keys.tenant_id": "outlives the tenant, so that no other tenant gets its keys",
  "connections.provider_app_id": "is the provider's own",
  "inspector_messages.request_id": "names a request",
  "provisioning_problems.request_id": "names a request of the log",
  "provisioning_codes.client_id": "is the deployment's client, of no tenant",
  "provisioning_grants.client_id": "is the deployment's client, of no tenant",
  "provisioning_grants.allowed_by_id": "outlives the person",
  "provisioning_tokens.grant_id":
    "SQLite adds no composite key to a table; the source ties both to the tenant",
  "role_grants.source_id": "is a connection's for one kind of grant, and empty for the others",
  "sessions.connection_id": "outlives the connection: the session is dead then",
  "signal_streams.client_id": "is the provider's own",
  "signal_streams.provider_stream_id": "is the provider's own",
  "tenant_agents.client_id": "may be the URL of a metadata document",
  "tenant_agents.last_user_id": "outlives the person",
  "used_tokens.token_id": "is a hash",
};

interface ForeignKeyColumn {
  table: string;
  key: string;
  column: string;
}

async function foreignKeys(database: Database): Promise<ForeignKeyColumn[]> {
  const sql = database.sql();
  if (database.engine === "sqlite") {
    return await sql.raw(
      'select m.name as "table", f.id as key, f."from" as "column" from sqlite_master m join pragma_foreign_key_list(m.name) f where m.type = \'table\'',
    );
  }
  const { rows } = await sql.raw(
    'select table_name as "table", constraint_name as key, column_name as "column" from information_schema.table_constraints join information_schema.key_column_usage using (table_schema, table_name, constraint_name) where constraint_type = \'FOREIGN KEY\' and table_schema = current_schema',
  );
  return rows;
}

async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof NotFoundError) return "not found";
    if (isForeignKeyViolation(error)) return "refused";
    throw error;
  }
}
