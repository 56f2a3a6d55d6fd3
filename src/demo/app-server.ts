/**
 * The server of the demo: the application as `npm start` serves it, with the demo's pages (tools/demo) and example data.
 * It also starts the stand-in org and the agent, as processes of their own. A composition root; main.ts starts it.
 */
import { guidedRoutes } from "demo-pages/guided";
import { withMailPage } from "demo-pages/mail";
import { storyRoutes } from "demo-pages/story";
import { startMailCatcher } from "mail-catcher/catcher";
import { brand } from "../../config/brand.ts";
import { loadConfig } from "../config.ts";
import { processEnvironment } from "../environment.ts";
import { InvalidError } from "../errors.ts";
import { createLog } from "../log.ts";
import { serve } from "../serve.ts";
import { openDatabase } from "../store/database.ts";
import { migrate, UnknownMigrationsError } from "../store/migrate.ts";
import { startDemoAgent } from "./agent.ts";
import { catchesMail } from "./environment.ts";
import { startDemoOrg } from "./org.ts";
import { emptyDatabase } from "./reset.ts";
import { isSeeded, resetDemo } from "./seed.ts";

const environment = processEnvironment();
const { DEMO_CONTROL_SECRET = "", DEMO_PASSWORD = "", DEMO_RESET } = environment;
// Start the others first, so that all processes start at the same time.
const org = startDemoOrg(environment);
const agent = startDemoAgent(environment);
const caught = catchesMail(environment) ? await startMailCatcher() : null;
const sender = caught
  ? { SMTP_URL: caught.url, MAIL_FROM: `${brand.productName} <${brand.supportEmail}>` }
  : {};
const config = loadConfig({ ...environment, ...sender });
const log = createLog(config.logLevel);
const database = openDatabase(config.databaseUrl);
try {
  await (DEMO_RESET === "1" ? emptyDatabase(database) : migrate(database));
} catch (error) {
  if (!(error instanceof InvalidError)) throw error;
  const advice =
    error instanceof UnknownMigrationsError ? "\nTo start with a new database: npm run demo -- --reset" : "";
  console.error(`${error.message}${advice}`);
  process.exit(1);
}

const base = { database, config, password: DEMO_PASSWORD };
const deps = { ...base, org, agent };
const reset = () => resetDemo(deps);
const surroundings =
  org && agent
    ? storyRoutes(
        { ...base, orgUrl: org.url, agentUrl: agent.url, agentAtOrg: (appId) => org.agentAt(appId), reset },
        DEMO_CONTROL_SECRET,
      )
    : guidedRoutes(base);
const stopServing = await serve(
  config,
  database,
  log,
  caught ? withMailPage(surroundings, caught) : surroundings,
);

let isStopping = false;
const stop = async (code: number) => {
  if (isStopping) return;
  isStopping = true;
  org?.stop();
  agent?.stop();
  const [orgCode = 0, agentCode = 0] = await Promise.all([org?.ended, agent?.ended, stopServing()]);
  await caught?.close();
  process.exit(Math.max(code, orgCode, agentCode));
};
process.on("SIGINT", () => undefined);
process.once("SIGTERM", () => void stop(0));
process.once("disconnect", () => void stop(0));
void org?.ended.then(stop);
void agent?.ended.then(stop);

if (org && agent && !((await org.ready) && (await agent.ready))) await stop(1);
if (DEMO_RESET === "1" || !(await isSeeded(deps))) await reset();
else org?.resume();
process.send?.("ready");
