/**
 * Cross App Access: AI agents and other apps act for people whose org allows it (draft-ietf-oauth-identity-assertion-
 * authz-grant, "ID-JAG"; MCP's extension Enterprise-Managed Authorization; Okta: "Cross App Access").
 *
 * Owns: the token endpoint (this file), the metadata of our authorization server and of its resources (metadata.ts). A
 * client presents an assertion that the customer's org signed, and gets a short access token for the person in it.
 * clients.ts says who may present one, assertion.ts whose it is, issue.ts what the token allows, answer.ts what a refused
 * client is told. policy.ts has the rules. May import: the ground floor, trust, directory, store, web and config.
 */
import express, { type Request, type RequestHandler, Router } from "express";
import { judge } from "policy-list/policy";
import { crossAppAccessUrls, paths } from "../endpoints.ts";
import { UnavailableError } from "../errors.ts";
import type { OidcSettings, SamlSettings } from "../model.ts";
import type { Database } from "../store/database.ts";
import { type RateLimiter, rateLimiter } from "../store/rate-limits.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import { proofVerifier } from "../web/dpop.ts";
import { answerErrors, TooManyRequestsError } from "./answer.ts";
import {
  type Assertion,
  type AssertionVerifier,
  type FoundConnection,
  issuerOf,
  readAssertion,
  subjectAt,
} from "./assertion.ts";
import {
  type AuthenticatedClient,
  type Credentials,
  clientAuthenticator,
  readCredentials,
} from "./clients.ts";
import { type IssuedAccess, issueAccess, wordsIn } from "./issue.ts";
import { metadataRoutes } from "./metadata.ts";
import {
  assertionRules,
  clientRules,
  connectionRules,
  grantRules,
  proofRules,
  requestRules,
  resourceRules,
} from "./policy.ts";

export interface CrossAppAccessDeps {
  database: Database;
  baseUrl: string;
  limits: FetchLimits;
  /** Verifies an assertion with the keys of one connection. */
  verifyAssertion: AssertionVerifier;
}

/** Shared by the steps of a request: `req.tokenRequest`. The inspector reads it once the response is sent. */
export interface TokenRequest {
  /** All but `resource`; empty ones count as absent (RFC 6749 §3.2). */
  readonly parameters: Map<string, string>;
  /** The resources that the client asks for. */
  readonly resources: readonly string[];
  readonly credentials: Credentials | undefined;
  client: AuthenticatedClient | null;
  assertion: Assertion | null;
  /** The active connections of the assertion's issuer, in any tenant. */
  ofIssuer: FoundConnection[];
  /** The one that the assertion is about, and the person's name there. */
  found: (FoundConnection & { subject: string }) | null;
  /** Whether the org's key verified the assertion. */
  isVerified: boolean;
  /** The resources that the token is for, and whether the assertion can be used once only. */
  target: { resources: readonly string[]; isOnce: boolean } | null;
  keyThumbprint: string | null;
  issued: IssuedAccess | null;
  /** The error that ended the request; null if none did. */
  error: unknown;
}

declare module "express-serve-static-core" {
  interface Request {
    tokenRequest?: TokenRequest;
  }
}

/** Requests per minute: of one address before it authenticates, and of one client. */
const perMinute = { address: 600, client: 600 };

export function crossAppAccessRoutes(deps: CrossAppAccessDeps): Router {
  const { database } = deps;
  const ofAddress = rateLimiter(database, { name: "token-address", points: perMinute.address, seconds: 60 });
  const ofClient = rateLimiter(database, { name: "token-client", points: perMinute.client, seconds: 60 });
  const parseForm = express.urlencoded({ extended: false, limit: "16kb", type: () => true });

  const router = Router();
  router.use(metadataRoutes(deps.baseUrl));
  router.use(paths.token, (_req, res, next) => {
    res.set("Cache-Control", "no-store");
    next();
  });
  router.post(
    paths.token,
    limitBy(ofAddress, (req) => req.ip ?? ""),
    requireForm,
    parseForm,
    readRequest,
    authenticateClient(deps),
    limitBy(ofClient, (req) => clientOf(req).clientId),
    requireGrant,
    findConnection(deps),
    verifyAssertion(deps),
    requireResource(deps.baseUrl),
    requireProof(deps),
    issue(database),
  );
  router.all(paths.token, (_req, res) => {
    res.status(405).set("Allow", "POST").end();
  });
  router.use(paths.token, answerErrors(database));
  return router;
}

