/**
 * Runs before every npm script. Installs the dependencies if they differ from the lock file; otherwise does nothing, quickly
 * and without writing. Plain JavaScript, because it runs before anything is installed.
 *
 * `--production`: development dependencies may be missing (a container installs without them).
 *
 * The installed versions come from node_modules/.package-lock.json, which npm maintains. Our own stamp in the same folder
 * also proves that all install scripts succeeded (sqlite3 may compile): it is written only after a complete install.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { neededByTheApplication } from "./application-packages.mjs";

const production = process.argv.includes("--production");
const modules = "node_modules";
const stampFile = join(modules, ".installed-for");
// Not in node_modules, because npm ci empties that folder.
const lockFile = ".installing";
const progressMs = 10_000;

const wanted = readFileSync("package-lock.json");
const fullStamp = createHash("sha256").update(wanted).digest("hex");
/** An install that is complete for production is not complete for development. */
const stamp = production ? `${fullStamp} production` : fullStamp;

if (installerIsRunning() || !isInstalled()) await installInTurn();

/** Whether every package of the lock file is installed in its version. */
function isInstalled() {
  if (existsSync(stampFile) && [stamp, fullStamp].includes(readFileSync(stampFile, "utf8"))) return true;
  // After a manual npm run there is no stamp, or an old one.
  const hidden = join(modules, ".package-lock.json");
  if (!existsSync(hidden)) return false;
  const present = JSON.parse(readFileSync(hidden, "utf8")).packages;
  const { packages } = JSON.parse(wanted.toString());
  const needed = production ? neededByTheApplication(packages) : Object.keys(packages);
  return needed.every((path) => {
    const { optional, devOptional, version, link, resolved } = packages[path];
    if (path === "" || optional || devOptional) return true;
    return link ? present[path]?.resolved === resolved : present[path]?.version === version;
  });
}

/** Whether the process that wrote the lock file is still running. */
function installerIsRunning() {
  try {
    process.kill(Number(readFileSync(lockFile, "utf8")), 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Installs, one process at a time, because two commands of one clone may start at once. The process that creates the lock
 * file installs; others remove the file only if that process has died.
 */
async function installInTurn() {
  while (!tryLock()) {
    // Check again: the installer may just have finished and removed its lock.
    if (existsSync(lockFile) && !installerIsRunning()) rmSync(lockFile, { force: true });
    else await sleep(1_000);
  }
  process.once("exit", () => rmSync(lockFile, { force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  if (isInstalled()) return;
  const code = await install();
  if (code === 0) writeFileSync(stampFile, stamp);
  else say(`The installation failed (npm ended with ${code}). See the output of npm above.`);
  process.exitCode = code;
}

function tryLock() {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  }
}

/** Runs `npm ci`, and prints a line every ten seconds, because sqlite3 may compile silently for minutes. */
async function install() {
  say("Installing the packages of package-lock.json. The first time takes one to three minutes.");
  const started = Date.now();
  const progress = setInterval(() => {
    const seconds = Math.round((Date.now() - started) / 1000);
    say(`Still installing (${seconds} s); sqlite3 is compiled here if no prebuilt binary can be downloaded.`);
  }, progressMs);
  const npm = process.env.npm_execpath;
  if (!npm) throw new Error("Run this through npm: npm start, npm test, …");
  const lean = process.env.NODE_ENV === "production" ? applicationOnly() : [];
  const args = [npm, "ci", "--no-audit", "--no-fund", ...(production ? lean : ["--include=dev"])];
  // Send npm's output to standard error, so that standard output belongs to the command that follows.
  const child = spawn(process.execPath, args, { stdio: ["ignore", 2, "inherit"] });
  const code = await new Promise((resolve) => child.once("close", resolve));
  clearInterval(progress);
  return code ?? 1;
}

/** In production npm itself omits development dependencies, but not workspaces that the application does not need. */
function applicationOnly() {
  const { packages } = JSON.parse(wanted.toString());
  const links = neededByTheApplication(packages).filter((path) => packages[path].link);
  return ["--include-workspace-root", ...links.map((path) => `--workspace=${packages[path].resolved}`)];
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
