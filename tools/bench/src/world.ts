import type { Database } from "../../../src/store/database.ts";
import type { Engine } from "../../../test/helpers/databases.ts";
import { createTestDatabase } from "../../../test/helpers/databases.ts";
import { Client } from "./client.ts";
import { type SeededTenant, seedTenant } from "./seed.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

/** A database with five tenants in it, and a server on it. */
export interface World {
  server: ServerProcess;
  /** The same database as the server has. */
  database: Database;
  /** The tenant that is measured, and the other four. */
  tenant: SeededTenant;
  others: SeededTenant[];
  /** Version of the engine. */
  version: string;
  client(tenant?: SeededTenant): Client;
  dispose(): Promise<void>;
}

const otherTenants = 4;

/** Makes a world whose measured tenant has so many users, and groups of these sizes. */
export async function createWorld(engine: Engine, users: number, groupSizes: number[]): Promise<World> {
  const { url, database, dispose } = await createTestDatabase(engine);
  const tenant = await seedTenant(database, users, groupSizes);
  const others: SeededTenant[] = [];
  const fewer = Math.min(users, 1_000);
  for (let count = 0; count < otherTenants; count++) others.push(await seedTenant(database, fewer, [fewer]));
  // What PostgreSQL's autovacuum does in its own time; SQLite is left as it is in production.
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
