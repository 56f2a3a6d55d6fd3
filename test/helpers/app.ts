import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type AppDeps, createApp } from "../../src/app.ts";
import type { Config } from "../../src/config.ts";
import { openInspector } from "../../src/inspector/recorder.ts";
import { createLog } from "../../src/log.ts";
import type { Database } from "../../src/store/database.ts";
import { pooledKeys } from "./certificates.ts";
import { Client } from "./client.ts";
import { testPasswordCost } from "./people.ts";

/** The application on a port of its own, as the server would run it. */
export interface TestApp {
  url: string;
  /** Every line that it logged, parsed. */
  logged: Record<string, unknown>[];
  /** A browser's cookies and manners, without a browser. */
  client(): Client;
  close(): Promise<void>;
}

/** What a test changes of the configuration, and of what the application reaches. */
export type TestOptions = Partial<Config> & Pick<AppDeps, "lookUpTxt">;

/** What makes an application cheap: test/production.test.ts shows what production has instead. */
const cheap = { passwordCost: testPasswordCost, generateKeys: pooledKeys };

/** Listens on localhost; `options` overrides the configuration. */
export async function startTestApp(
  database: Database,
  { lookUpTxt, ...options }: TestOptions = {},
): Promise<TestApp> {
  const logged: Record<string, unknown>[] = [];
  const log = createLog("debug", { write: (line: string) => void logged.push(JSON.parse(line)) });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://localhost:${port}`;
  const recorder = openInspector(database, log);
  const config: Config = {
    port,
    host: "127.0.0.1",
    baseUrl: url,
    databaseUrl: "unused: the database is given",
    sessionSecret: randomBytes(32).toString("base64"),
    dataKey: randomBytes(32),
    trustProxy: 0,
    logLevel: "debug",
    metricsToken: null,
    insecureAllowPrivateNetwork: false,
    ...options,
  };
  server.on(
    "request",
    createApp({ config, database, log, recorder, ...cheap, ...(lookUpTxt ? { lookUpTxt } : {}) }),
  );
  return {
    url,
    logged,
    client: () => new Client(`http://127.0.0.1:${port}`, config.baseUrl),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await recorder.close();
    },
  };
}
