/** One HTTP exchange, as it was on the wire. */
export interface Exchange {
  method: string;
  url: string;
  headers: [name: string, value: string][];
  body: string;
  /** null for a request that the browser carries: the agent sends or gets it, but not its response. */
  answer: { status: number; headers: [name: string, value: string][]; body: string } | null;
  /** The error of a request that got no response. */
  failure: string | null;
}

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** A fetch that writes every exchange down, in the order of the requests. */
export class WireTrace {
  readonly exchanges: Exchange[] = [];
  readonly #reading: Promise<void>[] = [];

  readonly fetch: Fetch = async (url, init = {}) => {
    const exchange: Exchange = {
      method: init.method ?? "GET",
      url: String(url),
      headers: [...new Headers(init.headers)],
      body: init.body ? String(init.body) : "",
      answer: null,
      failure: null,
    };
    this.exchanges.push(exchange);
    try {
      const response = await fetch(url, init);
      this.#reading.push(keep(exchange, response.clone()));
      return response;
    } catch (error) {
      exchange.failure = error instanceof Error ? error.message : String(error);
      throw error;
    }
  };

  /** Writes down a request that travels through the browser. */
  carried(url: string): void {
    this.exchanges.push({ method: "GET", url, headers: [], body: "", answer: null, failure: null });
  }

  /** Resolves when every response is read. Call it after the connections are closed. */
  async complete(): Promise<void> {
    await Promise.all(this.#reading);
  }
}

async function keep(exchange: Exchange, response: Response): Promise<void> {
  const answer = { status: response.status, headers: [...response.headers], body: "" };
  exchange.answer = answer;
  // A stream that the client closes has no end.
  answer.body = await response.text().catch(() => "");
}
