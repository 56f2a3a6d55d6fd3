import { randomBytes } from "node:crypto";
import { createLocalJWKSet, jwtVerify } from "jose";
import { agentOfClient } from "./agents.ts";
import { type IdJagGrant, idJagClaims, idJagSeconds, signIdJag } from "./id-jag.ts";
import { publicKeys } from "./keys.ts";
import { mayUse, type Org } from "./org.ts";
import { isSaml, nameIdOf } from "./saml.ts";
import { nameIdInResponse } from "./saml-subject.ts";
import type { AiAgent, OrgApp, OrgPerson } from "./state.ts";
import { TokenRefusal } from "./token-refusal.ts";

export const tokenExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";

const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;
const tokenTypes = {
  idJag: type("id-jag"),
  idToken: type("id_token"),
  refreshToken: type("refresh_token"),
  saml2: type("saml2"),
  jwt: type("jwt"),
};

/** ID-JAGs that Okta issues for a person and a resource app in a calendar month. */
const monthlyLimit = 250;

const refreshSeconds = 3600;

/** A token exchange of an authenticated client (RFC 8693 §2.1). */
export interface TokenExchangeRequest {
  clientId: string;
  params: Readonly<Record<string, string | undefined>>;
  /** A refresh token of the authorization code grant; undefined if the org did not issue it, or if it has expired. */
  findRefreshToken(value: string): Promise<{ clientId: string; accountId: string } | undefined>;
}

/** The response (RFC 8693 §2.2.1). `access_token` holds a token of the issued type. */
export interface TokenExchangeAnswer {
  access_token: string;
  issued_token_type: string;
  token_type: "N_A";
  /** Seconds. */
  expires_in: number;
  scope?: string;
}

/** A request, with what the steps before found. */
interface Exchange extends TokenExchangeRequest {
  org: Org;
  agent: AiAgent;
  samlTokens: SamlTokens;
}

/** Refresh tokens that were issued for SAML responses. */
type SamlTokens = Map<string, { clientId: string; personId: string; until: number }>;

/** Creates the token exchange of an org. It throws TokenRefusal, and the System Log has every result. */
export function tokenExchange(org: Org): (request: TokenExchangeRequest) => Promise<TokenExchangeAnswer> {
  const samlTokens: SamlTokens = new Map();
  return async (request) => {
    const agent = agentOfClient(org, request.clientId);
    try {
      if (agent?.status !== "ACTIVE")
        throw new TokenRefusal("unauthorized_client", "The client does not belong to an active AI agent.");
      const exchange = { ...request, org, agent, samlTokens };
      const { requested_token_type: wanted } = request.params;
      if (wanted === tokenTypes.refreshToken) return exchangeSamlResponse(exchange);
      if (wanted === tokenTypes.idJag) return await issueIdJag(exchange);
      throw new TokenRefusal("invalid_request", "The requested_token_type is not supported.");
    } catch (error) {
      if (error instanceof TokenRefusal) logRefusal(org, request, agent, error);
      throw error;
    }
  };
}

/** The first step of an agent with a SAML app: a refresh token for the SAML response. */
function exchangeSamlResponse({ org, agent, samlTokens, clientId, params }: Exchange): TokenExchangeAnswer {
  const app = org.store.state.apps[agent.linkedAppId ?? ""];
  if (!app || !isSaml(app) || params.subject_token_type !== tokenTypes.saml2)
    throw new TokenRefusal("invalid_request", "Only a SAML response can be exchanged for a refresh token.");
  const scopes = scopesIn(params.scope);
  if (!scopes.includes("offline_access"))
    throw new TokenRefusal("invalid_scope", "The scope must contain offline_access.");
  const nameId = nameIdInResponse(app, params.subject_token ?? "");
  const person = Object.values(org.store.state.people).find((one) => nameIdOf(app, one) === nameId);
  if (!person || !mayUse(app, person))
    throw new TokenRefusal("access_denied", "The person may not use the agent.");
  const token = randomBytes(48).toString("base64url");
  samlTokens.set(token, { clientId, personId: person.id, until: Date.now() + refreshSeconds * 1000 });
  org.events.add({
    type: "app.oauth2.token.grant.refresh_token",
    what: `AI agent ${agent.name} got a refresh token for ${person.login}`,
  });
  return answer(token, tokenTypes.refreshToken, refreshSeconds, scopes);
}

