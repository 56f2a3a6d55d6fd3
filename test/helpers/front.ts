import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A request on its way to the application, and its response on the way back. Changes here reach the other side. */
export interface Exchange {
  method: string;
  /** Path and query, as sent. */
  path: string;
  requestHeaders: Record<string, string>;
  requestBody: string;
  status: number;
  headers: Record<string, string>;
  setCookies: string[];
  body: string;
  /** The body's bytes, which are sent if `body` is left as it was: a picture is not a text. */
  bytes: Buffer;
}

/** A fault between the check and the application. */
export interface Fault {
  /** Changes a request. A returned response replaces the application's. */
  request?(exchange: Exchange): Partial<Exchange> | undefined | Promise<undefined>;
  /** Changes a response. */
  answer?(exchange: Exchange): void | Promise<void>;
}

/** A proxy that plants one fault at a time. */
export interface Front {
  url: string;
  /** All requests, in order. */
  seen: Exchange[];
  pointTo(address: string): void;
  plant(fault: Fault | null): void;
  close(): Promise<void>;
}

const hopByHop = [
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "content-encoding",
  "host",
  "set-cookie",
];

export async function startFront(): Promise<Front> {
  let target = "";
  let fault: Fault | null = null;
  const seen: Exchange[] = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const exchange: Exchange = {
      method: req.method ?? "GET",
      path: req.url ?? "/",
      requestBody: Buffer.concat(chunks).toString(),
      requestHeaders: plainHeaders(Object.entries(req.headers).map(([name, value]) => [name, String(value)])),
      status: 0,
      headers: {},
      setCookies: [],
      body: "",
      bytes: Buffer.alloc(0),
    };
    seen.push(exchange);
    try {
      const instead = await fault?.request?.(exchange);
      if (instead) Object.assign(exchange, instead);
      else await forward(target, exchange);
      await fault?.answer?.(exchange);
      const { status, headers, setCookies, body, bytes } = exchange;
      if (setCookies.length > 0) res.setHeader("set-cookie", setCookies);
      res.writeHead(status, headers).end(bytes.toString() === body ? bytes : body);
    } catch {
      res.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    seen,
    pointTo(address) {
      target = address;
    },
    plant(next) {
      fault = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function forward(target: string, exchange: Exchange): Promise<void> {
  const { method, path, requestHeaders, requestBody } = exchange;
  const answer = await fetch(target + path, {
    method,
    redirect: "manual",
    headers: requestHeaders,
    ...(method === "GET" || method === "HEAD" ? {} : { body: requestBody }),
  });
  exchange.status = answer.status;
  exchange.headers = plainHeaders([...answer.headers]);
  exchange.setCookies = answer.headers.getSetCookie();
  exchange.bytes = Buffer.from(await answer.arrayBuffer());
  exchange.body = exchange.bytes.toString();
}

function plainHeaders(entries: [string, string][]): Record<string, string> {
  return Object.fromEntries(entries.filter(([name]) => !hopByHop.includes(name)));
}
