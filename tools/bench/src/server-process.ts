import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The messages that server.ts understands. */
export type Question = "memory" | "watch" | "delay";

export interface ServerProcess {
  /** Origins of the application and of the routes that it is compared with. */
  measured: string;
  compared: string;
  /** Resident memory in bytes. */
  memory(): Promise<number>;
  /** The 99th percentile of the event loop's delay while `work` runs, in milliseconds. */
  delayDuring(work: () => Promise<unknown>): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a server in another process. It also ends if this process crashes, because it watches the channel. */
export async function startServer(databaseUrl: string): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL("server.ts", import.meta.url)), [databaseUrl], {
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const { measured, compared } = await answerOf<{ measured: string; compared: string }>(child);
  const ask = <T>(question: Question) => {
    const answer = answerOf<T>(child);
    child.send(question);
    return answer;
  };
  return {
    measured,
    compared,
    memory: () => ask<number>("memory"),
    async delayDuring(work) {
      await ask("watch");
      await work();
      return await ask<number>("delay");
    },
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.disconnect();
      await ended;
    },
  };
}

function answerOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("the measured server has ended"));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve((message as { answer: T }).answer);
    });
  });
}
