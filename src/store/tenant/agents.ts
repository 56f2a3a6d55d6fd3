import type { Agent } from "../../model.ts";
import { type AgentRow, agentColumns, splitWords, toAgent } from "../agents.ts";
import type { TenantScope } from "./scope.ts";

/** An agent that acted in a tenant, or that its administrators blocked. */
export interface TenantAgent {
  clientId: string;
  name: string;
  blockedAt: number | null;
  lastUsedAt: number | null;
  /** The person for whom it acted last; null if that person is gone. */
  lastPerson: { id: string; loginName: string } | null;
}

/** An agent's access to one person's data. */
export interface AgentGrant {
  clientId: string;
  /** The agent's name. */
  name: string;
  scopes: string[];
  firstUsedAt: number;
  lastUsedAt: number;
  /** When the person revoked the access; null if they did not. */
  revokedAt: number | null;
  /** When the tenant's administrators blocked the agent; null if they did not. */
  blockedAt: number | null;
}

/** A person for whom an agent acted. */
export interface AgentUser {
  id: string;
  loginName: string;
  scopes: string[];
  lastUsedAt: number;
  revokedAt: number | null;
}

interface TenantAgentRow {
  client_id: string;
  name: string;
  blocked_at: number | null;
  last_used_at: number | null;
  user_id: string | null;
  login_name: string | null;
}

interface GrantRow {
  client_id: string;
  name: string;
  scopes: string;
  first_used_at: number;
  last_used_at: number;
  revoked_at: number | null;
  blocked_at: number | null;
}

const ofAgent = ["client_id", "name", "blocked_at", "last_used_at"].map(
  (column) => `tenant_agents.${column}`,
);
const ofGrant = ["client_id", "scopes", "first_used_at", "last_used_at", "revoked_at"].map(
  (column) => `agent_grants.${column}`,
);

/** The agents of one tenant: those that it registered, and those that acted there. */
export function tenantAgents(scope: TenantScope, now: () => number) {
  function withPerson() {
    const query = scope.rows("tenant_agents");
    scope.leftJoin(query, "users", "id", "tenant_agents.last_user_id");
    return query.select([...ofAgent, "users.id as user_id", "users.login_name"]);
  }

  return {
    /** The agents that the tenant's administrators registered, oldest first. */
    async registered(): Promise<Agent[]> {
      const rows = scope.rows("agents").orderBy(["created_at", "client_id"]).select(agentColumns);
      return ((await rows) as AgentRow[]).map(toAgent);
    },

    /** The agents that acted here or are blocked, the latest first. */
    async known(): Promise<TenantAgent[]> {
      const rows = withPerson()
        .orderBy("tenant_agents.last_used_at", "desc")
        .orderBy("tenant_agents.client_id");
      return ((await rows) as TenantAgentRow[]).map(toTenantAgent);
    },

    async find(clientId: string): Promise<TenantAgent | null> {
      const row = await withPerson().where("tenant_agents.client_id", clientId).first();
      return row ? toTenantAgent(row as TenantAgentRow) : null;
    },

    /** Records that an agent acts for a person. Keeps a block. */
    async recordUse(agent: Pick<Agent, "clientId" | "name">, userId: string): Promise<void> {
      const use = { name: agent.name, last_used_at: now(), last_user_id: userId };
      await scope.upsert("tenant_agents", { client_id: agent.clientId, ...use }, ["client_id"]);
    },

    async setBlocked({ clientId, name }: Pick<Agent, "clientId" | "name">, blocked: boolean): Promise<void> {
      const row = { client_id: clientId, name, blocked_at: blocked ? now() : null };
      await scope.upsert("tenant_agents", row, ["client_id"]);
    },

    /** The agents with access to a person's data, the latest first; also those that the person revoked. */
    async grantsOf(userId: string): Promise<AgentGrant[]> {
      const query = scope.rows("agent_grants").where("agent_grants.user_id", userId);
      scope.join(query, "tenant_agents", "client_id", "agent_grants.client_id");
      const rows = query.orderBy("agent_grants.last_used_at", "desc").orderBy("agent_grants.client_id");
      const columns = [...ofGrant, "tenant_agents.name", "tenant_agents.blocked_at"];
      return ((await rows.select(columns)) as GrantRow[]).map(toGrant);
    },

    /** The people for whom an agent acted, the latest first; also those who revoked it. */
    async usersOf(clientId: string, limit: number): Promise<AgentUser[]> {
      const query = scope.rows("agent_grants").where("agent_grants.client_id", clientId);
      scope.join(query, "users", "id", "agent_grants.user_id");
      const rows = query.orderBy("agent_grants.last_used_at", "desc").orderBy("users.id").limit(limit);
      const found: (GrantRow & { id: string; login_name: string })[] = await rows.select([
        ...ofGrant,
        "users.id",
        "users.login_name",
      ]);
      return found.map((row) => ({
        id: row.id,
        loginName: row.login_name,
        scopes: splitWords(row.scopes),
        lastUsedAt: row.last_used_at,
        revokedAt: row.revoked_at,
      }));
    },

    /** Whether the person revoked the agent's access. */
    async isRevoked(userId: string, clientId: string): Promise<boolean> {
      const row = scope.rows("agent_grants").where({ user_id: userId, client_id: clientId });
      return (await row.whereNotNull("revoked_at").first("client_id")) !== undefined;
    },

    /** Records the scopes that an agent has for a person. */
    async recordGrant(userId: string, clientId: string, scopes: readonly string[]): Promise<void> {
      const at = now();
      const use = { scopes: scopes.join(" "), last_used_at: at };
      const one = scope.rows("agent_grants").where({ user_id: userId, client_id: clientId });
      if (((await one.update(use)) as number) > 0) return;
      const row = { user_id: userId, client_id: clientId, ...use, first_used_at: at };
      await scope.insertMany("agent_grants", [row], "ignore-existing");
    },

    /** Revokes an agent's access to a person's data, or allows it again. Returns whether there was any. */
    async setRevoked(userId: string, clientId: string, revoked: boolean): Promise<boolean> {
      const one = scope.rows("agent_grants").where({ user_id: userId, client_id: clientId });
      return ((await one.update({ revoked_at: revoked ? now() : null })) as number) > 0;
    },
  };
}

function toTenantAgent(row: TenantAgentRow): TenantAgent {
  return {
    clientId: row.client_id,
    name: row.name,
    blockedAt: row.blocked_at,
    lastUsedAt: row.last_used_at,
    lastPerson: row.user_id === null ? null : { id: row.user_id, loginName: row.login_name ?? "" },
  };
}

function toGrant(row: GrantRow): AgentGrant {
  return {
    clientId: row.client_id,
    name: row.name,
    scopes: splitWords(row.scopes),
    firstUsedAt: row.first_used_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
    blockedAt: row.blocked_at,
  };
}
