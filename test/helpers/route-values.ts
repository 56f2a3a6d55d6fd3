import assert from "node:assert/strict";
import { connectionTypes } from "../../src/sign-in-protocols.ts";
import type { TenantA } from "./isolation.ts";
import type { Route } from "./routes.ts";

/** Values of tenant A for the parameters of routes. Add an entry for a new parameter. */
const ofTenantA: Record<string, (a: TenantA) => string> = {
  connection: (a) => a.connectionId,
  domain: (a) => a.domain,
  user: (a) => a.userId,
  group: (a) => a.groupId,
  token: (a) => a.tokenId,
  grant: (a) => a.grantId,
  webhook: (a) => a.webhookId,
  source: (a) => a.sourceId,
  tombstone: (a) => a.tombstoneId,
  test: (a) => a.testId,
  agent: (a) => a.clientId,
  apiKey: (a) => a.apiKeyId,
  message: () => "1",
  flow: () => "1",
};

/** Values of tenant A for `:id`, by the collection. */
const idIn: Record<string, (a: TenantA) => string> = {
  Users: (a) => a.userId,
  Groups: (a) => a.groupId,
  tasks: (a) => a.taskId, // sample domain
};

/** Values that no tenant owns, for the parameters of routes that anyone may ask. */
const ofNoTenant: Record<string, string> = {
  "/guides/okta/images/:picture": "/guides/okta/images/none.svg",
  "/scim/v2/ResourceTypes/:id": "/scim/v2/ResourceTypes/User",
  "/scim/v2/Schemas/:id": "/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User",
  "/scim/v2/Roles/:id": "/scim/v2/Roles/member",
  "/scim/v2/Entitlements/:id": "/scim/v2/Entitlements/none",
};

/** Folders whose routes anyone may ask. */
const publicFolders: string[] = [
  "login",
  "setup",
  ...connectionTypes,
  "shared-signals",
  ".well-known",
  "forward-auth",
];

/** The path of a route of the console, with tenant A's values. */
export function pathIn({ path }: Pick<Route, "path">, a: TenantA): string {
  return path.replace(/:(\w+)/g, (_, name: string) => {
    const value = ofTenantA[name];
    assert.ok(value, `add a value of tenant A for :${name} in ${path}`);
    return encodeURIComponent(value(a));
  });
}

/** The path of any route with tenant A's values, and whether it has one. */
export function pathOfAny(route: Pick<Route, "path">, a: TenantA): { path: string; isOfTenant: boolean } {
  const known = ofNoTenant[route.path];
  if (known !== undefined) return { path: known, isOfTenant: false };
  const [, folder = ""] = /^\/([^/]+)\//.exec(route.path) ?? [];
  if (publicFolders.includes(folder)) return { path: route.path.replace(/:\w+/g, "x"), isOfTenant: false };
  const [, collection = "", rest = ""] = /\/(\w+)\/:id(\/.*)?$/.exec(route.path) ?? [];
  const value = idIn[collection];
  if (value)
    return {
      path: route.path.replace(/:id(\/.*)?$/, `${encodeURIComponent(value(a))}${rest}`),
      isOfTenant: true,
    };
  // Each tenant numbers its own messages and flows.
  return { path: pathIn(route, a), isOfTenant: /:(?!message|flow)/.test(route.path) };
}
