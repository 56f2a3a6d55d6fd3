import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A program with its words, its folder and its environment. */
export interface Program {
  file: string;
  words: string[];
  folder: string;
  environment: Record<string, string>;
  /** Its output. */
  log: string;
}

export interface ServerProcess {
  /** Milliseconds from the start to the first right answer. */
  startMs: number;
  /** Resident memory in bytes; null if the process has ended. */
  memory(): Promise<number | null>;
  stop(): Promise<void>;
}

function start({ file, words, folder, environment, log }: Program): ChildProcess {
  const output = openSync(log, "a");
  return fork(file, words, {
    cwd: folder,
    execArgv: ["--import", "tsx"],
    env: { ...process.env, ...environment, NODE_ENV: "production" },
    stdio: ["ignore", output, output, "ipc"],
  });
}

/** Starts a server. It is ready when `isReady` says so, which is asked every few milliseconds. */
export async function startServer(program: Program, isReady: () => Promise<boolean>): Promise<ServerProcess> {
  const started = performance.now();
  const child = start(program);
  const ended = once(child, "exit");
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null) throw new Error(`${program.file} ended: see ${program.log}`);
    if (performance.now() - started > 120_000)
      throw new Error(`${program.file} is not ready: see ${program.log}`);
    await sleep(5);
  }
  return {
    startMs: performance.now() - started,
    async memory() {
      if (child.exitCode !== null || child.signalCode !== null) return null;
      const { stdout } = await run("ps", ["-o", "rss=", "-p", String(child.pid)]);
      return Number(stdout) * 1024;
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Runs a program that sends one message and ends. */
export async function runToEnd<T>(program: Program): Promise<T> {
  const child = start(program);
  const ended = once(child, "exit");
  let message: T | undefined;
  child.once("message", (sent) => {
    message = sent as T;
  });
  await ended;
  if (message === undefined) throw new Error(`${program.file} ended without an answer: see ${program.log}`);
  return message;
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
