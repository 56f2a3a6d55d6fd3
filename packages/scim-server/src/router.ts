/**
 * A SCIM 2.0 service provider over an application's own users and groups (RFC 7643, RFC 7644, RFC 9865).
 *
 * This file has every route; exchange.ts has what happens around each operation. The application implements backend.ts.
 * Imports nothing but Express and, for the definitions of RFC 7643, scimmy.
 */
import { Router } from "express";
import { listAssignable, readAssignable } from "./assignable.ts";
import type { ScimBackend } from "./backend.ts";
import { carryOutBulk } from "./bulk.ts";
import {
  listResourceTypes,
  listSchemas,
  readResourceType,
  readSchema,
  serviceProviderConfig,
} from "./discovery.ts";
import { notFound, ScimError } from "./errors.ts";
import {
  answerBy,
  answerError,
  authenticate,
  beginExchange,
  checkParameters,
  errorOf,
  notOffered,
  readBody,
  type ScimRouterOptions,
  tidyUrl,
} from "./exchange.ts";
import { createGroup, deleteGroup, patchGroupById, readGroupById, replaceGroup } from "./groups.ts";
import { listGroups, listUsers, searchGroups, searchUsers } from "./lists.ts";
import type { ScimOperation } from "./operation.ts";
import { patchUserById, replaceUser } from "./user-changes.ts";
import { createUser, deleteUser, readUser } from "./users.ts";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The operations of each path, by method. */
function routes(backend: Pick<ScimBackend<never>, "toScimError">) {
  const readOnly = (operation: ScimOperation) => ({ GET: operation });
  return {
    "/Users": { GET: listUsers, POST: createUser },
    "/Users/.search": { POST: searchUsers },
    "/Users/:id": { GET: readUser, PUT: replaceUser, PATCH: patchUserById, DELETE: deleteUser },
    "/Groups": { GET: listGroups, POST: createGroup },
    "/Groups/.search": { POST: searchGroups },
    "/Groups/:id": { GET: readGroupById, PUT: replaceGroup, PATCH: patchGroupById, DELETE: deleteGroup },
    "/Bulk": { POST: bulk(backend) },
    "/ServiceProviderConfig": readOnly(serviceProviderConfig),
    "/ResourceTypes": readOnly(listResourceTypes),
    "/ResourceTypes/:id": readOnly(readResourceType),
    "/Schemas": readOnly(listSchemas),
    "/Schemas/:id": readOnly(readSchema),
    "/Roles": readOnly(listAssignable("Roles")),
    "/Roles/:id": readOnly(readAssignable("Roles")),
    "/Entitlements": readOnly(listAssignable("Entitlements")),
    "/Entitlements/:id": readOnly(readAssignable("Entitlements")),
  } satisfies Record<string, Partial<Record<Method, ScimOperation>>>;
}

export function scimRouter<Caller>(options: ScimRouterOptions<Caller>): Router {
  const { backend } = options;
  // RFC 3986 §6.2.2.1: paths distinguish case.
  const router = Router({ caseSensitive: true });
  router.use(tidyUrl);
  router.use(beginExchange(options));
  router.use(authenticate(backend));
  router.use(checkParameters);

  for (const [path, operations] of Object.entries(routes(backend))) {
    for (const [method, operation] of Object.entries(operations)) {
      const handlers = [...(hasBody(method) ? readBody : []), answerBy(options, operation)];
      router[method.toLowerCase() as Lowercase<Method>](path, ...handlers);
    }
    // Before the body is read: its type and its size do not matter to a method that is not offered.
    router.all(path, notOffered(Object.keys(operations)));
  }
  router.all("/Me", () => {
    throw new ScimError(501, null, "/Me is not supported: a provisioning token is not a user.");
  });
  router.use(() => {
    throw notFound("There is no such endpoint.");
  });
  router.use(answerError(options));
  return router;
}

/** Whether a method has a body that means something (RFC 9110 §9.3). The body of another one is not read. */
function hasBody(method: string): boolean {
  return ["POST", "PUT", "PATCH"].includes(method);
}

/** POST /Bulk: an error answers its own operation, not the call. */
const bulk =
  (backend: Pick<ScimBackend<never>, "toScimError">): ScimOperation =>
  (call, { body }) =>
    carryOutBulk(call, body, (error) => errorOf(backend, error));
