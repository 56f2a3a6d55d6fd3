import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const programs = {
  transmitter: new URL("./wire/transmitter.mjs", import.meta.url),
  receiver: new URL("./wire/receiver.mjs", import.meta.url),
};

/** A program of test/helpers/wire in a process of its own. It shares no code with the application. */
export interface WireProgram {
  /** Where it listens, which is its issuer or its audience. */
  url: string;
  /** Asks the program, and returns its answer. */
  ask<T>(call: string, args?: object): Promise<T>;
  stop(): void;
}

/** Starts a program. Resolves when it listens. */
export async function startWire(name: keyof typeof programs): Promise<WireProgram> {
  const child: ChildProcess = fork(fileURLToPath(programs[name]), { execArgv: [] });
  const waiting = new Map<number, (result: unknown) => void>();
  child.on("message", ({ id, result }: { id: number; result: unknown }) => {
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  const answer = (id: number) => new Promise<unknown>((resolve) => waiting.set(id, resolve));
  let last = 0;
  const url = (await answer(0)) as string;
  return {
    url,
    async ask<T>(call: string, args: object = {}): Promise<T> {
      const id = ++last;
      const answered = answer(id);
      child.send({ id, call, args });
      return (await answered) as T;
    },
    stop: () => child.disconnect(),
  };
}
