import { apiScopes } from "../../config/integration.ts";
import { issueAccessToken } from "../../src/directory/access-tokens.ts";
import { createAgent } from "../../src/directory/agents.ts";
import { crossAppAccessUrls } from "../../src/endpoints.ts";
import type { Role, User } from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import { defaultSessionLimits } from "../../src/store/session-store.ts";
import type { TestTenant } from "./people.ts";

interface AgentAccess {
  user: User;
  role?: Role;
  name?: string;
  scopes?: readonly string[];
  resources?: readonly string[];
}

/** An access token of a new agent of the tenant, for the API and the MCP server of the application at `url`. */
export async function agentToken(
  database: Database,
  { tenant, store, connection }: TestTenant,
  url: string,
  { user, role = "member", name = "Task helper", ...wanted }: AgentAccess,
): Promise<string> {
  const { apiResource, mcpResource } = crossAppAccessUrls(url);
  const { scopes = apiScopes.map(({ name }) => name), resources = [apiResource, mcpResource] } = wanted;
  const { agent } = await createAgent(database, { tenantId: tenant.id, name, scopes, jwksUri: null });
  const { id: connectionId } = await connection();
  const grant = { user, role, agent, scopes, resources, connectionId, act: null, keyThumbprint: null };
  return (await issueAccessToken(store, grant, defaultSessionLimits)).token;
}
