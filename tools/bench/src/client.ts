import { Pool } from "undici";
import { cycle } from "./statistics.ts";

/** A response with the time that it took. */
export interface Timed {
  text: string;
  ms: number;
}

/** A provisioning client that measures response times. */
export class Client {
  readonly #pool: Pool;
  readonly #nextToken: () => string;

  constructor(origin: string, tokens: readonly string[]) {
    this.#pool = new Pool(origin, { connections: 16, pipelining: 1 });
    this.#nextToken = cycle(tokens);
  }

  /** Throws if the response is not a success. */
  async send(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<Timed> {
    const headers = {
      authorization: `Bearer ${this.#nextToken()}`,
      ...(body === undefined ? {} : { "content-type": "application/scim+json" }),
    };
    const payload = body === undefined ? null : JSON.stringify(body);
    const started = performance.now();
    const answer = await this.#pool.request({ method, path: `/scim/v2${path}`, headers, body: payload });
    const text = await answer.body.text();
    const ms = performance.now() - started;
    if (answer.statusCode >= 300)
      throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
    return { text, ms };
  }

  get(path: string): Promise<Timed> {
    return this.send("GET", path);
  }

  patch(path: string, ...operations: unknown[]): Promise<Timed> {
    return this.send("PATCH", path, {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: operations,
    });
  }

  /** Creates a user and returns the id. */
  async create(userName: string): Promise<Timed & { id: string }> {
    const created = await this.send("POST", "/Users", newUser(userName));
    return { ...created, id: (JSON.parse(created.text) as { id: string }).id };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** A user as Okta sends it. */
function newUser(userName: string) {
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName,
    name: { givenName: "Grace", familyName: "Newcomer" },
    emails: [{ primary: true, value: userName, type: "work" }],
    displayName: "Grace Newcomer",
    locale: "en-US",
    externalId: userName,
    groups: [],
    password: "1mz050nq",
    active: true,
  };
}
