import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Client } from "./client.ts";
import { freePort } from "./postgres-server.ts";
import { until } from "./processes.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const parts = [
  ...[
    "config",
    "migrations",
    "node_modules",
    "package-lock.json",
    "package.json",
    "packages",
    "public",
    "scripts",
  ],
  ...["src", "tools", "tsconfig.json", "views"],
];

/** Copies the repository, so that the demo does not use the developer's data. */
function copyOfRepository(): string {
  const folder = mkdtempSync(join(tmpdir(), "starter-demo-"));
  for (const part of parts) symlinkSync(join(root, part), join(folder, part));
  mkdirSync(join(folder, "data"));
  return folder;
}

/** `npm run demo`, as typed in a shell. */
export class Demo {
  port = 0;
  orgPort = 0;
  agentPort = 0;
  output = "";
  #child: ChildProcess | null = null;
  #ended: Promise<number | null> = Promise.resolve(null);
  readonly folder: string;
  /** The shell's environment variables. */
  readonly #variables: Record<string, string>;

  /** @param folder a checkout; absent for a copy of this one. */
  constructor(variables: Record<string, string> = {}, folder: string = copyOfRepository()) {
    this.#variables = variables;
    this.folder = folder;
  }

  async start(...words: string[]): Promise<void> {
    this.run([await freePort(), await freePort(), await freePort()], words);
    await this.ready();
  }

  async ready(): Promise<void> {
    await until("the demo is ready", () => /Ctrl-C stops it/.test(this.output) || this.exited, 90);
    assert.match(this.output, /is ready/);
  }

  run([port, orgPort, agentPort]: [number, number, number], words: string[] = []): void {
    Object.assign(this, { port, orgPort, agentPort, output: "" });
    const ports = { PORT: String(port), ORG_PORT: String(orgPort), AGENT_PORT: String(agentPort) };
    this.#child = this.#spawn(["demo", ...(words.length > 0 ? ["--", ...words] : [])], ports);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    }
    this.#ended = new Promise((resolve) => this.#child?.once("close", resolve));
  }

  /** Runs another npm script in the demo's folder, in a shell without its ports. Resolves with exit code and output. */
  async script(...words: string[]): Promise<{ code: number | null; stdout: string }> {
    return await this.scriptReading("", ...words);
  }

  /** The same with standard input. */
  async scriptReading(input: string, ...words: string[]): Promise<{ code: number | null; stdout: string }> {
    const child = this.#spawn(words);
    child.stdin?.end(input);
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const stdout = await text(child.stdout ?? process.stdin);
    return { code: await ended, stdout };
  }

  #spawn(words: string[], ports: Record<string, string> = {}): ChildProcess {
    const { PATH = "", HOME = "" } = process.env;
    return spawn("npm", ["run", "--silent", ...words], {
      cwd: this.folder,
      env: { PATH, HOME, ...ports, ...this.#variables },
      stdio: ["pipe", "pipe", "pipe"],
      // Its own process group, so that no process outlives a failed test.
      detached: true,
    });
  }

  get exited(): boolean {
    return this.#child?.exitCode !== null || this.#child.signalCode !== null;
  }

  get ended(): Promise<number | null> {
    return this.#ended;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  get orgUrl(): string {
    return `http://127.0.0.1:${this.orgPort}`;
  }

  get agentUrl(): string {
    return `http://127.0.0.1:${this.agentPort}`;
  }

  async stop(signal: "SIGTERM" | "SIGINT" = "SIGINT"): Promise<void> {
    // Ctrl-C reaches the whole group; other signals reach only npm.
    if (signal === "SIGINT") process.kill(-(this.#child?.pid ?? 0), signal);
    else this.#child?.kill(signal);
    await this.#ended;
  }

  /** Kills all processes, in any state of the test. */
  async kill(): Promise<void> {
    if (!this.#child?.pid) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // All have already ended.
    }
    await this.#ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get password(): string {
    return /The password of both owners: (\S+)/.exec(this.output)?.[1] ?? "";
  }

  /** @param cookies from an earlier visit, on any port. */
  client(cookies = new Map<string, string>()): Client {
    const client = new Client(`http://127.0.0.1:${this.port}`, this.url);
    for (const [name, value] of cookies) client.cookies.set(name, value);
    return client;
  }
}