async function issueIdJag(exchange: Exchange): Promise<TokenExchangeAnswer> {
  const { org, agent } = exchange;
  const person = await subjectOf(exchange);
  const grant = grantOf(exchange, person);
  count(org, grant);
  const claims = idJagClaims(org, grant);
  org.events.add({
    type: "app.oauth2.token.grant.id_jag",
    what: `AI agent ${agent.name} got an ID-JAG for ${person.login} at ${grant.app.label}`,
    details: claims,
  });
  return answer(await signIdJag(org, claims), tokenTypes.idJag, idJagSeconds, grant.scopes);
}

/** The person of the subject token. They must be active and assigned to the agent's app. */
async function subjectOf(exchange: Exchange): Promise<OrgPerson> {
  const { org, agent, params } = exchange;
  const read = subjectReaders[params.subject_token_type ?? ""];
  if (!read || !params.subject_token)
    throw new TokenRefusal("invalid_request", "The subject_token_type is not supported.");
  const person = org.store.state.people[await read(exchange, params.subject_token)];
  const app = org.store.state.apps[agent.linkedAppId ?? ""];
  if (!person || !app || !mayUse(app, person))
    throw new TokenRefusal("access_denied", "The person is not active, or not assigned to the agent's app.");
  return person;
}

/** The person's id in a subject token, by its type. Each reader throws TokenRefusal. */
const subjectReaders: Record<string, (exchange: Exchange, token: string) => Promise<string>> = {
  [tokenTypes.idToken]: readIdToken,
  [tokenTypes.refreshToken]: readRefreshToken,
};

async function readIdToken({ org, clientId }: Exchange, token: string): Promise<string> {
  const keys = createLocalJWKSet({ keys: publicKeys(org.store.state.keys) });
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ["RS256"],
      issuer: org.url,
      // Issued to another client, an ID token would let this one act for people who never used it.
      audience: clientId,
      requiredClaims: ["sub", "exp"],
    });
    return String(payload.sub);
  } catch (error) {
    throw new TokenRefusal("invalid_grant", "The ID token is not valid for this client.", { cause: error });
  }
}

async function readRefreshToken(exchange: Exchange, token: string): Promise<string> {
  const { clientId, samlTokens } = exchange;
  const refused = () => new TokenRefusal("invalid_grant", "The refresh token is not valid for this client.");
  const ofSaml = samlTokens.get(token);
  if (!ofSaml) {
    const issued = await exchange.findRefreshToken(token);
    if (issued?.clientId !== clientId) throw refused();
    return issued.accountId;
  }
  if (ofSaml.clientId !== clientId || ofSaml.until < Date.now()) throw refused();
  requireActor(exchange);
  return ofSaml.personId;
}

/** Okta: an agent with a SAML app and a key presents its client assertion as the actor, too. */
function requireActor({ agent, params }: Exchange): void {
  const hasKey = agent.registration?.method === "keys" || agent.registration?.method === "jwks-uri";
  const { actor_token: actor, actor_token_type: actorType, client_assertion: assertion } = params;
  if (hasKey && (actor !== assertion || actorType !== tokenTypes.jwt))
    throw new TokenRefusal("invalid_request", "The actor_token must be the client assertion.");
}

/**
 * Finds the resource connection, and the scopes that it grants. Several apps can have the same Issuer URL, if one org serves
 * several tenants of a product: the person's assignment decides. Throws TokenRefusal.
 */
