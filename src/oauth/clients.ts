import { createLocalJWKSet, decodeJwt, errors, type JWTVerifyOptions, jwtVerify } from "jose";
import { judge } from "policy-list/policy";
import { apiScopes } from "../../config/integration.ts";
import { isSecretOf } from "../directory/agents.ts";
import { crossAppAccessUrls } from "../endpoints.ts";
import { InvalidError, UnavailableError } from "../errors.ts";
import type { Agent } from "../model.ts";
import { agentStore } from "../store/agents.ts";
import type { Database } from "../store/database.ts";
import { onceOnly, rateLimiter } from "../store/rate-limits.ts";
import { hashToken } from "../store/secrets.ts";
import { checkedUrl, type FetchLimits } from "../trust/guarded-fetch.ts";
import { type KeyStore, keyStore } from "../trust/jwks.ts";
import { type ClientDocument, clientDocuments } from "./client-documents.ts";
import { type ClientFacts, clientRules, toleranceSeconds } from "./policy.ts";

/** The ways in which a client may authenticate (RFC 8414, token_endpoint_auth_methods_supported). */
export const clientMethods = ["client_secret_basic", "client_secret_post", "private_key_jwt"] as const;
/** Of assertions that a client signs itself. */
export const clientAlgorithms: string[] = ["RS256", "PS256", "ES256", "EdDSA"];
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** How far in the future a client's assertion may expire, in seconds (Okta: private_key_jwt). */
const maxLifetime = 3600;
const maxKeyBytes = 50_000;
/** Of documents and key sets of one host, which any stranger may make us read. */
const documentLimit = { name: "token-documents", points: 60, seconds: 60 };

/** The means by which a client authenticates. */
export interface Credentials {
  method: (typeof clientMethods)[number] | "unknown";
  clientId: string;
  /** The secret or the assertion. */
  proof: string;
}

/** A client that has authenticated. */
export type AuthenticatedClient = Pick<Agent, "kind" | "clientId" | "tenantId" | "name" | "scopes">;

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

/** Authenticates the client of a request, of which `named` is its client_id. Throws RuleBrokenError. */
export type ClientAuthenticator = (
  credentials: Credentials | undefined,
  named: string | undefined,
) => Promise<AuthenticatedClient>;

interface ClientDeps {
  database: Database;
  baseUrl: string;
  limits: FetchLimits;
}

/** The facts about a client without fault. */
export const faultlessClient: ClientFacts = {
  unknown: null,
  isNamedAlike: true,
  isRevoked: false,
  unproven: null,
  isForUs: true,
  isShort: true,
  isNew: true,
};

/** A client that was found, registered or not, and its keys; null if it has none. */
interface FoundClient {
  client: AuthenticatedClient;
  isRevoked: boolean;
  keys: ClientDocument["keys"] | null;
  /** Reads keys that are at an address. */
  keyStore: KeyStore;
}

/**
 * Authenticates clients. An unknown client, a revoked one and a wrong secret cost the same look-ups, to avoid a timing oracle.
 * Throws UnavailableError if a client's keys cannot be read at the moment.
 */
