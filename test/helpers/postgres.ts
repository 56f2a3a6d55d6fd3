import { type PostgresServer, startPostgres, withoutDisk } from "./postgres-server.ts";

let server: PostgresServer | undefined;

/** Loaded by mocha (.mocharc.mjs): starts one PostgreSQL server for the whole run, before any test file. */
export async function mochaGlobalSetup(): Promise<void> {
  server = await startPostgres(withoutDisk);
  process.env.TEST_POSTGRES_URL = server.url;
}

export async function mochaGlobalTeardown(): Promise<void> {
  await server?.stop();
}