function limitBy(limit: RateLimiter, keyOf: (req: Request) => string): RequestHandler {
  return async (req, _res, next) => {
    const retryAfter = await limit.use(keyOf(req));
    if (retryAfter > 0) throw new TooManyRequestsError(retryAfter);
    next();
  };
}

/** It runs before the body is parsed: nothing but a form is. */
const requireForm: RequestHandler = (req, _res, next) => {
  const facts = { isForm: isForm(req.get("content-type") ?? ""), repeated: null, hasNul: false, methods: [] };
  judge(requestRules, facts);
  next();
};

function isForm(header: string): boolean {
  return /^application\/x-www-form-urlencoded\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(header);
}

/** Reads the parameters, and how the client authenticates. */
const readRequest: RequestHandler = (req, _res, next) => {
  const { resource, ...others } = req.body as Record<string, string | string[]>;
  const given = Object.entries(others).filter(([, value]) => value !== "");
  const repeated = given.find(([, value]) => Array.isArray(value))?.[0] ?? null;
  const resources = [resource ?? []].flat().filter((one) => one !== "");
  const hasNul = [...given.flat(2), ...resources].some((text) => text.includes("\0"));
  const parameters = new Map(given.map(([name, value]) => [name, [value].flat().join(" ")]));
  const presented = readCredentials(req.get("authorization"), parameters);
  req.tokenRequest = { ...newRequest, parameters, resources, credentials: presented[0] };
  judge(requestRules, { isForm: true, repeated, hasNul, methods: presented.map(({ method }) => method) });
  next();
};

const newRequest = {
  client: null,
  assertion: null,
  ofIssuer: [],
  found: null,
  isVerified: false,
  target: null,
  keyThumbprint: null,
  issued: null,
  error: null,
} satisfies Partial<TokenRequest>;

function requestOf({ tokenRequest }: Request): TokenRequest {
  if (!tokenRequest) throw new Error("the request has to be read before this step");
  return tokenRequest;
}

/** Returns what an earlier step found. */
function known<T>(value: T | null): T {
  if (value === null) throw new Error("an earlier step has to run before this one");
  return value;
}

function clientOf(req: Request): AuthenticatedClient {
  return known(requestOf(req).client);
}

function authenticateClient(deps: CrossAppAccessDeps): RequestHandler {
  const authenticate = clientAuthenticator(deps);
  return async (req, _res, next) => {
    const request = requestOf(req);
    const { client, problem } = await authenticate(request.credentials, request.parameters.get("client_id"));
    judge(clientRules, { problem });
    request.client = client;
    next();
  };
}

const requireGrant: RequestHandler = (req, _res, next) => {
  const request = requestOf(req);
  const grantType = request.parameters.get("grant_type") ?? "";
  const token = request.parameters.get("assertion") ?? "";
  request.assertion = readAssertion(token);
  judge(grantRules, { grantType, assertion: token, claims: request.assertion });
  next();
};

/** Finds the connection by the issuer, and only then looks at a key. */
function findConnection({ database, baseUrl }: CrossAppAccessDeps): RequestHandler {
  return async (req, _res, next) => {
    const request = requestOf(req);
    const [assertion, client] = [known(request.assertion), clientOf(req)];
    const { aud_tenant: key } = assertion.claims;
    const ofIssuer = await systemStore(database).connectionsOfIssuer(issuerOf(assertion));
    const ofClient = ofIssuer.filter(({ tenantId }) => [null, tenantId].includes(client.tenantId));
    const ofTenant = ofClient.filter(({ connection }) => key === undefined || connection.key === key);
    const ofSubject = ofTenant.flatMap((one) => {
      const subject = subjectAt(assertion, one.connection, baseUrl);
      return subject === null ? [] : [{ ...one, subject }];
    });
    request.ofIssuer = ofIssuer;
    request.found = ofSubject.length === 1 ? (ofSubject[0] ?? null) : null;
    judge(connectionRules, {
      ofIssuer: ofIssuer.length,
      ofClient: ofClient.length,
      ofTenant: ofTenant.length,
      ofSubject: ofSubject.length,
      isOn: request.found?.connection.settings?.crossAppAccess !== false,
    });
    next();
  };
}

