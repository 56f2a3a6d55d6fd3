/** The file of a SQLite database, before it is opened. */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Creates the file if it is absent. Later connections only open it, because an empty database in its place would answer
 * that no one exists. A failure is left to them: they fail at each request, and work once the file is there.
 */
export function createIfAbsent(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    closeSync(openSync(file, "a"));
  } catch {}
}

/** The name by which SQLite opens a file without creating it (https://sqlite.org/uri.html). */
export function existingFile(file: string): string {
  return `${pathToFileURL(resolve(file)).href}?mode=rw`;
}
