/**
 * A consistent copy of a SQLite database that other processes read and write.
 *
 * VACUUM INTO copies one snapshot in one read transaction. In WAL mode, it blocks no writer
 * (https://sqlite.org/lang_vacuum.html#vacuuminto). The backup API would start over after each write of another process
 * (https://sqlite.org/c3ref/backup_finish.html).
 */
import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { InvalidError } from "../errors.ts";
import type { Database } from "./database.ts";

/**
 * Copies the database into a new file, which only its owner can read, and checks the copy. The file appears when it is
 * complete and on the disk. Throws InvalidError if the file exists or cannot be written; then nothing is left behind.
 */
export async function backUpSqlite(database: Database, file: string): Promise<void> {
  const target = resolve(file);
  const partial = `${target}.partial`;
  await reserve(partial);
  try {
    // No other backup can create the target now, because it would need the same partial file.
    if (existsSync(target)) throw new InvalidError(`There is already a file ${target}.`);
    await copyAndCheck(database, partial);
    // SQLite does not sync what VACUUM INTO writes.
    await sync(partial);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await sync(dirname(target));
}

/** Creates the empty file with its mode, before it has any content. VACUUM INTO accepts an empty file. */
async function reserve(partial: string): Promise<void> {
  try {
    const handle = await open(partial, "wx", 0o600);
    await handle.close();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InvalidError(
      code === "EEXIST"
        ? `There is already a file ${partial}. Another backup is running, or one was killed: then remove the file.`
        : `The backup cannot be written: ${message}.`,
    );
  }
}

async function copyAndCheck(database: Database, partial: string): Promise<void> {
  const sql = database.sql();
  try {
    await sql.raw("vacuum into ?", [partial]);
    await sql.raw("attach database ? as copy", [partial]);
    const checked: { integrity_check: string }[] = await sql.raw("pragma copy.integrity_check");
    await sql.raw("detach database copy");
    const found = checked.map((row) => row.integrity_check).join("; ");
    if (found !== "ok") throw damaged(found);
  } catch (error) {
    const { code = "", message } = error as { code?: string; message: string };
    if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) throw damaged(message);
    if (/^SQLITE_(FULL|IOERR)/.test(code))
      throw new InvalidError(`The backup cannot be written: ${message}. Is the disk full?`);
    throw error;
  }
}

const damaged = (finding: string) =>
  new InvalidError(`The database is damaged, so no backup was kept: ${finding}.`);

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
