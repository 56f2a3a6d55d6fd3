/**
 * The authorization server: one token endpoint, one revocation endpoint and one metadata document for all grants.
 *
 * Owns: how a request is read, how a client authenticates (clients.ts), which grant answers (token-request.ts has the port),
 * what a refused client is told (answer.ts), and the rules about all of these (policy.ts). The grants are rooms of their
 * own, and src/app.ts puts them together. May import: the ground floor, trust, directory, store, web and config.
 */
import express, { type Request, type RequestHandler, Router } from "express";
import { judge } from "policy-list/policy";
import { paths } from "../endpoints.ts";
import type { ClientKind } from "../model.ts";
import type { Database } from "../store/database.ts";
import { type RateLimiter, rateLimiter } from "../store/rate-limits.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import { countUse } from "../web/request.ts";
import { answerErrors } from "./answer.ts";
import { clientAuthenticator, readCredentials } from "./clients.ts";
import { authorizationServerRoutes } from "./metadata.ts";
import { clientGrantRules, grantTypeRules, type RequestFacts, requestRules } from "./policy.ts";
import { answerRevocation, type RevokeToken } from "./revocation.ts";
import { newTokenRequest, requireStep, type TokenGrant, tokenRequestOf } from "./token-request.ts";

export interface OAuthDeps {
  database: Database;
  baseUrl: string;
  limits: FetchLimits;
  /** The first one answers for requests that name no grant. */
  grants: readonly [TokenGrant, ...TokenGrant[]];
  revokeToken: RevokeToken;
}

/** Of one network before it authenticates, and of one client. */
const requestsPerMinute = 600;

export function oauthRoutes({ database, baseUrl, limits, grants, revokeToken }: OAuthDeps): Router {
  const limit = { points: requestsPerMinute, seconds: 60 };
  const ofNetwork = rateLimiter(database, { ...limit, name: "token-address" });
  const ofClient = rateLimiter(database, { ...limit, name: "token-client" });
  const authenticated: RequestHandler[] = [
    limitBy(ofNetwork, (req) => req.network),
    requireForm,
    express.urlencoded({ extended: false, limit: "16kb" }),
    readRequest,
    authenticateClient({ database, baseUrl, limits }),
    limitBy(ofClient, (req) => requireStep(tokenRequestOf(req).client).clientId),
  ];

  const router = Router();
  router.use(authorizationServerRoutes(baseUrl, grants));
  router.use([paths.token, paths.revoke], (_req, res, next) => {
    // Both are required (RFC 6749 §5.1).
    res.set({ "Cache-Control": "no-store", Pragma: "no-cache" });
    next();
  });
  router.post(paths.token, ...authenticated, answerByGrant(grants));
  router.post(paths.revoke, ...authenticated, answerRevocation(revokeToken));
  for (const path of [paths.token, paths.revoke]) {
    router.all(path, (_req, res) => {
      res.status(405).set("Allow", "POST").end();
    });
  }
  router.use(
    [paths.token, paths.revoke],
    answerErrors((req) => answeringGrant(req, grants)),
  );
  return router;
}

/** Leads a request to its grant. */
function answerByGrant(grants: OAuthDeps["grants"]): RequestHandler {
  return async (req, res) => {
    const grant = grantOf(req, grants);
    judge(grantTypeRules, { isKnown: grant !== null });
    const answering = grant ?? grants[0];
    judge(clientGrantRules, { isOfClient: isOfClient(req, answering.client) });
    res.json(await answering.issue(req));
  };
}

function isOfClient(req: Request, kind: ClientKind): boolean {
  return requireStep(tokenRequestOf(req).client).kind === kind;
}

function grantOf({ tokenRequest }: Request, grants: OAuthDeps["grants"]): TokenGrant | null {
  const named = tokenRequest?.parameters.get("grant_type");
  return grants.find(({ type }) => type === named) ?? null;
}

/** The grant whose words answer an error: the one that the request names, unless it is not for the client; else one of the client's; else the first. */
function answeringGrant(req: Request, grants: OAuthDeps["grants"]): TokenGrant {
  const kind = req.tokenRequest?.client?.kind;
  const named = grantOf(req, grants);
  if (named && [undefined, named.client].includes(kind)) return named;
  return grants.find(({ client }) => client === kind) ?? grants[0];
}

function limitBy(limit: RateLimiter, keyOf: (req: Request) => string): RequestHandler {
  return async (req, _res, next) => {
    await countUse(limit, keyOf(req));
    next();
  };
}

const flawless: RequestFacts = { isForm: true, repeated: null, hasNul: false, methods: [] };
const formType = /^application\/x-www-form-urlencoded\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/** It runs before the body is parsed, because nothing but a form is. */
const requireForm: RequestHandler = (req, _res, next) => {
  judge(requestRules, { ...flawless, isForm: formType.test(req.get("content-type") ?? "") });
  next();
};

/** Reads the parameters, and how the client authenticates. */
const readRequest: RequestHandler = (req, _res, next) => {
  const { resource, ...others } = (req.body ?? {}) as Record<string, string | string[]>;
  const given = Object.entries(others).filter(([, value]) => value !== "");
  const resources = [resource ?? []].flat().filter((one) => one !== "");
  const parameters = new Map(given.map(([name, value]) => [name, [value].flat().join(" ")]));
  const presented = readCredentials(req.get("authorization"), parameters);
  req.tokenRequest = newTokenRequest({ parameters, resources, credentials: presented[0] });
  judge(requestRules, {
    isForm: true,
    repeated: given.find(([, value]) => Array.isArray(value))?.[0] ?? null,
    hasNul: [...given.flat(2), ...resources].some((text) => text.includes("\0")),
    methods: presented.map(({ method }) => method),
  });
  next();
};

function authenticateClient(deps: Pick<OAuthDeps, "database" | "baseUrl" | "limits">): RequestHandler {
  const authenticate = clientAuthenticator(deps);
  return async (req, _res, next) => {
    const request = tokenRequestOf(req);
    request.client = await authenticate(request.credentials, request.parameters.get("client_id"));
    next();
  };
}
