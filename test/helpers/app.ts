import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type AppDeps, createApp } from "../../src/app.ts";
import type { Config } from "../../src/config.ts";
import { openCallCounter } from "../../src/directory/call-counter.ts";
import { openInspector } from "../../src/inspector/recorder.ts";
import { createLog } from "../../src/log.ts";
import type { Database } from "../../src/store/database.ts";
import { quietConfig } from "../../tools/guide/src/quiet-config.ts";
import { pooledKeys } from "./certificates.ts";
import { Client } from "./client.ts";
import { testPasswordCost } from "./people.ts";

/** The application on its own port, as the server runs it. */
export interface TestApp {
  url: string;
  /** All log lines, parsed. */
  logged: Record<string, unknown>[];
  /** A client that keeps cookies like a browser. */
  client(): Client;
  close(): Promise<void>;
}

/** Overrides of the configuration and of external services. */
export type TestOptions = Partial<Config> & Pick<AppDeps, "lookUpTxt" | "extraRoutes" | "hostRouters">;

/** Makes the application cheap to run. test/production.test.ts covers what production uses instead. */
const cheap = { passwordCost: testPasswordCost, generateKeys: pooledKeys };

/** Starts the application on localhost. */
export async function startTestApp(
  database: Database,
  { lookUpTxt, extraRoutes, hostRouters = [], ...options }: TestOptions = {},
): Promise<TestApp> {
  const logged: Record<string, unknown>[] = [];
  const log = createLog("debug", { write: (line: string) => void logged.push(JSON.parse(line)) });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://localhost:${port}`;
  const recorder = openInspector(database, log);
  const calls = openCallCounter(database, log);
  const config = quietConfig({ port, baseUrl: url, logLevel: "debug", ...options });
  const given = { ...(lookUpTxt ? { lookUpTxt } : {}), ...(extraRoutes ? { extraRoutes } : {}), hostRouters };
  const app = createApp({ config, database, log, recorder, calls, ...cheap, ...given });
  // As in production. Otherwise Express compiles a page's templates for each request.
  app.enable("view cache");
  server.on("request", app);
  return {
    url,
    logged,
    client: () => new Client(`http://127.0.0.1:${port}`, config.baseUrl),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await recorder.close();
      await calls.close();
    },
  };
}
