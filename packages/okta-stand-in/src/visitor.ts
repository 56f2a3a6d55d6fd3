/** A response, with its body as text. */
interface Answer {
  status: number;
  headers: Headers;
  text: string;
  location: string | null;
}

/** A browser in tests: keeps cookies and sends the Origin of its forms, but follows no redirects. */
export class Visitor {
  readonly #cookies = new Map<string, string>();
  readonly #address: string;
  readonly #origin: string;

  /** @param address where to connect. @param origin the origin that the browser would show. */
  constructor(address: string, origin: string) {
    this.#address = address;
    this.#origin = origin;
  }

  get(path: string): Promise<Answer> {
    return this.#send("GET", path, {});
  }

  /** Posts a form from a page of the same origin, unless `headers` has another Origin. */
  post(
    path: string,
    form: Record<string, string> | [string, string][] = {},
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const body = new URLSearchParams(form);
    return this.#send("POST", path, { origin: this.#origin, ...headers }, body);
  }

  async #send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: URLSearchParams | null = null,
  ): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(this.#address + path, {
      method,
      headers: { accept: "text/html", ...headers, ...(cookie ? { cookie } : {}) },
      redirect: "manual",
      body,
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const text = await response.text();
    const location = response.headers.get("location");
    return { status: response.status, headers: response.headers, text, location };
  }

  #keep(line: string): void {
    const [pair = ""] = line.split("; ");
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    if (value === "") this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}
