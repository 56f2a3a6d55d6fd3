import { ConflictError, NotFoundError } from "../errors.ts";
import type { Agent, ClientKind } from "../model.ts";
import type { Database } from "./database.ts";
import { mapUniqueViolation } from "./sql-errors.ts";

export interface AgentRow {
  kind: ClientKind;
  client_id: string;
  tenant_id: string | null;
  name: string;
  jwks_uri: string | null;
  scopes: string;
  created_at: number;
  revoked_at: number | null;
}

export const agentColumns = [
  "kind",
  "client_id",
  "tenant_id",
  "name",
  "jwks_uri",
  "scopes",
  "created_at",
  "revoked_at",
].map((column) => `agents.${column}`);

export function toAgent(row: AgentRow): Agent {
  return {
    kind: row.kind,
    clientId: row.client_id,
    tenantId: row.tenant_id,
    name: row.name,
    jwksUri: row.jwks_uri,
    scopes: splitWords(row.scopes),
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}

/** The scopes or resources of a column, which are separated by spaces (RFC 6749 §3.3). */
export function splitWords(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

/** A secret of an agent, without the secret. */
export interface AgentSecret {
  /** SHA-256 of the secret, which also identifies it. */
  hash: string;
  /** The first characters of the secret, to tell secrets apart. */
  hint: string;
  createdAt: number;
}

/** The agents of the deployment and of all its tenants: the token endpoint finds one before it knows a tenant. */
export function agentStore(database: Database, now: () => number = Date.now) {
  const one = (clientId: string) => database.sql()("agents").where("client_id", clientId);
  return {
    async create(agent: Omit<Agent, "createdAt" | "revokedAt">): Promise<void> {
      const { kind, clientId, tenantId, name, jwksUri, scopes } = agent;
      const row = { kind, client_id: clientId, tenant_id: tenantId, name, jwks_uri: jwksUri };
      await database
        .sql()("agents")
        .insert({ ...row, scopes: scopes.join(" "), created_at: now() });
    },

    async byId(clientId: string): Promise<Agent | null> {
      const row = (await one(clientId).first(agentColumns)) as AgentRow | undefined;
      return row ? toAgent(row) : null;
    },

    /** The clients of a kind that the operator registered for all tenants, oldest first. */
    async ofDeployment(kind: ClientKind = "agent"): Promise<Agent[]> {
      const rows = database
        .sql()("agents")
        .where({ kind })
        .whereNull("tenant_id")
        .orderBy(["created_at", "client_id"]);
      return ((await rows.select(agentColumns)) as AgentRow[]).map(toAgent);
    },

    /** Revokes an agent for ever. Throws NotFoundError if there is no such agent, or it is revoked already. */
    async revoke(clientId: string, kind: ClientKind = "agent"): Promise<void> {
      const changed = await one(clientId)
        .where({ kind })
        .whereNull("revoked_at")
        .update({ revoked_at: now() });
      if ((changed as number) === 0) throw new NotFoundError("There is no such agent.");
    },

    /** An agent's secrets, oldest first. */
    async secrets(clientId: string): Promise<AgentSecret[]> {
      const rows = (await database
        .sql()("agent_secrets")
        .where("client_id", clientId)
        .orderBy(["created_at", "secret_hash"])
        .select(["secret_hash", "hint", "created_at"])) as {
        secret_hash: string;
        hint: string;
        created_at: number;
      }[];
      return rows.map((row) => ({ hash: row.secret_hash, hint: row.hint, createdAt: row.created_at }));
    },

    async addSecret(clientId: string, { hash, hint }: Pick<AgentSecret, "hash" | "hint">): Promise<void> {
      const row = { secret_hash: hash, client_id: clientId, hint, created_at: now() };
      await mapUniqueViolation(database.sql()("agent_secrets").insert(row), {
        secret_hash: () => new ConflictError("stale", "This secret exists already."),
      });
    },

    /** Returns whether the agent had this secret. */
    async removeSecret(clientId: string, hash: string): Promise<boolean> {
      const removed = database.sql()("agent_secrets").where({ client_id: clientId, secret_hash: hash });
      return ((await removed.delete()) as number) > 0;
    },

    /** Locks the agent's row until the transaction ends. */
    async lock(clientId: string): Promise<Agent | null> {
      const row = (await one(clientId).forNoKeyUpdate().first(agentColumns)) as AgentRow | undefined;
      return row ? toAgent(row) : null;
    },
  };
}
