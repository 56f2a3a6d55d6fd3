/**
 * A SCIM 2.0 service provider over an application's own users and groups (RFC 7643, RFC 7644, RFC 9865).
 *
 * This file has every route, and what happens around each operation: authenticate the caller, check the method, read the
 * body, open the caller's store, and answer with the result or with a SCIM error. The application implements backend.ts.
 * Imports nothing but Express and, for the definitions of RFC 7643, scimmy.
 */
import { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from "express";
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
import { errorBody, notFound, ScimError, toScimError } from "./errors.ts";
import { createGroup, deleteGroup, patchGroupById, readGroupById, replaceGroup } from "./groups.ts";
import { listGroups, listUsers, searchGroups, searchUsers } from "./lists.ts";
import { answerType } from "./media-types.ts";
import {
  type ScimCall,
  type ScimOperation,
  type ScimRequest,
  type ScimResponse,
  tidyPath,
} from "./operation.ts";
import { readParameters } from "./parameters.ts";
import { readBody } from "./read-body.ts";
import type { ScimSchemas } from "./schema.ts";
import { createUser, deleteUser, patchUserById, readUser, replaceUser } from "./users.ts";

export interface ScimRouterOptions<Caller> {
  /** The public URL that the router is mounted at, without a trailing slash: "https://app.example/scim/v2". */
  baseUrl: string;
  /** From defineSchemas(). */
  schemas: ScimSchemas;
  backend: ScimBackend<Caller>;
  /** Called for each call that is answered with an error, before the answer is sent: for the log. */
  onError?(error: unknown, answer: ScimError, request: Request): void;
  /** Called for each call once its answer was sent: for audits, metrics and inspection. It must not throw. */
  onExchange?(exchange: ScimExchange<Caller>): void;
}

/** One call and its answer. */
export interface ScimExchange<Caller> {
  /** Null if the caller could not be authenticated. */
  caller: Caller | null;
  request: Request;
  response: Response;
  /** The path below the base URL: "/Users/42". */
  path: string;
  /** The JSON of the answer; undefined if it has no body. */
  answer: unknown;
  /** Null if the call succeeded. */
  error: ScimError | null;
}

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

  const answer =
    (operation: ScimOperation): RequestHandler =>
    async (req, res) =>
      send(res, await operation(callOf(options, req, res), requestOf(req)));

  for (const [path, operations] of Object.entries(routes(backend))) {
    for (const [method, operation] of Object.entries(operations)) {
      const handlers = [...(hasBody(method) ? readBody : []), answer(operation)];
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

const errorOf = (backend: Pick<ScimBackend<never>, "toScimError">, error: unknown) =>
  toScimError(error, (other) => backend.toScimError?.(other) ?? null);

/** POST /Bulk: an error answers its own operation, not the call. */
const bulk =
  (backend: Pick<ScimBackend<never>, "toScimError">): ScimOperation =>
  (call, { body }) =>
    carryOutBulk(call, body, (error) => errorOf(backend, error));

/** The name of a call without its id: "PATCH /Users/{id}". */
export function operationName(method: string, path: string): string {
  return `${method} ${path.replace(/^(\/(?:Users|Groups))\/[^/.][^/]*$/, "$1/{id}")}`;
}

/** The token of a request, with or without the word Bearer; empty if there is none. */
export function tokenOf(req: Request): string {
  // Okta's "Header" mode sends the token without a scheme.
  return (req.get("authorization") ?? "").replace(/^bearer /i, "").trim();
}

/** Tidies the path. Runs first, so that the checks, the routes and the log see one spelling. */
const tidyUrl: RequestHandler = (req, _res, next) => {
  const [path = "", ...query] = req.url.split("?");
  const tidy = tidyPath(path);
  if (tidy !== path) req.url = [tidy, ...query].join("?");
  next();
};

function beginExchange<Caller>({ onExchange }: ScimRouterOptions<Caller>): RequestHandler {
  return (req, res, next) => {
    const exchange: ScimExchange<Caller> = {
      caller: null,
      request: req,
      response: res,
      path: req.path,
      answer: undefined,
      error: null,
    };
    res.locals.scim = exchange;
    if (onExchange) res.once("finish", () => onExchange(exchange));
    next();
  };
}

function exchangeOf<Caller>(res: Response): ScimExchange<Caller> {
  return res.locals.scim as ScimExchange<Caller>;
}

/** Runs before the body is parsed, so that no one without a token makes the server parse anything. */
function authenticate<Caller>(backend: ScimBackend<Caller>): RequestHandler {
  return async (req, res, next) => {
    const caller = await backend.authenticate(tokenOf(req));
    if (caller === null) {
      res.set("WWW-Authenticate", 'Bearer realm="scim"');
      throw new ScimError(
        401,
        null,
        "Authentication failed: the provisioning token is missing or not valid.",
      );
    }
    exchangeOf<Caller>(res).caller = caller;
    await backend.admit?.(caller);
    next();
  };
}

const checkParameters: RequestHandler = (req, _res, next) => {
  readParameters(req.query);
  next();
};

function callOf<Caller>(
  { backend, schemas, baseUrl }: ScimRouterOptions<Caller>,
  req: Request,
  res: Response,
): ScimCall {
  const { caller } = exchangeOf<Caller>(res);
  if (caller === null) throw new Error("the call was not authenticated");
  return { store: backend.openStore(caller, req), schemas: backend.schemasOf?.(caller) ?? schemas, baseUrl };
}

function requestOf(req: Request): ScimRequest {
  const id = String(req.params.id ?? "");
  if (id.includes("\0")) throw notFound("There is no such resource.");
  return {
    id,
    query: readParameters(req.query),
    body: req.body,
    ifMatch: req.get("if-match") ?? null,
    ifNoneMatch: req.get("if-none-match") ?? null,
  };
}

/** Refuses methods that a path does not have; OPTIONS is answered with those that it has. Express answers HEAD like GET. */
function notOffered(methods: readonly string[]): RequestHandler {
  const allowed = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return (req, res) => {
    res.set("Allow", allowed.join(", "));
    if (req.method !== "OPTIONS") throw new ScimError(405, null, `${req.method} is not offered here.`);
    res.status(204).end();
  };
}

function send(res: Response, { status, body, location, version }: ScimResponse): void {
  if (location !== undefined) res.set(status === 201 ? "Location" : "Content-Location", location);
  if (version !== undefined) res.set("ETag", version);
  if (body === undefined) res.status(status).end();
  else sendJson(res, status, body);
}

/**
 * Not by Express's `send`, which would make an entity tag of the bytes: the entity tags of SCIM are the versions of
 * resources, and a list has none (RFC 7644 §3.14).
 */
function sendJson(res: Response, status: number, body: unknown): void {
  exchangeOf(res).answer = body;
  const bytes = Buffer.from(JSON.stringify(body));
  res
    .status(status)
    .vary("Accept")
    .type(`${answerType(res.req.get("accept"))}; charset=utf-8`)
    .set("Content-Length", String(bytes.length))
    .end(bytes);
}

/** The last handler: every error is answered with a SCIM body. */
function answerError<Caller>({ backend, onError }: ScimRouterOptions<Caller>): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    const answer = errorOf(backend, error);
    exchangeOf(res).error = answer;
    onError?.(error, answer, req);
    if (res.headersSent) {
      next(error);
      return;
    }
    if (answer.retryAfter !== null) res.set("Retry-After", String(answer.retryAfter));
    sendJson(res, answer.status, errorBody(answer));
  };
}
