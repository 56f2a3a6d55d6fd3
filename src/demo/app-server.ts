/**
 * The application of the demo: the whole of it, as `npm start` serves it, with the story page around it and example data
 * in it. A composition root; src/demo/main.ts starts it as a process of its own.
 */
import { loadConfig } from "../config.ts";
import { processEnvironment } from "../environment.ts";
import { createLog } from "../log.ts";
import { serve } from "../serve.ts";
import { openDatabase } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import { guidedRoutes } from "./guided/routes.ts";
import { orgControl } from "./org-control.ts";
import { isSeeded, resetDemo } from "./seed.ts";
import { storyRoutes } from "./story/routes.ts";

const environment = processEnvironment();
const { ORG_URL, DEMO_CONTROL_SECRET = "", DEMO_PASSWORD = "", DEMO_RESET } = environment;
const config = loadConfig(environment);
const log = createLog(config.logLevel);
const database = openDatabase(config.databaseUrl);
await migrate(database);

const base = { database, config, password: DEMO_PASSWORD };
const org = ORG_URL ? orgControl(ORG_URL, DEMO_CONTROL_SECRET) : null;
const routes = org ? storyRoutes({ ...base, org }, DEMO_CONTROL_SECRET) : guidedRoutes(base);
const stopServing = await serve(config, database, log, routes);

// The org has to be there before it can provision: it starts at the same time.
process.once("message", () => void fill());
process.send?.("listening");

async function fill(): Promise<void> {
  if (DEMO_RESET === "1" || !(await isSeeded({ ...base, org }))) await resetDemo({ ...base, org });
  process.send?.("ready");
}

const stop = async () => {
  await stopServing();
  process.exit(0);
};
process.on("SIGINT", () => undefined);
process.once("SIGTERM", () => void stop());
process.once("disconnect", () => void stop());
