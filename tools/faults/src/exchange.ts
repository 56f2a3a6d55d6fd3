import { type Agent, type IncomingHttpHeaders, request } from "node:http";

export interface Sent {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  /** For the report: whether it changes data, or its success says that the identity provider vouched for someone. */
  purpose?: "write" | "identity";
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/**
 * Why a request has no answer: nothing listened, the connection broke, or the client gave up. After the last two, the client
 * does not know whether the request was carried out.
 */
export type Silence = "refused" | "cut" | "no answer";

/** Longer than the application takes to give up on any of its own waits. */
const patienceMs = 60_000;

/** Sends one request. It follows no redirect, and repeats nothing. */
export function exchange(
  origin: string,
  { method, path, headers = {}, body }: Sent,
  { agent, signal }: { agent?: Agent; signal?: AbortSignal } = {},
): Promise<HttpAnswer | Silence> {
  return new Promise((resolve) => {
    const { host, port } = new URL(origin);
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const outgoing = request(
      // By its address, so that a refused connection is one error and not one for each family.
      {
        hostname: "127.0.0.1",
        port,
        path,
        method,
        headers: { host, ...headers, ...length },
        ...(agent && { agent }),
        ...(signal && { signal }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.once("close", () => {
          clearTimeout(timer);
          const { statusCode: status = 0, headers: given, complete } = incoming;
          resolve(complete ? { status, headers: given, text: String(Buffer.concat(chunks)) } : "cut");
        });
      },
    );
    const timer = setTimeout(() => {
      resolve("no answer");
      outgoing.destroy();
    }, patienceMs);
    outgoing.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve(error.code === "ECONNREFUSED" ? "refused" : "cut");
    });
    outgoing.end(body);
  });
}
