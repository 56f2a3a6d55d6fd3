import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";

/** A round-robin proxy in front of replicas. It keeps its connections, and learns from a refused one that a replica is down. */
export interface Balancer {
  close(): Promise<void>;
}

interface Forwarded {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** RFC 9110 §7.6.1 */
const hopByHop = ["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"];
/** A proxy may repeat only these (RFC 9110 §9.2.2). */
const idempotent = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];

export async function startBalancer(port: number, replicas: readonly string[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  let turn = 0;

  async function forward(req: IncomingMessage, body: Buffer): Promise<Forwarded> {
    const { method = "GET", url = "/" } = req;
    const headers = withoutHops(req.headers);
    const first = turn++;
    let problem: unknown = null;
    for (let tries = 0; tries < replicas.length; tries++) {
      const replica = replicas[(first + tries) % replicas.length] ?? "";
      try {
        return await pass(replica + url, { method, headers, body, agent });
      } catch (error) {
        problem = error;
        const neverArrived = (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
        if (!neverArrived && !idempotent.includes(method)) throw error;
      }
    }
    throw problem;
  }

  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    try {
      const { status, headers, body } = await forward(req, Buffer.concat(chunks));
      res.writeHead(status, withoutHops(headers)).end(body);
    } catch (error) {
      res.writeHead(502, { "content-type": "text/plain" }).end(`The replica broke off: ${error}`);
    }
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function withoutHops(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)));
}

interface Passed {
  method: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  agent: Agent;
}

function pass(url: string, { body, ...options }: Passed): Promise<Forwarded> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options, async (incoming) => {
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of incoming) chunks.push(chunk as Buffer);
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.once("error", reject).end(body);
  });
}
