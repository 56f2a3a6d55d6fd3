/** The front door: configuration, database, app, listen, and a graceful stop. `npm start` runs this file. */
import { createServer, type Server } from "node:http";
import { createApp } from "./app.ts";
import { ConfigError, loadConfig } from "./config.ts";
import { openInspector } from "./inspector/recorder.ts";
import { createLog, type Log } from "./log.ts";
import { startMetadataRefresh } from "./saml/metadata-refresh.ts";
import { openDatabase } from "./store/database.ts";
import { startHousekeeping } from "./store/housekeeping.ts";
import { migrationState } from "./store/migrate.ts";

/** Requests that are still running this long after the signal to stop are cut off. */
const drainMs = 15_000;

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
  const database = openDatabase(config.databaseUrl);
  await warnOfMigrations(database, log);
  const stopHousekeeping = startHousekeeping(database, log);
  const limits = { allowPrivateNetwork: config.insecureAllowPrivateNetwork };
  const stopMetadataRefresh = startMetadataRefresh(database, limits, log);

  const recorder = openInspector(database, log);
  const server = createServer(createApp({ config, database, log, recorder }));
  server.listen(config.port, config.host, () => {
    log.info(
      { address: server.address(), engine: database.engine, baseUrl: config.baseUrl },
      "server.started",
    );
  });

  const stop = async (signal: string) => {
    log.info({ signal }, "server.stopping");
    stopHousekeeping();
    stopMetadataRefresh();
    await drained(server);
    await recorder.close();
    await database.close();
    log.info("server.stopped");
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => void stop(signal));
}

/** Until the migrations are there, /readyz says so; whoever deploys may be about to apply them. */
async function warnOfMigrations(database: ReturnType<typeof openDatabase>, log: Log): Promise<void> {
  try {
    const { pending } = await migrationState(database);
    if (pending.length > 0) log.error({ pending, remedy: "npm run migrate" }, "migrations.pending");
  } catch (error) {
    log.error({ err: error }, "database.unreachable");
  }
}

/**
 * Takes no new connections, lets the requests that run finish, and cuts off the rest. A proxy keeps its connections
 * busy, so each answer now says that it is the connection's last one.
 */
async function drained(server: Server): Promise<void> {
  server.prependListener("request", (_req, res) => res.setHeader("Connection", "close"));
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const cutOff = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cutOff);
}
