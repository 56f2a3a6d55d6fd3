import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";

const startTimeoutMs = 60_000;

/** A child process of the demo that reports its state by messages over its IPC channel. */
export class ChildProgram {
  /** Resolves to its exit code. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  readonly #said = new Set<unknown>();

  constructor(file: string, env: Record<string, string | undefined>, words: readonly string[] = []) {
    const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
    this.#child = spawn(process.execPath, ["--import", "tsx", file, ...words], { env, stdio: [...stdio] });
    this.#child.on("message", (message) => this.#said.add(message));
    this.ended = new Promise((resolve) => this.#child.once("exit", (code) => resolve(code ?? 1)));
  }

  /** Resolves to whether the process sends this message before it ends and within a minute. */
  reports(word: string): Promise<boolean> {
    if (this.#said.has(word)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), startTimeoutMs);
      const finish = (reported: boolean) => {
        clearTimeout(timer);
        resolve(reported);
      };
      this.#child.on("message", (message) => message === word && finish(true));
      void this.ended.then(() => finish(false));
    });
  }

  /** Sends a message, and resolves to whether the process answers with `answer` before it ends. Has no timeout. */
  ask(word: string, answer: string): Promise<boolean> {
    const answered = new Promise<boolean>((resolve) => {
      const hear = (message: unknown) => {
        if (message !== answer) return;
        this.#child.off("message", hear);
        resolve(true);
      };
      this.#child.on("message", hear);
      void this.ended.then(() => resolve(false));
    });
    this.tell(word);
    return answered;
  }

  tell(word: string): void {
    if (this.#child.connected) this.#child.send(word);
  }

  stop(): void {
    this.#child.kill("SIGTERM");
  }
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
