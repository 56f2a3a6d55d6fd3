import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { dataKey } from "./cli.ts";
import { Client } from "./client.ts";
import { freePort } from "./postgres-server.ts";

const root = new URL("../../", import.meta.url);
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface Program {
  child: ChildProcess;
  /** Its output so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when it has ended and its output was read. The exit code is null after a signal. */
  ended: Promise<number | null>;
}

/**
 * Runs one of the repository's programs with `node --import tsx`, in an empty folder and with only these variables, so
 * that neither a .env file nor the machine's configuration affects it.
 */
export function runProgram(
  path: string,
  words: readonly string[],
  variables: Record<string, string>,
): Program {
  const folder = mkdtempSync(join(tmpdir(), "starter-run-"));
  const { PATH = "" } = process.env;
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const child = spawn(process.execPath, ["--import", tsx, fileURLToPath(new URL(path, root)), ...words], {
    cwd: folder,
    env: { PATH, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      running.delete(child);
      rmSync(folder, { recursive: true, force: true });
      resolve(code);
    });
  });
  return { child, stdout: () => written.stdout, stderr: () => written.stderr, ended };
}

/** Polls a condition; fails after `seconds`. */
export async function until(
  what: string,
  ask: () => boolean | Promise<boolean>,
  seconds = 15,
): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(20)) {
    if (await ask()) return;
  }
  throw new Error(`not within ${seconds} seconds: ${what}`);
}

export interface RunningServer extends Program {
  port: number;
  client(): Client;
}

/**
 * The secrets of a deployment, which its replicas share. DATA_KEY is the one by which tests seal what they store: the server
 * does not start with another one.
 */
export const newSecrets = () => ({
  SESSION_SECRET: randomBytes(32).toString("base64"),
  DATA_KEY: dataKey.toString("base64"),
});

export const deploymentUrl = "http://localhost:3000";

/**
 * Runs `npm start` on a free port. Resolves when it listens.
 * @param path the program; absolute for another checkout's.
 */
export async function startServer(
  databaseUrl: string,
  secrets: Record<string, string> = newSecrets(),
  path = "src/server.ts",
): Promise<RunningServer> {
  const port = await freePort();
  const program = runProgram(path, [], {
    DATABASE_URL: databaseUrl,
    BASE_URL: deploymentUrl,
    PORT: String(port),
    ...secrets,
  });
  const started = () => {
    if (program.child.exitCode !== null) throw new Error(`the server ended: ${program.stderr()}`);
    return program.stdout().includes('"server.started"');
  };
  await until("the server starts", started, 45);
  return { ...program, port, client: () => new Client(`http://127.0.0.1:${port}`, deploymentUrl) };
}