export function clientAuthenticator({ database, baseUrl, limits }: ClientDeps): ClientAuthenticator {
  const agents = agentStore(database);
  const { documents, registeredKeys, namedKeys } = readersOf(database, limits);
  const isNew = onceOnly(database, { name: "client-assertion", seconds: maxLifetime + 2 * toleranceSeconds });
  const { issuer, tokenEndpoint } = crossAppAccessUrls(baseUrl);

  /** The client, or why there is none, for the log. */
  async function find(credentials: Credentials | undefined): Promise<FoundClient | string> {
    if (!credentials || credentials.method === "unknown") return "no credentials that we know";
    const { method, clientId } = credentials;
    if (/\0/.test(clientId)) return "the client's id contains a NUL";
    const agent = await agents.byId(clientId);
    if (agent) {
      const { kind, tenantId, name, scopes, jwksUri, revokedAt } = agent;
      const client = { kind, clientId: agent.clientId, tenantId, name, scopes };
      const keys = jwksUri === null ? null : { uri: jwksUri };
      return { client, isRevoked: revokedAt !== null, keys, keyStore: registeredKeys };
    }
    if (method === "private_key_jwt") return await describedBy(clientId);
    await agents.secrets(clientId);
    return "the client or its secret is unknown";
  }

  async function describedBy(clientId: string): Promise<FoundClient | string> {
    try {
      const { name, keys } = await documents.read(clientId);
      const scopes = apiScopes.map((scope) => scope.name);
      const client = { kind: "agent" as const, clientId, tenantId: null, name, scopes };
      return { client, isRevoked: false, keys, keyStore: namedKeys };
    } catch (error) {
      if (error instanceof InvalidError) return error.message;
      throw error;
    }
  }

  /** The fault of a client's proof; null if it has none. */
  async function faultOf(
    { method, clientId, proof }: Credentials,
    found: FoundClient,
  ): Promise<string | null> {
    if (method !== "private_key_jwt")
      return isSecretOf(await agents.secrets(clientId), proof) ? null : "the client or its secret is unknown";
    const { keys: at } = found;
    if (at === null) return "the client has no keys";
    const options: JWTVerifyOptions = {
      algorithms: clientAlgorithms,
      issuer: clientId,
      subject: clientId,
      requiredClaims: ["exp", "jti"],
      clockTolerance: toleranceSeconds,
    };
    return await problemOf(async () => {
      if ("uri" in at) await found.keyStore.verify(proof, at.uri, options);
      else await jwtVerify(proof, createLocalJWKSet(at.set), options);
    });
  }

  return async (credentials, named) => {
    const found = await find(credentials);
    if (!credentials || typeof found === "string") {
      judge(clientRules, { ...faultlessClient, unknown: String(found) });
      throw new Error("without a client there is nothing to go on with");
    }
    const { client, isRevoked } = found;
    const { method, proof } = credentials;
    const isNamedAlike = named === undefined || named === client.clientId;
    const before = { ...faultlessClient, isNamedAlike, isRevoked };
    if (method !== "private_key_jwt") {
      judge(clientRules, { ...before, unproven: await faultOf(credentials, found) });
      return client;
    }
    // The keys of a revoked client are not fetched.
    judge(clientRules, before);
    const unproven = await faultOf(credentials, found);
    const { aud, exp = 0, jti } = decodeJwt(proof);
    const isForUs = [issuer, tokenEndpoint].includes([aud].flat().join(" "));
    const isShort = exp <= Date.now() / 1000 + maxLifetime + toleranceSeconds;
    judge(clientRules, { ...before, unproven, isForUs, isShort });
    // Last, because it consumes the assertion.
    judge(clientRules, { ...faultlessClient, isNew: await isNew(hashToken(`${client.clientId}/${jti}`)) });
    return client;
  };
}

/** Documents, the keys that they name, of any host, and the keys of registered agents. */
function readersOf(database: Database, limits: FetchLimits) {
  const ofHost = rateLimiter(database, documentLimit);
  const keyLimits = { ...limits, maxBytes: maxKeyBytes };
  const namedKeys = keyStore(keyLimits, Date.now, async (uri) => {
    const { host } = checkedUrl(uri, limits.allowPrivateNetwork);
    if ((await ofHost.use(host)) > 0) throw new UnavailableError(`too many key sets of ${host} were read`);
  });
  return { documents: clientDocuments(limits, ofHost), registeredKeys: keyStore(keyLimits), namedKeys };
}

/** The library's finding; null if it has none. Throws UnavailableError for any other failure. */
async function problemOf(verify: () => Promise<void>): Promise<string | null> {
  try {
    await verify();
    return null;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return error.message;
    throw new UnavailableError("the client's keys cannot be read", { cause: error });
  }
}
