import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";

const startTimeoutMs = 60_000;

/** A process of the demo, which says over its channel how far it is. */
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

  /** Resolves to whether it said so, before it ended and before a minute was over. */
  says(word: string): Promise<boolean> {
    if (this.#said.has(word)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), startTimeoutMs);
      const finish = (said: boolean) => {
        clearTimeout(timer);
        resolve(said);
      };
      this.#child.on("message", (message) => message === word && finish(true));
      void this.ended.then(() => finish(false));
    });
  }

  /** Tells it something, and resolves to whether it answers this before it ends, however long that takes. */
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
