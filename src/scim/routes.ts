/**
 * SCIM 2.0, where this application is the SCIM service provider (RFC 7643, RFC 7644, RFC 9865).
 *
 * Owns: /scim/v2 and everything below: who calls (authentication.ts), what is read from a request and written to an
 * answer (this file), users, groups, roles and entitlements, filters, paging and PATCH. One base URL serves all tenants:
 * the token says whose it is. scimmy gives the schemas' definitions; the rest is ours (docs/decisions). May import: the
 * ground floor, directory and store.
 */
import express, { type Request, type Response, Router } from "express";
import type { PasswordHasher } from "../directory/password-hash.ts";
import { problemRecorder } from "../directory/provisioning-problems.ts";
import { paths } from "../endpoints.ts";
import type { Recorder } from "../recording.ts";
import type { Database } from "../store/database.ts";
import { forTenant } from "../store/tenant-store.ts";
import { authentication, rateLimit } from "./authentication.ts";
import { bulk } from "./bulk.ts";
import type { ScimAnswer, ScimContext, ScimRequest } from "./context.ts";
import { resourceTypes, schemas, serviceProviderConfig } from "./discovery.ts";
import { scimErrors, toScimError } from "./error-answers.ts";
import { mediaType, ScimError, sendScim } from "./errors.ts";
import { type ListRequest, listGroups, listUsers, readSearch } from "./lists.ts";
import { recording } from "./recording.ts";
import { checkBody, checkQuery } from "./reserved-names.ts";
import { perform } from "./resources.ts";
import { listAssignable, readAssignable } from "./roles.ts";

export interface ScimDeps {
  database: Database;
  /** Public origin. */
  baseUrl: string;
  passwords: PasswordHasher;
  /** How often one token may call; generous by default. */
  requestsPerMinute?: number;
  recorder: Recorder;
}

const bodyLimit = "10mb";

export function scimRoutes({ requestsPerMinute = 60_000, ...deps }: ScimDeps): Router {
  const { database, baseUrl, recorder } = deps;
  // RFC 3986 §6.2.2.1: paths distinguish case, and so does perform().
  const router = Router({ caseSensitive: true });
  const shared = { database, passwords: deps.passwords, baseUrl: baseUrl + paths.scim };
  const problems = problemRecorder(database);
  router.use(authentication(database, problems));
  router.use(recording(recorder));
  router.use(rateLimit(requestsPerMinute));
  router.use(requireScimBody);
  router.use(express.json({ type: acceptedTypes, limit: bodyLimit }));
  router.use((req, _res, next) => {
    checkQuery(req.query);
    checkBody(req.body);
    next();
  });

  const offered = new Map<string, string>();
  const route = (
    method: "get" | "post",
    path: string,
    answer: (context: ScimContext, req: Request) => Promise<ScimAnswer> | ScimAnswer,
  ) => {
    offered.set(path, method.toUpperCase());
    router[method](path, async (req, res) => send(res, await answer(contextOf(shared, req), req)));
  };

  route("get", "/ServiceProviderConfig", serviceProviderConfig);
  route("get", "/ResourceTypes", (context) => resourceTypes(context, null));
  route("get", "/ResourceTypes/:id", (context, req) => resourceTypes(context, String(req.params.id)));
  route("get", "/Schemas", (context) => schemas(context, null));
  route("get", "/Schemas/:id", (context, req) => schemas(context, String(req.params.id)));
  for (const list of ["Roles", "Entitlements"] as const) {
    route("get", `/${list}`, (context, req) => listAssignable(context, list, req.query));
    route("get", `/${list}/:id`, (context, req) => readAssignable(context, list, String(req.params.id)));
  }

  const lists = { Users: listUsers, Groups: listGroups };
  for (const [name, list] of Object.entries(lists)) {
    const answer = (context: ScimContext, request: ListRequest) => list(context, request);
    route("get", `/${name}`, (context, req) => answer(context, req.query));
    route("post", `/${name}/.search`, (context, req) => answer(context, readSearch(req.body)));
  }
  route("post", "/Bulk", (context, req) =>
    bulk(context, req.body, (method, path, request) => perform(context, method, path, request), toScimError),
  );
  router.all("/Me", () => {
    throw new ScimError(501, null, "/Me is not supported: a provisioning token is no user.");
  });
  for (const name of Object.keys(lists)) {
    offered.set(`/${name}`, "GET, POST").set(`/${name}/:id`, "GET, PUT, PATCH, DELETE");
  }
  for (const [path, methods] of offered) {
    router.all(path, async (req, res) => {
      const method = req.method === "HEAD" ? "GET" : req.method;
      if (!methods.split(", ").includes(method)) notOffered(req, res, methods);
      else send(res, await perform(contextOf(shared, req), method, req.path, requestOf(req)));
    });
  }

  router.use(() => {
    throw new ScimError(404, null, "There is no such endpoint.");
  });
  router.use(scimErrors(problems));
  return router;
}

function contextOf(
  { database, passwords, baseUrl }: Pick<ScimContext, "passwords" | "baseUrl"> & { database: Database },
  req: Request,
): ScimContext {
  const owner = req.tokenOwner;
  if (!owner) throw new Error("the request passed authentication without an owner");
  return {
    store: forTenant(database, owner.tenantId),
    scan: (work) => database.scan((reading) => work(forTenant(reading, owner.tenantId))),
    writer: { source: owner.source, sourceConflict: owner.sourceConflict },
    actor: `${owner.source.name} (${owner.hint}…)`,
    passwordSync: owner.passwordSync,
    passwords,
    baseUrl,
    requestId: req.id,
    log: req.log,
  };
}

/** OPTIONS asks what is offered; any other method that is not offered is told so. */
function notOffered(req: Request, res: Response, methods: string): void {
  res.set("Allow", methods.replace("GET", "GET, HEAD"));
  if (req.method !== "OPTIONS") throw new ScimError(405, null, `${req.method} is not offered here.`);
  res.status(204).end();
}

function requestOf(req: Request): ScimRequest {
  return {
    query: req.query,
    body: req.body,
    ifMatch: req.get("if-match") ?? null,
    ifNoneMatch: req.get("if-none-match") ?? null,
  };
}

function send(res: Response, { status, body, location, version }: ScimAnswer): void {
  if (location !== undefined) res.set(status === 201 ? "Location" : "Content-Location", location);
  if (version !== undefined) res.set("ETag", version);
  if (body === undefined) res.status(status).end();
  else sendScim(res, status, body);
}

/** Okta sends both types; others that a client may believe in are refused before they are read. */
const acceptedTypes = [mediaType, "application/json"];

const requireScimBody: express.RequestHandler = (req, _res, next) => {
  const hasBody = Number(req.get("content-length") ?? 0) > 0 || req.get("transfer-encoding") !== undefined;
  if (hasBody && !req.is(acceptedTypes))
    throw new ScimError(415, null, `Send ${mediaType} or application/json.`);
  next();
};
