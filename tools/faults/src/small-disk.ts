import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of its own in memory, which can be full or read-only. */
export interface SmallDisk {
  folder: string;
  /** Writes until nothing more fits. */
  fill(): void;
  free(): void;
  mount(mode: "ro" | "rw"): void;
  remove(): void;
}

/** Only root may mount one. Null if this machine does not let this process. */
export function mountSmallDisk(megabytes: number): SmallDisk | null {
  const folder = mkdtempSync(join(tmpdir(), "starter-disk-"));
  try {
    run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m,mode=755`, "tmpfs", folder);
  } catch {
    rmSync(folder, { recursive: true });
    return null;
  }
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill: () => fillUp(ballast),
    free: () => rmSync(ballast, { force: true }),
    mount: (mode) => run("mount", "-o", `remount,${mode}`, folder),
    remove() {
      // Lazily: a process that was killed may still hold a file.
      run("umount", "-l", folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fillUp(path: string): void {
  const file = openSync(path, "a");
  try {
    for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 4))
      writeWhileRoom(file, Buffer.alloc(size));
  } finally {
    closeSync(file);
  }
}

function writeWhileRoom(file: number, block: Buffer): void {
  try {
    for (;;) if (writeSync(file, block) < block.length) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}

function run(program: string, ...words: string[]): void {
  execFileSync(program, words, { stdio: "ignore" });
}
