/** The part of the product's API that is the same for every product: a list of operations becomes routes. */
import { createHash } from "node:crypto";
import { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from "express";
import { isApiPath, paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import type { StoredAnswer } from "../store/tenant/idempotency.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { actAsSignedIn, actingOf, type ResourceGuard, resourceGuard } from "./access-tokens.ts";
import { describeApi } from "./api-description.ts";
import { jsonBody, jsonIfAny, validBody, validQuery } from "./api-input.ts";
import type { ApiAnswer, ApiOperation, ApiRouter } from "./api-operation.ts";
import { atMostOnce } from "./idempotency.ts";
import { requireEntitlement } from "./permissions.ts";
import { answerProblem, type ProblemDetails, ProblemError, problemOf } from "./problems.ts";

/**
 * The routes of the product's API. Mount `agents` before the same-origin check, and `people` behind the session: an agent
 * sends an access token and nothing that a browser sends, and a signed-in browser may change something only from our own
 * pages. A request with an access token never uses the session. Mount `errors` at the end.
 */
export function apiRoutes(
  { database, baseUrl }: { database: Database; baseUrl: string },
  operations: readonly ApiOperation[],
  routers: readonly ApiRouter[] = [],
): { agents: Router; people: Router; errors: ErrorRequestHandler } {
  const guard = resourceGuard(database, baseUrl, paths.api);
  const agents = Router();
  const description = describeApi(baseUrl, operations);
  agents.get(paths.apiDescription, (_req, res) => {
    res.set("Cache-Control", "public, max-age=300").json(description);
  });
  agents.use(paths.api, answerMethods(operations));
  agents.use(paths.api, (req, res, next) => {
    // A browser without an access token: its session decides, behind the same-origin check.
    if (!req.get("authorization") && req.headers.cookie) return next("router");
    return guard.authenticate(req, res, next);
  });
  const api: Api = {
    ...{ database, guard, operations },
    routers: routers.map((one) => ({ ...one, router: one.routes({ database }) })),
  };
  addRoutes(agents, api);

  const people = Router();
  people.use(paths.api, actAsSignedIn, (req, res, next) =>
    req.acting ? next() : guard.authenticate(req, res, next),
  );
  addRoutes(people, api);
  return { agents, people, errors: answerErrors };
}

/** Answers OPTIONS, and refuses methods that a path does not have, for everyone alike (RFC 9110 §9.3.7, §15.5.6). */
function answerMethods(operations: readonly ApiOperation[]): RequestHandler {
  const known = [...new Set(operations.map(({ path }) => path))].map((path) => {
    const here = operations.filter((one) => one.path === path);
    const methods = here.flatMap(({ method }) =>
      method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()],
    );
    const headers: Record<string, string> = { Allow: [...methods, "OPTIONS"].join(", ") };
    const types = (method: string) => here.find((one) => one.method === method)?.body?.types.join(", ");
    const [patch, post] = [types("patch"), types("post")];
    if (patch) headers["Accept-Patch"] = patch;
    if (post) headers["Accept-Post"] = post;
    return { pattern: patternOf(path), methods, headers };
  });
  const ofDescription = { Allow: "GET, HEAD, OPTIONS" };
  const descriptionPath = paths.apiDescription.slice(paths.api.length);
  known.push({ pattern: patternOf(descriptionPath), methods: ["GET", "HEAD"], headers: ofDescription });
  return (req, res, next) => {
    const found = known.find(({ pattern }) => pattern.test(req.path));
    if (!found || found.methods.includes(req.method)) return next();
    res.set(found.headers);
    if (req.method === "OPTIONS") return void res.status(204).end();
    answerProblem(req, res, { status: 405, detail: `This path has no method ${req.method}.` });
  };
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}/?$`, "i");
}

interface Api {
  database: Database;
  guard: ResourceGuard;
  operations: readonly ApiOperation[];
  routers: readonly (ApiRouter & { router: Router })[];
}

function addRoutes(router: Router, { database, guard, operations, routers }: Api): void {
  for (const operation of operations) {
    const path = paths.api + operation.path.replace(/\{(\w+)\}/g, ":$1");
    router[operation.method](
      path,
      guard.requireScope(operation.scope),
      ...(operation.entitlement ? [requireEntitlement(operation.entitlement)] : []),
      ...(operation.body ? [jsonBody(operation.body.types)] : []),
      (req, res) => run(operation, database, req, res),
    );
  }
  for (const { path, scopes, router: own } of routers) {
    const [read, write] = [guard.requireScope(scopes.read), guard.requireScope(scopes.write)];
    router.use(
      paths.api + path,
      (req, res, next) => (["GET", "HEAD"].includes(req.method) ? read : write)(req, res, next),
      jsonIfAny,
      (_req, res, next) => {
        res.set("Cache-Control", "no-store");
        next();
      },
      own,
    );
  }
  router.use(paths.api, () => {
    throw new NotFoundError("There is no such resource.");
  });
}

async function run(operation: ApiOperation, database: Database, req: Request, res: Response): Promise<void> {
  const acting = actingOf(req);
  const store = forTenant(database, acting.tenant.id);
  const call = {
    acting,
    requestId: req.id,
    params: req.params as Record<string, string>,
    query: operation.query && validQuery(req, operation.query),
    body: operation.body && validBody(req, operation.body.schema),
    requireMatch: matcher(operation, req),
  };
  const work = async (inside: TenantStore) =>
    toStored(operation, await operation.handle({ ...call, store: inside }));
  const answer = await (operation.method === "get" ? work(store) : changed(operation, req, store, work));
  const { status, headers, body } = answer;
  const isRead = operation.method === "get";
  if (isRead) headers.ETag ??= weakTag(body);
  res.set({ ...headers, "Cache-Control": isRead ? "private, no-cache" : "no-store" });
  // Not by Express, which never answers 304 to fetch(): that adds Cache-Control: no-cache to each conditional request.
  const known = req.get("if-none-match");
  const isKnown =
    known?.trim() === "*" || tagsIn(known).some((tag) => opaque(tag) === opaque(headers.ETag ?? ""));
  if (isRead && isKnown) return void res.status(304).end();
  // Not send(), which would add an ETag to other answers.
  res.status(status).type("application/json").end(body);
}

/** For a list, which has no version: the same bytes have the same tag (RFC 9110 §8.8.1). */
function weakTag(body: string): string {
  return `W/"${createHash("sha256").update(body).digest("base64url")}"`;
}

/** The tag for the weak comparison (RFC 9110 §8.8.3.2). */
const opaque = (tag: string) => tag.replace("W/", "");

/** The entity tags of a header (RFC 9110 §8.8.3). */
function tagsIn(header: string | undefined): string[] {
  return header?.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

/** A PATCH needs no key: with If-Match, it cannot happen twice. */
function changed(
  { method }: ApiOperation,
  req: Request,
  store: TenantStore,
  work: (inside: TenantStore) => Promise<StoredAnswer>,
): Promise<StoredAnswer> {
  return method === "post" ? atMostOnce(req, store, work) : store.transaction(work);
}

function toStored({ path, answer }: ApiOperation, { body, etag, location, next }: ApiAnswer): StoredAnswer {
  const headers: Record<string, string> = {};
  if (etag) headers.ETag = `"${etag}"`;
  if (location) headers.Location = paths.api + location;
  if (next) headers.Link = `<${paths.api}${path}?${new URLSearchParams(next)}>; rel="next"`;
  return { status: answer.status, headers, body: JSON.stringify(body) };
}

/**
 * Compares If-Match strongly (RFC 9110 §13.1.1). `*` matches any state. Throws ProblemError (428, RFC 6585 §3) without the
 * header, if the operation needs it.
 */
function matcher({ method, hasEtag }: ApiOperation, req: Request): (etag: string) => void {
  const header = req.get("if-match");
  if (header === undefined && hasEtag && method === "patch")
    throw new ProblemError(428, "Send the ETag that you read in If-Match, or * to change any version.");
  const tags = tagsIn(header);
  return (etag) => {
    if (header === undefined || header.trim() === "*" || tags.includes(`"${etag}"`)) return;
    throw new ProblemError(412, "The resource has changed since you read it. Read it again.");
  };
}

/** Turns errors of requests to APIs into problems, and logs the reason: an API path never answers with a page. */
const answerErrors: ErrorRequestHandler = (error: unknown, req, res, next) => {
  if (!isApiPath(req.path) || res.headersSent) return next(error);
  const problem: ProblemDetails | null = problemOf(error);
  if (!problem || problem.status >= 500) req.log.error({ err: error }, "request.failed");
  else req.log.info({ reason: problem.detail, status: problem.status }, "request.refused");
  answerProblem(req, res, problem ?? { status: 500, detail: "Something went wrong on our side." });
};
