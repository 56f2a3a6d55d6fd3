/**
 * `npm run demo`: the application with two customers in it, on this machine, within seconds.
 *
 * Development only: nothing outside this folder imports it, and a production image does not contain it. This file
 * prepares the database and then runs src/server.ts as `npm start` does, in a process of its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { brand } from "../../config/brand.ts";
import { paths } from "../endpoints.ts";
import { openDatabase } from "../store/database.ts";
import { migrate, rollBackAll } from "../store/migrate.ts";
import { type DemoEnvironment, demoEnvironment } from "./environment.ts";
import { demoTenants, emailOf, seed } from "./seed.ts";

const startTimeoutMs = 30_000;

const words = process.argv.slice(2);
const unknown = words.filter((word) => !["--reset", "--reset-only"].includes(word));
if (unknown.length > 0) {
  console.error(`npm run demo knows --reset, not ${unknown.join(" ")}.`);
  process.exit(1);
}

const environment = demoEnvironment();
await prepareDatabase(environment, words.length > 0);
if (!words.includes("--reset-only")) await runApp(environment);

async function prepareDatabase(
  { DATABASE_URL, DEMO_PASSWORD }: DemoEnvironment,
  reset: boolean,
): Promise<void> {
  const database = openDatabase(DATABASE_URL);
  try {
    await migrate(database);
    if (reset) {
      await rollBackAll(database);
      await migrate(database);
    }
    await seed(database, DEMO_PASSWORD);
  } finally {
    await database.close();
  }
}

async function runApp(env: DemoEnvironment): Promise<void> {
  if (!(await isFree(Number(env.PORT), env.HOST ?? "127.0.0.1"))) {
    console.error(`Port ${env.PORT} is taken. PORT=4000 npm run demo uses another one.`);
    process.exit(1);
  }
  const server = fileURLToPath(new URL("../server.ts", import.meta.url));
  const app = spawn(process.execPath, ["--import", "tsx", server], { env, stdio: "inherit" });
  // Ctrl-C reaches the whole process group; a signal to this process alone is passed on.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => app.kill("SIGTERM"));
  stopWithParent(app);
  app.once("exit", (code) => process.exit(code ?? 1));
  if (await isReady(env.BASE_URL, app)) announce(env);
  else {
    console.error("The app did not become ready.");
    app.kill("SIGTERM");
  }
}

/** npm ends its shell at a SIGTERM, and the shell does not tell us: it is seen by having another parent. */
function stopWithParent(app: ChildProcess): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) app.kill("SIGTERM");
  }, 250).unref();
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

async function isReady(baseUrl: string, app: ChildProcess): Promise<boolean> {
  for (
    const deadline = Date.now() + startTimeoutMs;
    Date.now() < deadline && app.exitCode === null;
    await sleep(100)
  ) {
    const ready = await fetch(baseUrl + paths.readyz).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return true;
  }
  return false;
}

function announce({ BASE_URL, DEMO_PASSWORD }: DemoEnvironment): void {
  console.log(`\n${brand.productName} is ready: ${BASE_URL}\n`);
  for (const { slug, name, domain, accounts } of demoTenants) {
    console.log(`${name}: ${BASE_URL}${paths.passwordLoginOf(slug)}`);
    for (const account of accounts) console.log(`  ${emailOf(account.name, domain)}  (${account.role})`);
  }
  console.log(`\nThe password of all of them: ${DEMO_PASSWORD}`);
  console.log("Ctrl-C stops it. npm run demo -- --reset starts clean.\n");
}
