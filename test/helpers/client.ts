/** A response whose body was read. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  location: string | null;
}

/** An HTTP client that keeps cookies and sends Origin and Fetch Metadata like a browser. It follows no redirects. */
export class Client {
  readonly cookies = new Map<string, string>();
  readonly #address: string;
  readonly #origin: string;

  /** @param address where to connect; @param origin the origin that the browser sees. */
  constructor(address: string, origin: string) {
    this.#address = address;
    this.#origin = origin;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send("GET", path, { accept: "text/html", ...headers });
  }

  /** Posts a form from a page of the same origin. */
  post(
    path: string,
    form: Record<string, string> | URLSearchParams = {},
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const body = new URLSearchParams(form);
    const manners = { accept: "text/html", origin: this.#origin, "sec-fetch-site": "same-origin" };
    return this.send("POST", path, { ...manners, ...headers }, body);
  }

  async send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: URLSearchParams | string | Buffer<ArrayBuffer>,
  ): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(this.#address + path, {
      method,
      headers: { ...headers, ...(cookie ? { cookie } : {}) },
      redirect: "manual",
      ...(body === undefined ? {} : { body }),
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      location: response.headers.get("location"),
    };
  }

  /** Signs in with a local password. */
  async signIn(slug: string, loginName: string, password: string): Promise<Answer> {
    return await this.post(`/login/password/${slug}`, { loginName, password });
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    const gone = attributes.some(
      (text) => text.startsWith("Expires=") && new Date(text.slice(8)).getTime() < Date.now(),
    );
    if (gone || value === "") this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
