import assert from "node:assert/strict";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import type { Tenant } from "../../src/model.ts";
import { startTestApp, type TestApp } from "./app.ts";
import type { TestDatabase } from "./databases.ts";
import { createScimTenant, type ScimAnswer, type ScimClient, scimClient } from "./scim.ts";
import { sessionSecret } from "./site.ts";

export type ScimTenant = Awaited<ReturnType<typeof createScimTenant>>;

/** The application, for a suite of SCIM tests. */
export interface ScimSite {
  app: TestApp;
  /** Creates a tenant with a provisioning client: see createScimTenant(). */
  tenant(incompletePeople?: Tenant["incompletePeople"]): Promise<ScimTenant>;
  /** Creates a client of another of the tenant's provisioning sources. */
  otherSource(tenant: ScimTenant, name?: string): Promise<ScimClient>;
}

/** Defines the hooks. The returned function returns the site in a test. */
export function useScim(use: () => TestDatabase): () => ScimSite {
  let app: TestApp;
  before(async () => {
    app = await startTestApp(use().database, { sessionSecret });
  });
  after(async () => {
    await app.close();
  });
  return () => ({
    app,
    tenant: (incompletePeople) => createScimTenant(app, use().database, incompletePeople),
    async otherSource({ store }, name = "second") {
      const { token } = await createToken(store, name);
      return scimClient(app, token);
    },
  });
}

/** Asserts that a response is a SCIM error with this status, in the header and in the body. */
export function assertScimError(answer: ScimAnswer, status: number, scimType?: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/scim\+json/);
  const { schemas, detail, ...body } = answer.body;
  assert.deepEqual(schemas, ["urn:ietf:params:scim:api:messages:2.0:Error"]);
  assert.ok(typeof detail === "string" && detail !== "");
  assert.deepEqual(body, { status: String(status), ...(scimType ? { scimType } : {}) });
}
