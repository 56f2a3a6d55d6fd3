/**
 * `npm run demo`: the application, a stand-in for an Okta org and an AI agent, on this machine, within seconds.
 *
 * Development only: nothing else in src/ imports it, and a production image does not contain it. This file starts and stops
 * the application (app-server.ts), which starts and stops the stand-in (org.ts) and the agent (agent.ts). tenants.ts lists the demo's customers and
 * seed.ts creates them. The pages that lead through the demo are in tools/demo. May import: the roots,
 * the ground floor, trust, directory, store, config and the rooms of sign-in protocols.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { announce } from "./announce.ts";
import { demoEnvironment } from "./environment.ts";
import { ChildProgram, isFree } from "./program.ts";

const options = readOptions();
const environment = demoEnvironment(!options.okta);
if (options["reset-only"]) {
  // Imported on demand: otherwise this process does not need the database's libraries.
  const { resetStoppedDemo } = await import("./reset.ts");
  await resetStoppedDemo(environment);
} else await run();

function readOptions() {
  try {
    const { values } = parseArgs({
      options: { reset: { type: "boolean" }, "reset-only": { type: "boolean" }, okta: { type: "boolean" } },
    });
    return values;
  } catch {
    const unknown = process.argv.slice(2).join(" ");
    console.error(`npm run demo knows --reset and --okta, not ${unknown}.`);
    return process.exit(1);
  }
}

async function run(): Promise<void> {
  const { PORT, ORG_PORT, AGENT_PORT } = environment;
  for (const port of [PORT, ORG_PORT, AGENT_PORT].filter((one) => one !== undefined)) {
    if (await isFree(Number(port))) continue;
    console.error(`Port ${port} is taken. PORT=4000 npm run demo uses 4000, 4001 and 4002.`);
    process.exit(1);
  }
  const app = new ChildProgram(fileURLToPath(new URL("app-server.ts", import.meta.url)), {
    ...environment,
    ...(options.reset ? { DEMO_RESET: "1" } : {}),
  });
  stopTogether(app);
  if (!(await app.reports("ready"))) {
    console.error("The demo did not become ready.");
    app.stop();
    return;
  }
  announce(environment);
}

/**
 * Ctrl-C reaches the whole process group; a signal to this process alone is passed on. At SIGTERM npm kills its shell,
 * which does not signal us, so we watch for a new parent process.
 */
function stopTogether(app: ChildProgram): void {
  const stop = () => app.stop();
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && stop(), 250).unref();
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  void app.ended.then((code) => process.exit(code));
}
