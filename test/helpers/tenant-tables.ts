import type { Database } from "../../src/store/database.ts";

/** The tables with a tenant_id column, from the database, so that new ones are included. */
export async function tenantTables(database: Database): Promise<string[]> {
  const sql = database.sql();
  if (database.engine === "postgres") {
    const { rows } = await sql.raw(
      "select table_name as name from information_schema.columns where table_schema = current_schema and column_name = 'tenant_id'",
    );
    return rows.map((row: { name: string }) => row.name);
  }
  return (
    (await sql.raw(
      "select m.name from sqlite_master m join pragma_table_info(m.name) c on c.name = 'tenant_id' where m.type = 'table'",
    )) as { name: string }[]
  ).map((row) => row.name);
}

export async function columnsOf(database: Database, table: string): Promise<string[]> {
  return Object.keys(await database.sql()(table).columnInfo());
}

/** All of a tenant's rows in every table. */
export async function rowsOf(database: Database, tenantId: string): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = { tenants: await database.sql()("tenants").where("id", tenantId) };
  for (const table of await tenantTables(database)) {
    const rows: object[] = await database.sql()(table).where("tenant_id", tenantId);
    found[table] = rows.map((row) => JSON.stringify(row)).sort();
  }
  return found;
}
