/** The entry point: configuration, database, app, listen, and a graceful stop. `npm start` runs this file. */
import { loadConfig } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { createLog, type Log } from "./log.ts";
import { serve } from "./serve.ts";
import { openDatabase } from "./store/database.ts";
import { migrationState } from "./store/migrate.ts";
import { checkDataKeys } from "./store/reencryption.ts";
import { sealer } from "./store/secrets.ts";

/** A statement of the server takes milliseconds; one that takes this long waits for a lock, or for a server that is away. */
const answerMs = 30_000;

try {
  await main();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`The configuration is not complete (see config/env.example):\n${error.message}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  if (config.insecureAllowPrivateNetwork) log.warn("config.insecure_private_network_allowed");
  const database = openDatabase(config.databaseUrl, "full", undefined, answerMs);
  const isMigrated = await warnOfMigrations(database, log);
  if (isMigrated) await checkDataKeys(database, sealer(config.dataKey, config.formerDataKeys));
  const stopServing = await serve(config, database, log);
  const stop = async (signal: string) => {
    log.info({ signal }, "server.stopping");
    await stopServing();
    log.info("server.stopped");
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => void stop(signal));
}

/**
 * Only logs pending migrations: the deployment may be about to apply them, and until then /readyz reports them. Returns
 * whether all are applied.
 */
async function warnOfMigrations(database: ReturnType<typeof openDatabase>, log: Log): Promise<boolean> {
  try {
    const { pending } = await migrationState(database);
    if (pending.length > 0) log.error({ pending, remedy: "npm run migrate" }, "migrations.pending");
    return pending.length === 0;
  } catch (error) {
    log.error({ err: error }, "database.unreachable");
    return false;
  }
}
