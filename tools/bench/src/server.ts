/**
 * The measured server, which runs in its own process: the application, and the routes that it is compared with, on the same
 * database. server-process.ts starts it and sends it messages.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Express } from "express";
import { createApp } from "../../../src/app.ts";
import { openInspector } from "../../../src/inspector/recorder.ts";
import { createLog } from "../../../src/log.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { sessionSecret } from "../../../test/helpers/site.ts";
import { quietConfig } from "../../guide/src/quiet-config.ts";
import { comparedRoutes } from "./compared-routes.ts";
import type { Question } from "./server-process.ts";

const [databaseUrl = ""] = process.argv.slice(2);
const database = openDatabase(databaseUrl);
// Logs to standard output, as in production; the parent process ignores it.
const log = createLog("info");
const delay = monitorEventLoopDelay({ resolution: 10 });

const config = quietConfig({
  databaseUrl,
  logLevel: "info",
  baseUrl: "https://acme.example",
  // An org's keys are on this machine, too (part-agents.ts).
  insecureAllowPrivateNetwork: true,
  sessionSecret,
});
const compared = await listen(comparedRoutes({ config, database, log }));
const measured = await listen(createApp({ config, database, log, recorder: openInspector(database, log) }));

const answers: Record<Question, () => unknown> = {
  memory: () => process.memoryUsage().rss,
  watch: () => {
    delay.reset();
    delay.enable();
    return null;
  },
  delay: () => {
    delay.disable();
    return delay.percentile(99) / 1e6;
  },
};
process.on("message", (question: Question) => process.send?.({ answer: answers[question]() }));
process.once("disconnect", () => process.exit(0));
process.send?.({ answer: { measured, compared } });

async function listen(handler: Express): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