function grantOf({ org, agent, params }: Exchange, person: OrgPerson): IdJagGrant {
  const { audience, resource } = params;
  const connected = agent.connections.flatMap((connection) => {
    const app = org.store.state.apps[connection.appId];
    return app ? [{ connection, app }] : [];
  });
  const atIssuer = connected.filter(
    ({ app }) => audience !== undefined && app.resourceServer?.issuerUrl === audience,
  );
  if (atIssuer.length === 0)
    throw new TokenRefusal("invalid_target", "The agent has no resource connection with this audience.");
  const ofResource = atIssuer.filter(
    ({ connection }) => resource === undefined || connection.resources.includes(resource),
  );
  if (ofResource.length === 0)
    throw new TokenRefusal("invalid_target", "The resource is not a resource indicator of the connection.");
  const found = ofResource.find(({ app }) => mayUse(app, person));
  if (!found) throw refusalOf(Object.values(org.store.state.apps), audience, person);
  const resources = resource === undefined ? found.connection.resources : [resource];
  const scopes = grantedScopes(params.scope, found.connection.scopes);
  return { ...found, agent, person, resources, scopes };
}

/** None of the connected apps is the person's: they may be assigned to another one with this issuer. */
function refusalOf(apps: readonly OrgApp[], audience: string | undefined, person: OrgPerson): TokenRefusal {
  const own = apps.find((app) => app.resourceServer?.issuerUrl === audience && mayUse(app, person));
  return own
    ? new TokenRefusal("invalid_target", `The agent has no resource connection to ${own.label}.`)
    : new TokenRefusal("access_denied", "The person is not assigned to the resource app.");
}

/** @param allowed null allows any scope. A request without scopes gets all that are allowed (RFC 6749 §3.3). */
function grantedScopes(asked: string | undefined, allowed: readonly string[] | null): readonly string[] {
  const scopes = scopesIn(asked);
  if (scopes.length === 0) return allowed ?? [];
  const refused = scopes.filter((scope) => allowed !== null && !allowed.includes(scope));
  if (refused.length > 0)
    throw new TokenRefusal("invalid_scope", `The connection does not allow ${refused.join(" ")}.`);
  return scopes;
}

function scopesIn(text: string | undefined): string[] {
  return [...new Set((text ?? "").split(" ").filter((scope) => scope !== ""))];
}

/** Counts the ID-JAG, and forgets the counts of other months. Throws TokenRefusal above the limit. */
function count({ store }: Org, { person, app }: IdJagGrant): void {
  const month = new Date().toISOString().slice(0, 7);
  const key = `${month}/${person.id}/${app.id}`;
  const counts = Object.entries(store.state.idJagCounts ?? {}).filter(([one]) => one.startsWith(month));
  const { [key]: used = 0, ...others } = Object.fromEntries(counts);
  if (used >= monthlyLimit)
    throw new TokenRefusal(
      "access_denied",
      `The limit of ${monthlyLimit} ID-JAGs a month for this person and app is reached.`,
    );
  store.state.idJagCounts = { ...others, [key]: used + 1 };
  store.changed();
}

function answer(
  token: string,
  issued: string,
  seconds: number,
  scopes: readonly string[],
): TokenExchangeAnswer {
  return {
    access_token: token,
    issued_token_type: issued,
    token_type: "N_A",
    expires_in: seconds,
    ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}),
  };
}

function logRefusal(
  org: Org,
  { clientId, params }: TokenExchangeRequest,
  agent: AiAgent | undefined,
  refusal: TokenRefusal,
): void {
  const { audience, resource, scope, subject_token_type } = params;
  org.events.add({
    type: "app.oauth2.token.grant.id_jag",
    what: `${agent ? `AI agent ${agent.name}` : `Client ${clientId}`} asked for an ID-JAG`,
    refusal: `${refusal.code}: ${refusal.message}`,
    details: { client_id: clientId, audience, resource, scope, subject_token_type },
  });
}
