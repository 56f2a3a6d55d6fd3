import { connect, createServer, type Socket } from "node:net";
import { freePort } from "../../../test/helpers/postgres-server.ts";

/** A line between the application and its database that can fall silent, or lead to another server. */
export interface TcpProxy {
  port: number;
  /** Forwards nothing in either direction, and closes nothing. */
  stall(): void;
  resume(): void;
  /** Cuts all connections; later ones go to this port. */
  leadTo(port: number): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<[Socket, Socket]>();
  let isStalled = false;
  let to = target;
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on("error", () => other.destroy());
      one.on("close", () => {
        pairs.delete(pair);
        other.destroy();
      });
      one.on("data", (chunk: Buffer) => other.write(chunk));
      if (isStalled) one.pause();
    }
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of [...pairs].flat()) socket.destroy();
  };
  return {
    port,
    stall() {
      isStalled = true;
      for (const socket of [...pairs].flat()) socket.pause();
    },
    resume() {
      isStalled = false;
      for (const socket of [...pairs].flat()) socket.resume();
    },
    leadTo(next) {
      to = next;
      cut();
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
