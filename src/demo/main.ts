/**
 * `npm run demo`: the application and a stand-in for an Okta org beside it, on this machine, within seconds.
 *
 * Development only: nothing else in src/ imports it, and a production image does not contain it. This file starts and stops
 * the application (app-server.ts), and that the stand-in beside it (stand-in.ts); cast.ts says who is in the demo, seed.ts
 * fills it. The pages that lead through it are in tools/demo. May import: everything.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { announce } from "./announce.ts";
import { demoEnvironment } from "./environment.ts";
import { ChildProgram, isFree } from "./program.ts";

const options = readOptions();
const environment = demoEnvironment(!options.okta);
if (options["reset-only"]) {
  // Loaded only here: the demo starts without the database's libraries in this process.
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
  const { PORT, ORG_PORT } = environment;
  for (const port of [PORT, ORG_PORT].filter((one) => one !== undefined)) {
    if (await isFree(Number(port))) continue;
    console.error(`Port ${port} is taken. PORT=4000 npm run demo uses 4000 and 4001.`);
    process.exit(1);
  }
  const app = new ChildProgram(fileURLToPath(new URL("app-server.ts", import.meta.url)), {
    ...environment,
    ...(options.reset ? { DEMO_RESET: "1" } : {}),
  });
  stopTogether(app);
  if (!(await app.says("ready"))) {
    console.error("The demo did not become ready.");
    app.stop();
    return;
  }
  announce(environment);
}

/**
 * Ctrl-C reaches the whole process group; a signal to this process alone is passed on. npm ends its shell at a SIGTERM,
 * and the shell does not tell us: it is seen by having another parent.
 */
function stopTogether(app: ChildProgram): void {
  const stop = () => app.stop();
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && stop(), 250).unref();
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  void app.ended.then((code) => process.exit(code));
}
