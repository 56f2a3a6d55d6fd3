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
    // A change of a large group may take a peer minutes.
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      headersTimeout: 600_000,
      bodyTimeout: 600_000,
    });
  }

  async send({ method, path, headers = {}, body }: Call): Promise<Answer> {
    const started = performance.now();
    const answer = await this.#pool.request({ method, path, headers, body: body ?? null });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, text, ms: performance.now() - started };
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
