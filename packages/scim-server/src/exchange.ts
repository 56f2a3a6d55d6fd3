/**
 * One call over HTTP, in the order of its steps: tidy the path, authenticate the caller, read the parameters and the body,
 * run the operation, and send its answer, or the error in a SCIM body. Operations share the rules about reserved names,
 * parameters and versions (entity tags), because Bulk and .search carry them inside a body. Nothing here knows users or
 * groups.
 */
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from "express";
import type { ScimBackend } from "./backend.ts";
import { badRequest, errorBody, notFound, ScimError, toScimError } from "./errors.ts";
import type { ScimCall, ScimOperation, ScimRequest, ScimResponse } from "./operation.ts";
import type { ScimSchemas } from "./schema.ts";

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

/** The name of a call without its id: "PATCH /Users/{id}". */
export function operationName(method: string, path: string): string {
  return `${method} ${path.replace(/^(\/(?:Users|Groups))\/[^/.][^/]*$/, "$1/{id}")}`;
}

/** The token of a request, with or without the word Bearer; empty if there is none. */
export function tokenOf(req: Request): string {
  // Okta's "Header" mode sends the token without a scheme.
  return (req.get("authorization") ?? "").replace(/^bearer /i, "").trim();
}

/**
 * A path without doubled slashes, which clients make of a base URL that ends with one, and without one at its end: "//Users"
 * and "/Users/" are "/Users".
 */
export function tidyPath(path: string): string {
  return path.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "");
}

/** Tidies the path. Runs first, so that the checks, the routes and the log see one spelling. */
export const tidyUrl: RequestHandler = (req, _res, next) => {
  const [path = "", ...query] = req.url.split("?");
  const tidy = tidyPath(path);
  if (tidy !== path) req.url = [tidy, ...query].join("?");
  next();
};

/** Keeps the exchange at the response, for the steps after this one and for `onExchange`. */
export function beginExchange<Caller>({ onExchange }: ScimRouterOptions<Caller>): RequestHandler {
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
export function authenticate<Caller>(backend: ScimBackend<Caller>): RequestHandler {
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

/** Names that reach an object's prototype in JavaScript. No protocol has an attribute with such a name. */
const reserved = new Set(["__proto__", "constructor", "prototype"]);

/** Whether a name is one of these, in any case. */
export function isReservedName(name: string): boolean {
  return reserved.has(name.toLowerCase());
}

/** The parameters of a list or of an answer, in a query or in a SearchRequest (RFC 7644 §3.4.3, RFC 9865 §2). */
const parameters: readonly string[] = [
  "schemas",
  "attributes",
  "excludedAttributes",
  "filter",
  "sortBy",
  "sortOrder",
  "startIndex",
  "count",
  "cursor",
];

/**
 * The parameters of a request, as RFC 7644 spells them. A request may spell them in any case: a look-up whose "Filter" were
 * ignored would find everyone. Throws badRequest for a parameter in two spellings, for one with a reserved name, and for one
 * that names such an attribute.
 */
export function readParameters(sent: Record<string, unknown>): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const [spelled, value] of Object.entries(sent)) {
    if (holdsReserved(spelled)) throw badRequest("invalidValue", "A parameter has a name that is reserved.");
    const name = parameters.find((one) => one.toLowerCase() === spelled.toLowerCase()) ?? spelled;
    if (Object.hasOwn(read, name)) throw badRequest("invalidValue", `${name} is there more than once.`);
    read[name] = value;
    if (["attributes", "excludedAttributes", "sortBy"].includes(name) && holdsReserved(String(value)))
      throw badRequest("invalidValue", `${name} holds a name that is reserved.`);
  }
  return read;
}

/** Whether one of the names in a path or a list of paths is reserved. */
function holdsReserved(text: string): boolean {
  return text.split(/\W+/).some(isReservedName);
}

/** Refuses unreadable parameters before the body is read. */
export const checkParameters: RequestHandler = (req, _res, next) => {
  readParameters(req.query);
  next();
};

/** The media types of SCIM (RFC 7644 §3.1). The first one is the default. */
const mediaTypes = ["application/scim+json", "application/json"] as const;

type ScimMediaType = (typeof mediaTypes)[number];

/** Spellings of UTF-8, and ASCII, which is a part of it. */
const charsets = ["utf-8", "utf8", "us-ascii", ""];

/**
 * Throws 415 for a body that is not announced as SCIM, JSON or nothing in UTF-8. A client that says nothing means JSON: this
 * server reads nothing else. Parameters other than `charset` do not matter.
 */
function checkContentType(header: string | undefined): void {
  const [type = "", ...parameters] = (header ?? "").toLowerCase().split(/[;,]/);
  if (type.trim() !== "" && !mediaTypes.some((known) => known === type.trim()))
    throw new ScimError(415, null, `Send ${mediaTypes.join(" or ")}.`);
  for (const parameter of parameters) {
    const [, charset] = /^\s*charset\s*=\s*["']?([^"']*?)["']?\s*$/.exec(parameter) ?? [];
    if (charset !== undefined && !charsets.includes(charset))
      throw new ScimError(415, null, "The body's character set is not supported: send UTF-8.");
  }
}

/**
 * The type of an answer, by the Accept header. `application/json` only if the client prefers it; a client that accepts
 * neither gets the default, which says more than 406 (RFC 9110 §12.5.1).
 */
