import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** An HTTP proxy that tunnels (CONNECT, RFC 9110 §9.3.6), as at the edge of an enterprise network. */
export interface ConnectProxy {
  /** host:port */
  address: string;
  /** The host and port that each request asked for, and its credentials. */
  asked: { target: string; authorization: string | undefined }[];
  /** The port of this machine that stands for every host; null refuses with `status`. */
  leadsTo: number | null;
  status: number;
  close(): Promise<void>;
}

export async function startConnectProxy(): Promise<ConnectProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((req, res) => {
    proxy.asked.push({ target: `${req.method} ${req.url}`, authorization: undefined });
    res.writeHead(400).end();
  });
  server.on("connect", (req, client: Socket) => {
    sockets.add(client);
    client.on("error", () => undefined);
    proxy.asked.push({ target: req.url ?? "", authorization: req.headers["proxy-authorization"] });
    if (proxy.leadsTo === null) return void client.end(`HTTP/1.1 ${proxy.status} Refused\r\n\r\n`);
    const onwards = connect(proxy.leadsTo, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onwards.pipe(client);
      client.pipe(onwards);
    });
    sockets.add(onwards);
    onwards.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: ConnectProxy = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    leadsTo: null,
    status: 403,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
