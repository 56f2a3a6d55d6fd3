import { NotFoundError } from "../errors.ts";
import type { Agent } from "../model.ts";
import { agentStore } from "../store/agents.ts";
import type { Database } from "../store/database.ts";
import type { AgentGrant, TenantAgent } from "../store/tenant/agents.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/** An agent as a tenant's administrators see it. */
export interface AgentInTenant extends TenantAgent {
  /** `document` if no one registered it: its client ID is the URL of a metadata document. */
  registeredBy: "tenant" | "operator" | "document";
  /** The scopes that it may ever have; null if only the identity provider limits them. */
  scopes: string[] | null;
  jwksUri: string | null;
  createdAt: number | null;
  revokedAt: number | null;
}

/** The agents that the tenant or the operator registered, and those that acted in the tenant. The latest use is first. */
export async function agentsOf(database: Database, store: TenantStore): Promise<AgentInTenant[]> {
  const registered = [...(await store.agents.registered()), ...(await agentStore(database).ofDeployment())];
  const known = await store.agents.known();
  const byId = new Map(known.map((one) => [one.clientId, one]));
  const ids = new Set(registered.map(({ clientId }) => clientId));
  return [
    ...registered.map((agent) => describeAgent(agent, byId.get(agent.clientId) ?? null)),
    ...known.filter(({ clientId }) => !ids.has(clientId)).map(describeUnregistered),
  ].sort((a, b) => (b.lastUsedAt ?? 0) - (a.lastUsedAt ?? 0));
}

/** Throws NotFoundError if the tenant does not see such an agent: another tenant's, or one that never acted here. */
export async function agentOf(
  database: Database,
  store: TenantStore,
  clientId: string,
): Promise<AgentInTenant> {
  const agent = await agentStore(database).byId(clientId);
  const known = await store.agents.find(clientId);
  if (agent?.kind === "agent" && [null, store.tenantId].includes(agent.tenantId))
    return describeAgent(agent, known);
  if (agent || !known) throw new NotFoundError("There is no such agent.");
  return describeUnregistered(known);
}

/** Throws NotFoundError unless the tenant itself registered the agent. Only such an agent is the tenant's to change. */
export async function ownAgent(
  database: Database,
  store: TenantStore,
  clientId: string,
): Promise<AgentInTenant> {
  const agent = await agentOf(database, store, clientId);
  if (agent.registeredBy !== "tenant") throw new NotFoundError("There is no such agent.");
  return agent;
}

/** Revokes an agent of the tenant for ever. Throws NotFoundError, also if it is revoked already. */
export async function revokeOwnAgent(
  database: Database,
  store: TenantStore,
  clientId: string,
): Promise<void> {
  await ownAgent(database, store, clientId);
  await agentStore(database).revoke(clientId);
}

/** An agent's access to a person's data, and whether it can use it. */
export interface AgentAccess extends AgentGrant {
  /** The reason why the agent cannot use it; null if it can. */
  endedBy: "person" | "administrators" | "revocation" | null;
}

/** The agents with access to a person's data, the latest first. Those that no longer have it say who ended it. */
export async function agentsActingFor(
  database: Database,
  store: TenantStore,
  userId: string,
): Promise<AgentAccess[]> {
  const found: AgentAccess[] = [];
  for (const grant of await store.agents.grantsOf(userId)) {
    const isRevoked = ((await agentStore(database).byId(grant.clientId))?.revokedAt ?? null) !== null;
    found.push({ ...grant, endedBy: whyEnded(grant, isRevoked) });
  }
  return found;
}

function whyEnded({ blockedAt, revokedAt }: AgentGrant, isRevoked: boolean): AgentAccess["endedBy"] {
  if (isRevoked) return "revocation";
  if (blockedAt !== null) return "administrators";
  return revokedAt === null ? null : "person";
}

function describeAgent(agent: Agent, known: TenantAgent | null): AgentInTenant {
  const { clientId, name, scopes, jwksUri, createdAt, revokedAt } = agent;
  return {
    clientId,
    name,
    scopes,
    jwksUri,
    createdAt,
    revokedAt,
    registeredBy: agent.tenantId === null ? "operator" : "tenant",
    blockedAt: known?.blockedAt ?? null,
    lastUsedAt: known?.lastUsedAt ?? null,
    lastPerson: known?.lastPerson ?? null,
  };
}

function describeUnregistered(known: TenantAgent): AgentInTenant {
  const unregistered = { scopes: null, jwksUri: null, createdAt: null, revokedAt: null };
  return { ...known, ...unregistered, registeredBy: "document" };
}
