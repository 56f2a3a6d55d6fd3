import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import { apiScopes } from "../../config/integration.ts";
import { isSecretOf } from "../directory/agents.ts";
import { crossAppAccessUrls } from "../endpoints.ts";
import { InvalidError, UnavailableError } from "../errors.ts";
import type { Agent } from "../model.ts";
import { agentStore } from "../store/agents.ts";
import type { Database } from "../store/database.ts";
import { onceOnly, rateLimiter } from "../store/rate-limits.ts";
import { hashToken } from "../store/secrets.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import { keyStore } from "../trust/jwks.ts";
import { type ClientDocument, clientDocuments } from "./client-documents.ts";
import { toleranceSeconds } from "./policy.ts";

/** The ways in which a client may authenticate (RFC 8414, token_endpoint_auth_methods_supported). */
export const clientMethods = ["client_secret_basic", "client_secret_post", "private_key_jwt"] as const;
/** Of assertions that a client signs itself. */
export const clientAlgorithms: string[] = ["RS256", "PS256", "ES256", "EdDSA"];
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** How far in the future a client's assertion may expire, in seconds (Okta: private_key_jwt). */
const maxLifetime = 3600;
const maxKeyBytes = 50_000;
/** Of documents of one host, which any stranger may make us read. */
const documentLimit = { name: "token-documents", points: 60, seconds: 60 };

/** The means by which a client authenticates. */
export interface Credentials {
  method: (typeof clientMethods)[number] | "unknown";
  clientId: string;
  /** The secret or the assertion. */
  proof: string;
}

/** A client that has authenticated. */
export type AuthenticatedClient = Pick<Agent, "clientId" | "tenantId" | "name" | "scopes">;

/** The client, or why there is none, for the log. */
export type ClientResult = { client: AuthenticatedClient; problem: null } | { client: null; problem: string };

/** Everything with which a request authenticates its client: one method, or the request is refused. */
export function readCredentials(
  authorization: string | undefined,
  parameters: Map<string, string>,
): Credentials[] {
  const clientId = parameters.get("client_id") ?? "";
  const secret = parameters.get("client_secret");
  const assertion = parameters.get("client_assertion");
  const all: Credentials[] = [];
  if (authorization !== undefined) all.push(readBasic(authorization));
  if (secret !== undefined) all.push({ method: "client_secret_post", clientId, proof: secret });
  if (assertion !== undefined) {
    const isJwt = parameters.get("client_assertion_type") === assertionType;
    const method = isJwt ? "private_key_jwt" : "unknown";
    all.push({ method, clientId: issuerOf(assertion), proof: assertion });
  }
  return all;
}

/** Both parts are encoded like a form's values (RFC 6749 §2.3.1). */
function readBasic(authorization: string): Credentials {
  const encoded = /^Basic ([\w+/=-]+)$/i.exec(authorization)?.[1] ?? "";
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString()) ?? [];
  try {
    const [clientId = "", proof = ""] = [id, secret].map((part) => formDecoded(part ?? ""));
    return { method: "client_secret_basic", clientId, proof };
  } catch {
    return { method: "unknown", clientId: "", proof: "" };
  }
}

function formDecoded(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}

function issuerOf(assertion: string): string {
  try {
    const { iss } = decodeJwt(assertion);
    return typeof iss === "string" ? iss : "";
  } catch {
    return "";
  }
}

export type ClientAuthenticator = (
  credentials: Credentials | undefined,
  named: string | undefined,
) => Promise<ClientResult>;

interface ClientDeps {
  database: Database;
  baseUrl: string;
  limits: FetchLimits;
}

/**
 * Authenticates clients. An unknown client, a revoked one and a wrong secret cost the same look-ups, to avoid a timing oracle.
 * Throws UnavailableError if a client's keys cannot be read at the moment.
 */
