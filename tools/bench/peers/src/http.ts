import { Pool } from "undici";

export interface Call {
  method: "GET" | "POST" | "PATCH";
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  ms: number;
}

/** The client of every measured program: the same library, the same number of connections. */
export class HttpClient {
  readonly #pool: Pool;

  constructor(origin: string, connections: number) {
    // A change of a large group may take a peer minutes. Idle connections end before the server ends them.
    const timeouts = { headersTimeout: 600_000, bodyTimeout: 600_000 };
    const idle = { keepAliveTimeout: 500, keepAliveMaxTimeout: 500 };
    this.#pool = new Pool(origin, { connections, pipelining: 1, ...timeouts, ...idle });
  }

  /** Status 0 means that no answer came; the text says why. */
  async send({ method, path, headers = {}, body }: Call): Promise<Answer> {
    const started = performance.now();
    const since = () => performance.now() - started;
    try {
      const answer = await this.#pool.request({ method, path, headers, body: body ?? null });
      const text = await answer.body.text();
      return { status: answer.statusCode, headers: answer.headers, text, ms: since() };
    } catch (error) {
      return { status: 0, headers: {}, text: (error as Error).message, ms: since() };
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** The cookies that an answer sets, as a browser sends them back. */
export function cookiesOf({ headers }: Answer): string {
  return [headers["set-cookie"] ?? []]
    .flat()
    .map((line) => line.split(";")[0])
    .join("; ");
}

export function locationOf({ headers }: Answer): string {
  return String(headers.location ?? "");
}
