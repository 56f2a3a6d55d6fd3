/**
 * Runs before every npm script: installs the dependencies when they are not the ones that the lock file names, and
 * otherwise does nothing, quickly and without writing. Plain JavaScript, because it runs when nothing is installed.
 *
 * `--production`: dependencies for development may be absent (a container installs without them).
 *
 * What is installed is read from node_modules/.package-lock.json, which npm keeps; a stamp beside it, written only
 * after a complete install of ours, also says that the install scripts (sqlite3 compiles) came to their end.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const production = process.argv.includes("--production");
const modules = "node_modules";
const stampFile = join(modules, ".installed-for");
// Not in node_modules, which npm ci empties.
const lockFile = ".installing";
const progressMs = 10_000;

const wanted = readFileSync("package-lock.json");
const fullStamp = createHash("sha256").update(wanted).digest("hex");
/** What is complete for production is not complete for development. */
const stamp = production ? `${fullStamp} production` : fullStamp;

if (installerIsRunning() || !isInstalled()) await installInTurn();

/** True when every package that the lock file asks for is there, in that version. */
function isInstalled() {
  if (existsSync(stampFile) && [stamp, fullStamp].includes(readFileSync(stampFile, "utf8"))) return true;
  // Whoever ran npm by hand has no stamp, or an old one.
  const hidden = join(modules, ".package-lock.json");
  if (!existsSync(hidden)) return false;
  const present = JSON.parse(readFileSync(hidden, "utf8")).packages;
  const { packages } = JSON.parse(wanted.toString());
  const needed = production ? neededByTheApplication(packages) : Object.keys(packages);
  return needed.every((path) => {
    const { optional, devOptional, version } = packages[path];
    return path === "" || optional || devOptional || present[path]?.version === version;
  });
}

/** The paths of what the application's own dependencies lead to: not those for development, or of packages/ and tools/. */
function neededByTheApplication(packages) {
  const found = new Set();
  const queue = [""];
  for (const from of queue) {
    for (const name of Object.keys(packages[from].dependencies ?? {})) {
      const path = placeOf(packages, from, name);
      if (!path || found.has(path)) continue;
      found.add(path);
      queue.push(path);
    }
  }
  return [...found];
}

/** Where a package finds another one: in its own node_modules, or in those of the folders above it. */
function placeOf(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const path = `${folder}${folder && "/"}node_modules/${name}`;
    if (packages[path]) return path;
    if (folder === "") return null;
  }
}

/** Whether the process that wrote the lock file still lives. */
function installerIsRunning() {
  try {
    process.kill(Number(readFileSync(lockFile, "utf8")), 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Two commands of one clone may start at once: the second waits for the first. Whoever creates the lock file installs;
 * it is taken away only when the process that wrote it is gone.
 */
async function installInTurn() {
  while (!tryLock()) {
    // One that is gone by now was given back: only the lock of a dead process is in the way.
    if (existsSync(lockFile) && !installerIsRunning()) rmSync(lockFile, { force: true });
    else await sleep(1_000);
  }
  process.once("exit", () => rmSync(lockFile, { force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  if (isInstalled()) return;
  const code = await install();
  if (code === 0) writeFileSync(stampFile, stamp);
  else say(`The installation failed (npm ended with ${code}). What npm said stands above.`);
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

/** `npm ci`, with a line every ten seconds: sqlite3 may compile for minutes and prints nothing meanwhile. */
async function install() {
  say("Installing what package-lock.json names. The first time takes one to three minutes.");
  const started = Date.now();
  const progress = setInterval(() => {
    const seconds = Math.round((Date.now() - started) / 1000);
    say(`Still installing (${seconds} s); sqlite3 is compiled here when no ready-made build can be fetched.`);
  }, progressMs);
  const npm = process.env.npm_execpath;
  if (!npm) throw new Error("Run this through npm: npm run demo, npm test, …");
  // In production npm leaves out what is for development by itself, but not what packages/ and tools/ depend on.
  const lean = process.env.NODE_ENV === "production" ? ["--workspaces=false"] : [];
  const args = [npm, "ci", "--no-audit", "--no-fund", ...(production ? lean : ["--include=dev"])];
  // What npm says is progress: to standard error, so that standard output belongs to the command that follows.
  const child = spawn(process.execPath, args, { stdio: ["ignore", 2, "inherit"] });
  const code = await new Promise((resolve) => child.once("close", resolve));
  clearInterval(progress);
  return code ?? 1;
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
