import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: unknown;
}

/** "silence" ends the connection without an answer. */
type PreparedAnswer = [status: number, body?: unknown, headers?: Record<string, string>] | "silence";

/** An application that records each request, and gives the answers that a test prepared, in their order. */
export class FakeApplication {
  received: ReceivedRequest[] = [];
  answers: PreparedAnswer[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (req, res) => {
      const body = Number(req.headers["content-length"] ?? 0) > 0 ? await json(req) : undefined;
      this.received.push({ method: req.method ?? "", path: req.url ?? "", headers: req.headers, body });
      const next = this.answers.shift() ?? [500, { detail: "no answer was prepared" }];
      if (next === "silence") {
        res.destroy();
        return;
      }
      const [status, answer, headers = {}] = next;
      res.writeHead(status, { "content-type": "application/scim+json", ...headers });
      res.end(answer === undefined ? undefined : JSON.stringify(answer));
    });
  }

  /** Listens on 127.0.0.1, and resolves to the origin. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Forgets what it received, and prepares answers. */
  expect(...answers: PreparedAnswer[]): void {
    this.received = [];
    this.answers = answers;
  }

  /** The methods and paths that it received. */
  get calls(): string[] {
    return this.received.map(({ method, path }) => `${method} ${path}`);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** A list response (RFC 7644 §3.4.2). */
export function listOf(...resources: unknown[]) {
  return {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
    totalResults: resources.length,
    startIndex: 1,
    itemsPerPage: resources.length,
    Resources: resources,
  };
}
