/**
 * The server of the demo: the application as `npm start` serves it, with the demo's pages (tools/demo) and example data.
 * It also starts the stand-in org as a process of its own. A composition root; main.ts starts it.
 */
import { guidedRoutes } from "demo-pages/guided";
import { storyRoutes } from "demo-pages/story";
import { loadConfig } from "../config.ts";
import { processEnvironment } from "../environment.ts";
import { createLog } from "../log.ts";
import { serve } from "../serve.ts";
import { openDatabase } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import { startDemoOrg } from "./org.ts";
import { isSeeded, resetDemo } from "./seed.ts";

const environment = processEnvironment();
const { DEMO_CONTROL_SECRET = "", DEMO_PASSWORD = "", DEMO_RESET } = environment;
// Start the org first, so that both processes start at the same time.
const org = startDemoOrg(environment);
const config = loadConfig(environment);
const log = createLog(config.logLevel);
const database = openDatabase(config.databaseUrl);
await migrate(database);

const base = { database, config, password: DEMO_PASSWORD };
const deps = { ...base, org };
const reset = () => resetDemo(deps);
const routes = org
  ? storyRoutes({ ...base, orgUrl: org.url, reset }, DEMO_CONTROL_SECRET)
  : guidedRoutes(base);
const stopServing = await serve(config, database, log, routes);

let isStopping = false;
const stop = async (code: number) => {
  if (isStopping) return;
  isStopping = true;
  org?.stop();
  const [orgCode = 0] = await Promise.all([org?.ended, stopServing()]);
  process.exit(Math.max(code, orgCode));
};
process.on("SIGINT", () => undefined);
process.once("SIGTERM", () => void stop(0));
process.once("disconnect", () => void stop(0));
void org?.ended.then(stop);

if (org && !(await org.ready)) await stop(1);
if (DEMO_RESET === "1" || !(await isSeeded(deps))) await reset();
else org?.resume();
process.send?.("ready");