export function clientAuthenticator({ database, baseUrl, limits }: ClientDeps): ClientAuthenticator {
  const agents = agentStore(database);
  const documents = clientDocuments(limits, rateLimiter(database, documentLimit));
  const verify = assertionVerifierFor({ database, baseUrl, limits });

  async function bySecret({ clientId, proof }: Credentials): Promise<ClientResult> {
    const agent = await agents.byId(clientId);
    const isRight = isSecretOf(await agents.secrets(clientId), proof);
    return agent?.revokedAt === null && isRight
      ? accepted(agent)
      : refused("the client or its secret is unknown");
  }

  async function byAssertion({ clientId, proof }: Credentials): Promise<ClientResult> {
    const agent = await agents.byId(clientId);
    if (!agent) return await bySelfDescribed(clientId, proof);
    if (agent.jwksUri === null || agent.revokedAt !== null) return refused("the client has no keys");
    const problem = await verify(proof, clientId, { uri: agent.jwksUri });
    return problem === null ? accepted(agent) : refused(problem);
  }

  async function bySelfDescribed(clientId: string, proof: string): Promise<ClientResult> {
    const document = await documents.read(clientId).catch(problemOf);
    if (typeof document === "string") return refused(document);
    const problem = await verify(proof, clientId, document.keys);
    const scopes = apiScopes.map(({ name }) => name);
    return problem === null
      ? accepted({ clientId, tenantId: null, name: document.name, scopes })
      : refused(problem);
  }

  return async (credentials, named) => {
    if (!credentials || credentials.method === "unknown") return refused("no credentials that we know");
    const { method, clientId } = credentials;
    if (/\0/.test(clientId)) return refused("the client's id contains a NUL");
    if (named !== undefined && named !== clientId) return refused("client_id names another client");
    return method === "private_key_jwt" ? await byAssertion(credentials) : await bySecret(credentials);
  };
}

function accepted({ clientId, tenantId, name, scopes }: AuthenticatedClient): ClientResult {
  return { client: { clientId, tenantId, name, scopes }, problem: null };
}

function refused(problem: string): ClientResult {
  return { client: null, problem };
}

function problemOf(error: unknown): string {
  if (error instanceof InvalidError) return error.message;
  throw error;
}

/** Verifies a client's assertion (RFC 7523 §3): returns what is wrong with it, or null. Each is accepted once. */
function assertionVerifierFor({ database, baseUrl, limits }: ClientDeps) {
  const keys = keyStore({ ...limits, maxBytes: maxKeyBytes });
  const isNew = onceOnly(database, { name: "client-assertion", seconds: maxLifetime + 2 * toleranceSeconds });
  const { issuer, tokenEndpoint } = crossAppAccessUrls(baseUrl);
  return async (token: string, clientId: string, at: ClientDocument["keys"]): Promise<string | null> => {
    const options: JWTVerifyOptions = {
      algorithms: clientAlgorithms,
      issuer: clientId,
      subject: clientId,
      requiredClaims: ["exp", "jti"],
      clockTolerance: toleranceSeconds,
    };
    const claims = await claimsOf(async () =>
      "uri" in at
        ? await keys.verify(token, at.uri, options)
        : (await jwtVerify(token, createLocalJWKSet(at.set), options)).payload,
    );
    if (typeof claims === "string") return claims;
    const { aud, exp = 0, jti } = claims;
    if (![issuer, tokenEndpoint].includes([aud].flat().join(" ")))
      return "the assertion is for another audience";
    if (exp > Date.now() / 1000 + maxLifetime + toleranceSeconds)
      return "the assertion is valid for too long";
    return (await isNew(hashToken(`${clientId}/${jti}`))) ? null : "the assertion was used before";
  };
}

async function claimsOf(verify: () => Promise<JWTPayload>): Promise<JWTPayload | string> {
  try {
    return await verify();
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return error.message;
    throw new UnavailableError("the client's keys cannot be read", { cause: error });
  }
}