function answerType(accept: string | undefined): ScimMediaType {
  const ranges = (accept ?? "").toLowerCase().split(",").map(readRange);
  const [best = mediaTypes[0]] = mediaTypes
    .map((type) => ({ type, ...weightOf(type, ranges) }))
    .filter(({ quality }) => quality > 0)
    .sort(
      (one, other) =>
        other.quality - one.quality || other.precision - one.precision || one.place - other.place,
    )
    .map(({ type }) => type);
  return best;
}

interface MediaRange {
  range: string;
  quality: number;
}

function readRange(text: string): MediaRange {
  const [range = "", ...parameters] = text.split(";").map((part) => part.trim());
  const [quality] = parameters.flatMap((parameter) => /^q\s*=\s*(\d(?:\.\d*)?)$/.exec(parameter)?.[1] ?? []);
  return { range, quality: quality === undefined ? 1 : Number(quality) };
}

/** The most precise range that a type is in; among equal ones, the client's first choice counts. */
function weightOf(type: ScimMediaType, ranges: readonly MediaRange[]) {
  const precise = [type, "application/*", "*/*"];
  for (const [index, wanted] of precise.entries()) {
    const place = ranges.findIndex(({ range }) => range === wanted);
    const found = ranges[place];
    if (found) return { quality: found.quality, precision: precise.length - index, place };
  }
  return { quality: 0, precision: 0, place: 0 };
}

/** Of the body as it is after decompression. */
const readBytes = express.raw({ type: () => true, limit: "10mb" });

/** Refuses a body by its announced type before the first byte of it is read. */
const checkType: RequestHandler = (req, _res, next) => {
  const hasBody = Number(req.get("content-length") ?? 0) > 0 || req.get("transfer-encoding") !== undefined;
  if (hasBody) checkContentType(req.get("content-type"));
  next();
};

const parseBytes: RequestHandler = (req, _res, next) => {
  const bytes: unknown = req.body;
  // The log and the inspector see a parsed body or none.
  req.body = undefined;
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) {
    throw badRequest("invalidSyntax", "The request has no body. Send a JSON object.");
  }
  const body = parseJson(bytes);
  checkBody(body);
  req.body = body;
  next();
};

/**
 * Reads the JSON body of a request, for routes that need one. The check of the method comes first: a request is not refused
 * for a body that its route would ignore.
 */
export const readBody: RequestHandler[] = [checkType, readBytes, parseBytes];

/** RFC 8259 §8.1: JSON is UTF-8; a byte order mark may be ignored. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw badRequest("invalidSyntax", "The body is not valid JSON in UTF-8.");
  }
}

/** Deeper than any SCIM body, even a PATCH inside a Bulk request, and far from exhausting the stack. */
const maxDepth = 32;

/**
 * Refuses a body with a reserved property name, with a NUL character (PostgreSQL cannot store it) or with too many levels.
 * Runs before any other code reads the body. Throws badRequest.
 */
export function checkBody(body: unknown): void {
  const waiting: [unknown, number][] = [[body, 1]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [value, depth] = next;
    if (typeof value === "string" && value.includes("\0")) {
      throw badRequest("invalidValue", "A value contains the NUL character, which cannot be stored.");
    }
    if (typeof value !== "object" || value === null) continue;
    if (depth > maxDepth) throw badRequest("invalidSyntax", "The body is nested too deeply.");
    for (const [name, inner] of Object.entries(value)) {
      if (isReservedName(name))
        throw badRequest("invalidSyntax", "An attribute has a name that is reserved.");
      waiting.push([inner, depth + 1]);
    }
  }
}

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

/** Carries out an operation on the caller's store. */
export function answerBy<Caller>(
  options: ScimRouterOptions<Caller>,
  operation: ScimOperation,
): RequestHandler {
  return async (req, res) => send(res, await operation(callOf(options, req, res), requestOf(req)));
}

/** Refuses methods that a path does not have; OPTIONS is answered with those that it has. Express answers HEAD like GET. */
export function notOffered(methods: readonly string[]): RequestHandler {
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
export function answerError<Caller>({ backend, onError }: ScimRouterOptions<Caller>): ErrorRequestHandler {
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

/** The error answer to anything that was thrown, also by the application (ScimBackend.toScimError). */
export const errorOf = (backend: Pick<ScimBackend<never>, "toScimError">, error: unknown) =>
  toScimError(error, (other) => backend.toScimError?.(other) ?? null);

/** The weak entity tag of a version (RFC 7644 §3.14). */
export function versionTag(version: number): string {
  return `W/"${version}"`;
}

/** Throws 412 if the client wants to change another version than the current one (RFC 7644 §3.14, RFC 9110 §13.1.1). */
export function checkIfMatch({ ifMatch }: { ifMatch: string | null }, version: number): void {
  if (ifMatch === null || ifMatch.trim() === "*") return;
  if (!tagsIn(ifMatch).includes(versionTag(version))) {
    throw new ScimError(412, null, `The resource has changed since: its version is ${versionTag(version)}.`);
  }
}

/** Whether the client has this version already: then the answer is 304. */
export function isKnownVersion({ ifNoneMatch }: { ifNoneMatch: string | null }, version: number): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.trim() === "*" || tagsIn(ifNoneMatch).includes(versionTag(version));
}

/** Tags compare weakly: a proxy may have made a strong tag of the weak one. */
function tagsIn(header: string): string[] {
  return header.split(",").map((tag) => tag.trim().replace(/^(W\/)?"/, 'W/"'));
}
