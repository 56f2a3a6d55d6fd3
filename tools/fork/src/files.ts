import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ForkError } from "./options.ts";

/** One thing that the command did to a file. */
export interface Change {
  path: string;
  what: string;
}

const binary = /\.(png|pdf|ico|woff2?|gz|sqlite)$/;

/** The files of a checkout that git knows. Changes are written at once, and remembered for the report. */
export class ForkedFiles {
  readonly changes: Change[] = [];
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** The paths of the text files, with those that are new. */
  files(): string[] {
    const listed = this.git("ls-files", "-co", "--exclude-standard", "-z").split("\0").filter(Boolean);
    return listed.filter((path) => !binary.test(path) && existsSync(join(this.#root, path)));
  }

  git(...words: string[]): string {
    return execFileSync("git", words, { cwd: this.#root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  }

  has(path: string): boolean {
    return existsSync(join(this.#root, path));
  }

  read(path: string): string {
    return readFileSync(join(this.#root, path), "utf8");
  }

  /** Writes a file. Reports nothing if it has this text already. */
  write(path: string, text: string, what: string): void {
    if (this.has(path) && this.read(path) === text) return;
    mkdirSync(dirname(join(this.#root, path)), { recursive: true });
    writeFileSync(join(this.#root, path), text);
    this.changes.push({ path, what });
  }

  /** Changes a file, if it is there. A ForkError of the change names the file. */
  edit(path: string, change: (text: string) => string, what: string): void {
    if (!this.has(path)) return;
    let text: string;
    try {
      text = change(this.read(path));
    } catch (error) {
      throw error instanceof ForkError ? new ForkError(`${path}: ${error.message}`) : error;
    }
    this.write(path, text, what);
  }

  /** Removes a file or a folder, if it is there. */
  remove(path: string, what: string): void {
    if (!this.has(path)) return;
    rmSync(join(this.#root, path), { recursive: true });
    this.changes.push({ path, what });
  }
}
