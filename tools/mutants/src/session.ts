import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { killGroup, mutantEnvironment, nodeOptions, type RunLimits } from "./run.ts";
import type { SessionAnswer, SessionRequest } from "./session-program.ts";
import type { Tree } from "./tree.ts";

const program = fileURLToPath(new URL("./session-program.ts", import.meta.url));
const loadMs = 5 * 60_000;

/** A process that has loaded the tests and runs some of them at a time. After a hang it is started again. */
export class Session {
  readonly #tree: Tree;
  readonly #files: readonly string[];
  readonly #stop: AbortSignal;
  #child: ChildProcess | null = null;

  constructor(tree: Tree, files: readonly string[], stop: AbortSignal) {
    this.#tree = tree;
    this.#files = files;
    this.#stop = stop;
  }

  /** Runs tests. Returns null if they did not end within `ms`, or if the whole was stopped; the process is gone then. */
  async run(request: SessionRequest, ms: number): Promise<SessionAnswer | null> {
    const child = this.#child ?? (await this.#start());
    if (!child) return null;
    child.send(request);
    return (await this.#message(child, { ms, stop: this.#stop })) as SessionAnswer | null;
  }

  /** Ends the process. The next run starts another one. */
  close(): void {
    if (this.#child) killGroup(this.#child);
    this.#child = null;
  }

  async #start(): Promise<ChildProcess | null> {
    const child = fork(program, [...this.#files], {
      cwd: this.#tree.path,
      execArgv: nodeOptions,
      env: mutantEnvironment(this.#tree.temporary(), null),
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      // A process group of its own, so that the tests' child processes end with it.
      detached: true,
    });
    this.#child = child;
    return (await this.#message(child, { ms: loadMs, stop: this.#stop })) === "ready" ? child : null;
  }

  /** The next message of the process. Null, and the end of the process, if it takes too long or exits. */
  async #message(child: ChildProcess, { ms, stop }: RunLimits): Promise<unknown> {
    const answered = new AbortController();
    const signal = AbortSignal.any([stop, AbortSignal.timeout(ms), answered.signal]);
    const exit = once(child, "exit", { signal }).then(() => [null]);
    const [message] = await Promise.race([once(child, "message", { signal }), exit]).catch(() => [null]);
    // Removes the listener that lost the race.
    answered.abort();
    exit.catch(() => undefined);
    if (message === null) this.close();
    return message;
  }
}
