import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { decodeJwt } from "jose";

/** A push as the receiver got it. */
interface Push {
  headers: Record<string, unknown>;
  token: string;
  claims: Record<string, unknown> & { events?: Record<string, Record<string, unknown>> };
}

/** A receiver of SETs that stores what it gets, and answers what it was told to. */
export class SignalReceiver {
  readonly pushes: Push[] = [];
  /** The next answers; afterwards 202. */
  answers: [status: number, body?: object][] = [];
  readonly #server = createServer((req, res) => void this.#take(req, res));
  url = "";

  async start(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/events`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #take(...[req, res]: Parameters<NonNullable<Parameters<typeof createServer>[1]>>): Promise<void> {
    const token = await text(req);
    this.pushes.push({ headers: req.headers, token, claims: decodeJwt(token) });
    const [status, body] = this.answers.shift() ?? [202];
    res.statusCode = status;
    res.end(body ? JSON.stringify(body) : undefined);
  }
}
