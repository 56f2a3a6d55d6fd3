import { randomUUID } from "node:crypto";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Agent, ClientKind } from "../model.ts";
import { type AgentSecret, agentStore } from "../store/agents.ts";
import type { Database } from "../store/database.ts";
import { hashToken, randomToken } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { checkShownName } from "./names.ts";

/** Makes a secret recognisable to secret scanners and to people who find it in a file. */
const prefixes: Record<ClientKind, string> = { agent: "oinagent_", provisioning: "oinclient_" };
const randomInHint = 4;
/** Two, so that a secret can be replaced without a moment in which none works. */
const maxSecrets = 2;

export interface NewAgent {
  /** null for an agent of the whole deployment. */
  tenantId: string | null;
  name: string;
  scopes: readonly string[];
  /** Where its keys are; null for an agent that gets a secret. */
  jwksUri: string | null;
}

/**
 * Registers an agent. Returns its secret, to show once; null if it has keys. Throws InvalidError for an unacceptable name,
 * or without a scope.
 */
export async function createAgent(
  database: Database,
  { tenantId, name, scopes, jwksUri }: NewAgent,
): Promise<{ agent: Agent; secret: string | null }> {
  const shownName = checkAgentName(name);
  if (scopes.length === 0) throw new InvalidError("An agent needs at least one scope.");
  const clientId = `agent_${randomUUID()}`;
  return await database.transaction(async (joined) => {
    const agents = agentStore(joined);
    await agents.create({ kind: "agent", clientId, tenantId, name: shownName, jwksUri, scopes: [...scopes] });
    const secret = jwksUri === null ? await addSecret(joined, { kind: "agent", clientId }) : null;
    return { agent: (await agents.byId(clientId)) as Agent, secret };
  });
}

/** Returns an agent's name as it is stored. Throws InvalidError. */
export function checkAgentName(name: string): string {
  const shownName = name.trim();
  if (shownName === "" || shownName.length > 100)
    throw new InvalidError("An agent's name must have 1 to 100 characters.");
  checkShownName("The agent's name", shownName);
  return shownName;
}

/** Gives an agent a second secret, to replace the first. Throws NotFoundError, or ConflictError `too-many-secrets`. */
export async function addAgentSecret(database: Database, clientId: string): Promise<string> {
  return await database.transaction(async (joined) => {
    const agents = agentStore(joined);
    const agent = await agents.lock(clientId);
    if (!agent || agent.revokedAt !== null) throw new NotFoundError("There is no such client.");
    if (agent.jwksUri !== null) throw new InvalidError("This agent signs with its keys and has no secret.");
    if ((await agents.secrets(clientId)).length >= maxSecrets)
      throw new ConflictError("too-many-secrets", "The agent has two secrets. Remove one of them first.");
    return await addSecret(joined, agent);
  });
}

/** Removes a secret. Throws NotFoundError, or ConflictError `last-secret` for the only one. */
export async function removeAgentSecret(database: Database, clientId: string, hash: string): Promise<void> {
  await database.transaction(async (joined) => {
    const agents = agentStore(joined);
    await agents.lock(clientId);
    const secrets = await agents.secrets(clientId);
    if (!secrets.some((secret) => secret.hash === hash)) throw new NotFoundError("There is no such secret.");
    if (secrets.length === 1)
      throw new ConflictError("last-secret", "This is the only secret. Add another one first.");
    await agents.removeSecret(clientId, hash);
  });
}

/** Gives a client another random secret, and returns it. */
export async function addSecret(
  database: Database,
  { kind, clientId }: Pick<Agent, "kind" | "clientId">,
): Promise<string> {
  const prefix = prefixes[kind];
  const secret = prefix + randomToken();
  const hint = secret.slice(0, prefix.length + randomInHint);
  await agentStore(database).addSecret(clientId, { hash: hashToken(secret), hint });
  return secret;
}

/** Whether a text is one of an agent's secrets. Compares hashes, to avoid a timing oracle. */
export function isSecretOf(secrets: readonly AgentSecret[], presented: string): boolean {
  const hash = hashToken(presented);
  return secrets.some((secret) => secret.hash === hash);
}

/** Blocks an agent in a tenant, or unblocks it. An unblocked agent needs new tokens. */
export async function blockAgent(
  store: TenantStore,
  agent: Pick<Agent, "clientId" | "name">,
  blocked: boolean,
): Promise<void> {
  await store.transaction(async (inside) => {
    await inside.agents.setBlocked(agent, blocked);
    if (!blocked) await inside.accessTokens.remove({ clientId: agent.clientId });
  });
}

/** Revokes an agent's access to a person's data, or allows it again without its former tokens. Throws NotFoundError. */
export async function revokeAgentGrant(
  store: TenantStore,
  userId: string,
  clientId: string,
  revoked: boolean,
): Promise<void> {
  await store.transaction(async (inside) => {
    if (!(await inside.agents.setRevoked(userId, clientId, revoked)))
      throw new NotFoundError("This agent has no access to your account.");
    if (!revoked) await inside.accessTokens.remove({ clientId, userId });
  });
}