function verifyAssertion({ baseUrl, verifyAssertion: verify }: CrossAppAccessDeps): RequestHandler {
  return async (req, _res, next) => {
    const request = requestOf(req);
    const [assertion, { connection }] = [known(request.assertion), known(request.found)];
    // The store finds a connection by the issuer in its settings.
    const settings = known<OidcSettings | SamlSettings>(connection.settings);
    const finding = await verify(assertion, settings).catch((error: unknown) => {
      if (!(error instanceof UnavailableError)) throw error;
      return { ruleId: "keys-available", found: error.message };
    });
    request.isVerified = finding === null;
    judge(assertionRules, {
      finding,
      typ: assertion.typ,
      claims: assertion.claims,
      issuer: crossAppAccessUrls(baseUrl).issuer,
      clientId: clientOf(req).clientId,
      now: Date.now() / 1000,
    });
    next();
  };
}

/** The origin is another name of the API: it is the resource of clients that know no more than where we are. */
function requireResource(baseUrl: string): RequestHandler {
  const { apiResource, mcpResource } = crossAppAccessUrls(baseUrl);
  const identifiers = new Map([
    [baseUrl, apiResource],
    [apiResource, apiResource],
    [mcpResource, mcpResource],
  ]);
  const ours = (named: readonly string[]) => named.map((one) => identifiers.get(one) ?? null);
  return (req, _res, next) => {
    const request = requestOf(req);
    const granted = ours([known(request.assertion).claims.resource ?? apiResource].flat());
    const asked = ours(request.resources);
    judge(resourceRules, {
      areOurs: !granted.includes(null),
      areCovered: asked.every((one) => one !== null && granted.includes(one)),
    });
    const resources = (asked.length > 0 ? asked : granted).filter((one) => one !== null);
    request.target = { resources: [...new Set(resources)], isOnce: resources.includes(mcpResource) };
    next();
  };
}

function requireProof({ database, baseUrl }: CrossAppAccessDeps): RequestHandler {
  const verify = proofVerifier(database);
  const url = crossAppAccessUrls(baseUrl).tokenEndpoint;
  return async (req, _res, next) => {
    const request = requestOf(req);
    const { cnf } = known(request.assertion).claims;
    const proof = req.get("dpop");
    const absent = { thumbprint: null, problem: null };
    const { thumbprint, problem } =
      proof === undefined ? absent : await verify(proof, { method: "POST", url });
    judge(proofRules, { problem, thumbprint, confirmed: cnf ? { jkt: cnf.jkt ?? null } : null });
    request.keyThumbprint = thumbprint;
    next();
  };
}

function issue(database: Database): RequestHandler {
  return async (req, res) => {
    const request = requestOf(req);
    const { tenantId, connection, subject } = known(request.found);
    const client = clientOf(req);
    const { resources, isOnce } = known(request.target);
    const issued = await issueAccess(forTenant(database, tenantId), {
      client,
      connection,
      claims: known(request.assertion).claims,
      subject,
      resources,
      isOnce,
      keyThumbprint: request.keyThumbprint,
      scopes: wordsIn(request.parameters.get("scope")),
      requestId: req.id,
    });
    request.issued = issued;
    const { token, expiresIn, scopes, userId } = issued;
    const facts = { tenantId, connectionId: connection.id, userId, clientId: client.clientId };
    req.log.info({ ...facts, scopes, resources }, "cross_app_access.issued");
    res.json({
      token_type: request.keyThumbprint === null ? "Bearer" : "DPoP",
      access_token: token,
      expires_in: expiresIn,
      scope: scopes.join(" "),
    });
  };
}
