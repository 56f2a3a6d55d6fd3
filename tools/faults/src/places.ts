import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../src/store/database.ts";
import type { PostgresServer, Standby } from "../../../test/helpers/postgres-server.ts";
import type { CleanUp } from "./clean-up.ts";
import { mountSmallDisk, type SmallDisk } from "./small-disk.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** Where the application's database is, and what can be done to it from outside. */
export interface Place {
  /** DATABASE_URL of the application. */
  url: string;
  /** For the tool itself: past a proxy. */
  ownUrl: string;
  /** Of SQLite. */
  file?: string;
  disk?: SmallDisk;
  /** Of PostgreSQL. */
  server?: PostgresServer;
  standby?: Standby;
  proxy?: TcpProxy;
  /** Runs statements as a superuser, in the application's database. */
  sql?: (...statements: string[]) => Promise<void>;
}

/** A need of a fault that this machine does not meet. */
export class NotPossibleError extends Error {}

export function sqlitePlace(cleanUp: CleanUp, { onDisk }: { onDisk: boolean }): Place {
  const disk = onDisk ? smallDisk(24, cleanUp) : undefined;
  const folder = disk?.folder ?? mkdtempSync(join(tmpdir(), "starter-faults-"));
  if (!disk) cleanUp.add(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "app.sqlite");
  return { url: file, ownUrl: file, file, ...(disk && { disk }) };
}

function smallDisk(megabytes: number, cleanUp: CleanUp): SmallDisk {
  const disk = mountSmallDisk(megabytes);
  if (!disk) throw new NotPossibleError("this user may not mount a small file system");
  cleanUp.add(() => disk.remove());
  return disk;
}

const parts = ["", "-wal", "-shm"];

/** Moves the file of a SQLite database, with those that belong to it. */
export function moveDatabase(from: string, to: string): void {
  for (const part of parts) if (existsSync(from + part)) renameSync(from + part, to + part);
}

/** Puts copies in the place of the files, so that the path has another file with the same content. */
export function copyDatabase(from: string, to: string): void {
  for (const part of parts) if (existsSync(from + part)) cpSync(from + part, to + part);
}

let databases = 0;

/** A database of a role that is not a superuser, as in production. */
export async function postgresPlace(
  server: PostgresServer,
  cleanUp: CleanUp,
  { onDisk = false, behindProxy = false } = {},
): Promise<Place> {
  const name = `faults_${databases++}`;
  const admin = server.url;
  await runSql(admin, `create role ${name} login password 'only-on-loopback'`);
  let tablespace = "";
  const disk = onDisk ? smallDisk(48, cleanUp) : undefined;
  if (disk) {
    const folder = join(disk.folder, "tables");
    mkdirSync(folder);
    server.own(folder);
    await runSql(admin, `create tablespace ${name} location '${folder}'`);
    tablespace = `tablespace ${name}`;
  }
  await runSql(admin, `create database ${name} owner ${name} ${tablespace}`);
  if (disk) {
    cleanUp.add(async () => {
      disk.free();
      await runSql(admin, `drop database ${name} with (force)`, `drop tablespace ${name}`);
    });
  }
  const { port } = new URL(admin);
  const urlAt = (at: string) => `postgres://${name}:only-on-loopback@127.0.0.1:${at}/${name}`;
  const proxy = behindProxy ? await startTcpProxy(Number(port)) : undefined;
  if (proxy) cleanUp.add(() => proxy.close());
  const inside = new URL(admin);
  inside.pathname = `/${name}`;
  return {
    url: urlAt(proxy ? String(proxy.port) : port),
    ownUrl: urlAt(port),
    server,
    sql: (...statements) => runSql(inside.href, ...statements),
    ...(disk && { disk }),
    ...(proxy && { proxy }),
  };
}

/** The name of the role and of the database. */
export const nameIn = ({ url }: Place) => new URL(url).username;

async function runSql(url: string, ...statements: string[]): Promise<void> {
  const database = openDatabase(url);
  try {
    for (const statement of statements) await database.sql().raw(statement);
  } finally {
    await database.close();
  }
}
