/**
 * Cross App Access: AI agents and other apps act for people whose org allows it (draft-ietf-oauth-identity-assertion-
 * authz-grant, "ID-JAG"; MCP's extension Enterprise-Managed Authorization; Okta: "Cross App Access").
 *
 * Owns: the token endpoint (this file) and the metadata (metadata.ts). A client presents an assertion that the customer's
 * org signed, and gets a short access token for the person in it. clients.ts says who may present one, assertion.ts whose
 * it is, issue.ts what the token allows, answer.ts what a refused client is told. policy.ts has the rules.
 * May import: the ground floor, trust, directory, store, web and config.
 */
import express, { type Request, type RequestHandler, Router } from "express";
import { judge } from "policy-list/policy";
import { crossAppAccessUrls, paths } from "../endpoints.ts";
import type { Database } from "../store/database.ts";
import { type RateLimiter, rateLimiter } from "../store/rate-limits.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import { proofVerifier } from "../web/dpop.ts";
import { TooManyRequestsError } from "../web/error-pages.ts";
import { answerErrors } from "./answer.ts";
import { clientAuthenticator, readCredentials } from "./clients.ts";
import { metadataRoutes } from "./metadata.ts";
import { proofRules, type RequestFacts, requestRules } from "./policy.ts";
import {
  type AssertionDeps,
  findConnection,
  issueToken,
  requireGrant,
  requireResource,
  type Step,
  verifyAssertion,
} from "./steps.ts";
import { known, newTokenRequest, tokenRequestOf } from "./token-request.ts";

export interface CrossAppAccessDeps extends AssertionDeps {
  limits: FetchLimits;
}

/** Of one address before it authenticates, and of one client. */
const requestsPerMinute = 600;

export function crossAppAccessRoutes(deps: CrossAppAccessDeps): Router {
  const { database, baseUrl } = deps;
  const limit = { points: requestsPerMinute, seconds: 60 };
  const ofAddress = rateLimiter(database, { ...limit, name: "token-address" });
  const ofClient = rateLimiter(database, { ...limit, name: "token-client" });

  const router = Router();
  router.use(metadataRoutes(baseUrl));
  router.use(paths.token, (_req, res, next) => {
    // Both are required (RFC 6749 §5.1).
    res.set({ "Cache-Control": "no-store", Pragma: "no-cache" });
    next();
  });
  router.post(
    paths.token,
    limitBy(ofAddress, (req) => req.ip ?? ""),
    requireForm,
    express.urlencoded({ extended: false, limit: "16kb" }),
    readRequest,
    authenticateClient(deps),
    limitBy(ofClient, (req) => known(tokenRequestOf(req).client).clientId),
    step(requireGrant),
    step(findConnection(deps)),
    step(verifyAssertion(deps)),
    step(requireResource(baseUrl)),
    requireProof(database, crossAppAccessUrls(baseUrl).tokenEndpoint),
    answerWithToken(database),
  );
  router.all(paths.token, (_req, res) => {
    res.status(405).set("Allow", "POST").end();
  });
  router.use(paths.token, answerErrors(database));
  router.get(paths.authorize, refuseAuthorization);
  return router;
}

/** No one gets a token by a page here. It never redirects, because it knows no client's address (RFC 6749 §4.1.2.1). */
const refuseAuthorization: RequestHandler = (_req, res) => {
  const description =
    "Get an ID-JAG from the person's identity provider, and exchange it at the token endpoint";
  res.set("Cache-Control", "no-store").status(400);
  res.json({ error: "unsupported_response_type", error_description: description });
};

function step(run: Step): RequestHandler {
  return async (req, _res, next) => {
    await run(tokenRequestOf(req));
    next();
  };
}

function limitBy(limit: RateLimiter, keyOf: (req: Request) => string): RequestHandler {
  return async (req, _res, next) => {
    const retryAfter = await limit.use(keyOf(req));
    if (retryAfter > 0) throw new TooManyRequestsError(retryAfter);
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

function authenticateClient(deps: CrossAppAccessDeps): RequestHandler {
  const authenticate = clientAuthenticator(deps);
  return async (req, _res, next) => {
    const request = tokenRequestOf(req);
    request.client = await authenticate(request.credentials, request.parameters.get("client_id"));
    next();
  };
}

/** A token is bound to the key of a proof, also if the assertion is not (RFC 9449 §5). */
function requireProof(database: Database, url: string): RequestHandler {
  const verify = proofVerifier(database);
  return async (req, _res, next) => {
    const request = tokenRequestOf(req);
    const { cnf } = known(request.assertion).claims;
    const proof = req.get("dpop");
    const { thumbprint, problem } =
      proof === undefined
        ? { thumbprint: null, problem: null }
        : await verify(proof, { method: "POST", url });
    judge(proofRules, { problem, thumbprint, confirmed: cnf ? { jkt: cnf.jkt ?? null } : null });
    request.keyThumbprint = thumbprint;
    next();
  };
}

function answerWithToken(database: Database): RequestHandler {
  return async (req, res) => {
    const request = tokenRequestOf(req);
    await issueToken(database, req.id)(request);
    const { token, expiresIn, scopes, userId } = known(request.issued);
    const { tenantId, connection } = known(request.found);
    req.log.info(
      { tenantId, connectionId: connection.id, userId, clientId: request.client?.clientId, scopes },
      "cross_app_access.issued",
    );
    res.json({
      token_type: request.keyThumbprint === null ? "Bearer" : "DPoP",
      access_token: token,
      expires_in: expiresIn,
      scope: scopes.join(" "),
    });
  };
}
