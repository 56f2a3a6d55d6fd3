import { createToken } from "../../src/directory/provisioning-tokens.ts";
import type { Tenant } from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import type { TestApp } from "./app.ts";
import { createTestTenant, type TestTenant } from "./people.ts";

/** A response of the SCIM server. */
export interface ScimAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body; an empty object if there is none. */
  body: ScimBody;
}

/** A JSON body without types. A test that reads a missing value fails anyway. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of any shape.
export type ScimBody = Record<string, any>;

/** A provisioning client with a token, over a real socket. */
export class ScimClient {
  readonly #base: string;
  readonly authorization: string;

  constructor(base: string, authorization: string) {
    this.#base = base;
    this.authorization = authorization;
  }

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ScimAnswer> {
    const response = await fetch(this.#base + path, {
      method,
      headers: {
        accept: "application/scim+json",
        authorization: this.authorization,
        ...(body === undefined ? {} : { "content-type": "application/scim+json; charset=utf-8" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text === "" ? {} : JSON.parse(text),
    };
  }

  get(path: string, headers?: Record<string, string>): Promise<ScimAnswer> {
    return this.send("GET", path, undefined, headers);
  }

  /** The users that a filter finds. */
  find(filter: string): Promise<ScimAnswer> {
    return this.get(`/Users?filter=${encodeURIComponent(filter)}&startIndex=1&count=100`);
  }

  patch(path: string, ...operations: unknown[]): Promise<ScimAnswer> {
    return this.send("PATCH", path, {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: operations,
    });
  }
}

/**
 * Creates a tenant with a provisioning client. It accepts people without names, so that a test sends no more than it is
 * about; `incompletePeople: "refuse"` is a new tenant's own setting.
 */
export async function createScimTenant(
  app: TestApp,
  database: Database,
  incompletePeople: Tenant["incompletePeople"] = "accept",
): Promise<TestTenant & { client: ScimClient; token: string }> {
  const tenant = await createTestTenant(database);
  await tenant.store.settings.change({ incompletePeople });
  const { token } = await createToken(tenant.store);
  return { ...tenant, token, client: scimClient(app, token) };
}

export function scimClient(app: TestApp, token: string): ScimClient {
  return new ScimClient(`${app.url.replace("localhost", "127.0.0.1")}/scim/v2`, `Bearer ${token}`);
}

/** A body for POST /Users, as Okta sends it. */
export function oktaUser(userName: string, more: Record<string, unknown> = {}) {
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName,
    name: { givenName: "Test", familyName: "User" },
    emails: [{ primary: true, value: userName, type: "work" }],
    displayName: "Test User",
    locale: "en-US",
    groups: [],
    password: "1mz050nq",
    active: true,
    ...more,
  };
}
