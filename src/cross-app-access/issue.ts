import { isDeepStrictEqual } from "node:util";
import { judge } from "policy-list/policy";
import { type AccessGrant, issueAccessToken } from "../directory/access-tokens.ts";
import { personOfAssertion, retryFirstSignIn } from "../directory/sign-in.ts";
import { RefusedError } from "../errors.ts";
import type { Connection } from "../model.ts";
import type { AuthenticatedClient } from "../oauth/clients.ts";
import { toleranceSeconds } from "../oauth/policy.ts";
import { wordsIn } from "../oauth/token-request.ts";
import { hashToken } from "../store/secrets.ts";
import { defaultSessionLimits } from "../store/session-store.ts";
import { agentActor } from "../store/tenant/activity.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { scopesOf } from "../web/access-tokens.ts";
import type { AssertionClaims } from "./assertion.ts";
import { agentRules, personRules, scopeRules } from "./policy.ts";

/** A verified assertion, and what its client asks for. */
export interface AccessRequest {
  client: AuthenticatedClient;
  connection: Connection;
  claims: AssertionClaims;
  /** The person's name at the connection. */
  subject: string;
  resources: readonly string[];
  /** Whether the assertion can be used once only. */
  isOnce: boolean;
  keyThumbprint: string | null;
  /** The scopes that the client asks for; null if it asks for all that it may have. */
  scopes: readonly string[] | null;
  requestId: string;
}

export interface IssuedAccess {
  token: string;
  /** In seconds. */
  expiresIn: number;
  scopes: readonly string[];
  userId: string;
}

/** An agent's access is recorded again only after so long without a new token: a busy agent would fill the activity. */
const quietMs = 60 * 60_000;

/** Decides who the person is and what the agent may do for them, and issues the token. Throws RuleBrokenError. */
export async function issueAccess(store: TenantStore, request: AccessRequest): Promise<IssuedAccess> {
  try {
    return await retryFirstSignIn(() => store.transaction((inside) => decide(inside, request)));
  } catch (error) {
    // The directory's reason is what was found.
    if (error instanceof RefusedError) judge(personRules, { refusal: error.reason, isRevoked: false });
    throw error;
  }
}

async function decide(store: TenantStore, request: AccessRequest): Promise<IssuedAccess> {
  const { client, claims, subject, requestId } = request;
  const connection = await sameConnection(store, request.connection);
  const known = await store.agents.find(client.clientId);
  const isBlocked = (known?.blockedAt ?? null) !== null;
  const isNew = !request.isOnce || (await consume(store, claims));
  judge(agentRules, { isBlocked, isNew });
  const { user: person } = await personOfAssertion(store, connection, {
    subject,
    email: claims.email ?? null,
  });
  const grants = await store.agents.grantsOf(person.id);
  const grant = grants.find(({ clientId }) => clientId === client.clientId);
  judge(personRules, { refusal: null, isRevoked: (grant?.revokedAt ?? null) !== null });
  const role = await store.roles.effective(person.id);
  const scopes = scopesOf(role).filter((scope) =>
    [request.scopes, wordsIn(claims.scope), client.scopes].every(
      (some) => some === null || some.includes(scope),
    ),
  );
  judge(scopeRules, { scopes });
  const access: AccessGrant = {
    user: person,
    role,
    connectionId: connection.id,
    agent: client,
    act: claims.act?.sub ?? null,
    scopes,
    resources: request.resources,
    keyThumbprint: request.keyThumbprint,
  };
  const limits = (await store.sessions.limits()) ?? defaultSessionLimits;
  const { token, expiresIn } = await issueAccessToken(store, access, limits);
  if (Date.now() - (grant?.lastUsedAt ?? 0) > quietMs) {
    const action = { action: "access.issued", targetId: person.id, changed: scopes };
    const actor = agentActor(client.name, access.act);
    await store.activity.record({ actorKind: "agent", actor, ...action, requestId });
  }
  return { token, expiresIn, scopes, userId: person.id };
}

/**
 * The connection as it is now, and until the transaction ends. It was read before the org's keys, which may take seconds: an
 * administrator may have switched it off since, or given it another provider, whose subjects are other people. Throws
 * RefusedError.
 */
async function sameConnection(store: TenantStore, verified: Connection): Promise<Connection> {
  const connection = await store.connections.hold(verified.id);
  const isSame = isDeepStrictEqual(connection?.settings, verified.settings);
  if (connection?.status !== "active" || !isSame) throw new RefusedError("connection-not-active");
  return connection;
}

/** Consumes the assertion's id. Returns false for a replay. The rules demand `jti` and `exp`. */
async function consume(store: TenantStore, { iss, jti = "", exp = 0 }: AssertionClaims): Promise<boolean> {
  const end = Math.ceil((exp + toleranceSeconds) * 1000);
  return await store.usedTokens.consume(hashToken(`id-jag/${iss}/${jti}`), end);
}
