import type { Database } from "../../../src/store/database.ts";
import { createTestDatabase, type Engine } from "../../../test/helpers/databases.ts";
import { Client } from "./client.ts";
import { type SeededTenant, seedTenant } from "./seed.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

/** A database with five tenants, and a server that uses it. */
export interface World {
  server: ServerProcess;
  /** The server's database. */
  database: Database;
  /** The measured tenant, and the other four. */
  tenant: SeededTenant;
  others: SeededTenant[];
  /** The engine's version. */
  version: string;
  client(tenant?: SeededTenant): Client;
  dispose(): Promise<void>;
}

const otherTenants = 4;

/** Creates a world. @param users of the measured tenant. @param groupSizes of its groups. */
export async function createWorld(engine: Engine, users: number, groupSizes: number[]): Promise<World> {
  const { url, database, dispose } = await createTestDatabase(engine);
  const tenant = await seedTenant(database, users, groupSizes);
  const others: SeededTenant[] = [];
  const fewer = Math.min(users, 1_000);
  for (let count = 0; count < otherTenants; count++) others.push(await seedTenant(database, fewer, [fewer]));
  // PostgreSQL's autovacuum would do this later. SQLite stays as it is in production.
  if (engine === "PostgreSQL") await database.sql().raw("vacuum analyze");
  const versionSql =
    engine === "SQLite" ? "select sqlite_version() as v" : "select current_setting('server_version') as v";
  const answer = await database.sql().raw(versionSql);
  const server = await startServer(url);
  const clients: Client[] = [];
  return {
    server,
    database,
    tenant,
    others,
    version: String((answer.rows ?? answer)[0].v),
    client(of = tenant) {
      const client = new Client(server.measured, of.tokens);
      clients.push(client);
      return client;
    },
    async dispose() {
      for (const client of clients) await client.close();
      await server.stop();
      await dispose();
    },
  };
}
