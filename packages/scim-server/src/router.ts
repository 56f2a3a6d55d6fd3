/**
 * A SCIM 2.0 service provider over an application's own users and groups (RFC 7643, RFC 7644, RFC 9865).
 *
 * This file has every route, and what happens around each operation: authenticate the caller before the body is parsed,
 * check the body, open the caller's store, and answer with the result or with a SCIM error. The application implements
 * backend.ts. Imports nothing but Express and, for the definitions of RFC 7643, scimmy.
 */
import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from "express";
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
import { checkBody, checkQuery } from "./input.ts";
import { listGroups, listUsers, searchGroups, searchUsers } from "./lists.ts";
import type { ScimCall, ScimOperation, ScimRequest, ScimResponse } from "./operation.ts";
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

const mediaType = "application/scim+json";
/** Okta sends both types; all others are refused before the body is read. */
const acceptedTypes = [mediaType, "application/json"];
const bodyLimit = "10mb";

export function scimRouter<Caller>(options: ScimRouterOptions<Caller>): Router {
  const { backend } = options;
  // RFC 3986 §6.2.2.1: paths distinguish case.
  const router = Router({ caseSensitive: true });
  router.use(beginExchange(options));
  router.use(authenticate(backend));
  router.use(requireScimBody);
  router.use(express.json({ type: acceptedTypes, limit: bodyLimit }));
  router.use(checkNames);

  const answer =
    (operation: ScimOperation): RequestHandler =>
    async (req, res) =>
      send(res, await operation(callOf(options, req, res), requestOf(req)));

  router.get("/Users", answer(listUsers));
  router.post("/Users", answer(createUser));
  router.post("/Users/.search", answer(searchUsers));
  router.all("/Users/.search", notOffered("POST"));
  router.get("/Users/:id", answer(readUser));
  router.put("/Users/:id", answer(replaceUser));
  router.patch("/Users/:id", answer(patchUserById));
  router.delete("/Users/:id", answer(deleteUser));
  router.all("/Users", notOffered("GET, HEAD, POST"));
  router.all("/Users/:id", notOffered("GET, HEAD, PUT, PATCH, DELETE"));

  router.get("/Groups", answer(listGroups));
  router.post("/Groups", answer(createGroup));
  router.post("/Groups/.search", answer(searchGroups));
  router.all("/Groups/.search", notOffered("POST"));
  router.get("/Groups/:id", answer(readGroupById));
  router.put("/Groups/:id", answer(replaceGroup));
  router.patch("/Groups/:id", answer(patchGroupById));
  router.delete("/Groups/:id", answer(deleteGroup));
  router.all("/Groups", notOffered("GET, HEAD, POST"));
  router.all("/Groups/:id", notOffered("GET, HEAD, PUT, PATCH, DELETE"));

  router.post("/Bulk", answer(bulk(backend)));
  router.all("/Bulk", notOffered("POST"));

  router.get("/ServiceProviderConfig", answer(serviceProviderConfig));
  router.get("/ResourceTypes", answer(listResourceTypes));
  router.get("/ResourceTypes/:id", answer(readResourceType));
  router.get("/Schemas", answer(listSchemas));
  router.get("/Schemas/:id", answer(readSchema));
  router.get("/Roles", answer(listAssignable("Roles")));
  router.get("/Roles/:id", answer(readAssignable("Roles")));
  router.get("/Entitlements", answer(listAssignable("Entitlements")));
  router.get("/Entitlements/:id", answer(readAssignable("Entitlements")));
  for (const path of readOnlyPaths) router.all(path, notOffered("GET, HEAD"));

  router.all("/Me", () => {
    throw new ScimError(501, null, "/Me is not supported: a provisioning token is not a user.");
  });
  router.use(() => {
    throw notFound("There is no such endpoint.");
  });
  router.use(answerError(options));
  return router;
}

const readOnlyPaths = [
  "/ServiceProviderConfig",
  ...["ResourceTypes", "Schemas", "Roles", "Entitlements"].flatMap((list) => [`/${list}`, `/${list}/:id`]),
];

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

const requireScimBody: RequestHandler = (req, _res, next) => {
  const hasBody = Number(req.get("content-length") ?? 0) > 0 || req.get("transfer-encoding") !== undefined;
  if (hasBody && !req.is(acceptedTypes))
    throw new ScimError(415, null, `Send ${mediaType} or application/json.`);
  next();
};

const checkNames: RequestHandler = (req, _res, next) => {
  checkQuery(req.query);
  checkBody(req.body);
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
    query: req.query,
    body: req.body,
    ifMatch: req.get("if-match") ?? null,
    ifNoneMatch: req.get("if-none-match") ?? null,
  };
}

/** Refuses methods that a path does not have; OPTIONS is answered with those that it has. */
function notOffered(methods: string): RequestHandler {
  return (req, res) => {
    res.set("Allow", methods);
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
    .set({ "Content-Type": `${mediaType}; charset=utf-8`, "Content-Length": String(bytes.length) })
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
