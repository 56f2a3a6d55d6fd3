import { createServer, type Server } from "node:http";
import { type AppDeps, createApp } from "./app.ts";
import type { Config } from "./config.ts";
import { openInspector } from "./inspector/recorder.ts";
import type { Log } from "./log.ts";
import { startMetadataRefresh } from "./saml/metadata-refresh.ts";
import type { Database } from "./store/database.ts";
import { startHousekeeping } from "./store/housekeeping.ts";

/** Requests that are still running this long after the signal to stop are cut off. */
const drainMs = 15_000;

/**
 * Serves the application with all that runs beside the requests. Resolves when it listens; what it resolves to stops it
 * gracefully and closes the database.
 * @param extraRoutes pages of a program around the application: the demo's.
 */
export async function serve(
  config: Config,
  database: Database,
  log: Log,
  extraRoutes?: AppDeps["extraRoutes"],
): Promise<() => Promise<void>> {
  const stopHousekeeping = startHousekeeping(database, log);
  const limits = { allowPrivateNetwork: config.insecureAllowPrivateNetwork };
  const stopMetadataRefresh = startMetadataRefresh(database, limits, log);
  const recorder = openInspector(database, log);
  const more = extraRoutes ? { extraRoutes } : {};
  const server = createServer(createApp({ config, database, log, recorder, ...more }));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, resolve);
  });
  log.info({ address: server.address(), engine: database.engine, baseUrl: config.baseUrl }, "server.started");
  return async () => {
    stopHousekeeping();
    stopMetadataRefresh();
    await drained(server);
    await recorder.close();
    await database.close();
  };
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
