import { randomUUID } from "node:crypto";
import { ConflictError, NotFoundError } from "../errors.ts";
import type { Agent } from "../model.ts";
import { agentStore } from "../store/agents.ts";
import type { Database } from "../store/database.ts";
import { provisioningGrantStore } from "../store/provisioning-grants.ts";
import { addAgentSecret, addSecret, removeAgentSecret } from "./agents.ts";

/** The one scope of provisioning. Okta's wizard has a field for it, which may stay empty. */
export const provisioningScope = "scim";

/**
 * The client by which Okta provisions all customers (OAuth 2.0 for SCIM): the wizard takes one client ID and one secret. Null
 * if the operator has created none, so that customers enter a token in Okta.
 */
export async function provisioningClient(database: Database): Promise<Agent | null> {
  const clients = await agentStore(database).ofDeployment("provisioning");
  return clients.find(({ revokedAt }) => revokedAt === null) ?? null;
}

/** Creates the client. Returns its secret, to show once. Throws ConflictError `client-exists`. */
export async function createProvisioningClient(
  database: Database,
): Promise<{ clientId: string; secret: string }> {
  return await database.transaction(async (joined) => {
    if (await provisioningClient(joined))
      throw new ConflictError(
        "client-exists",
        "There is a client already. Rotate its secret, or revoke it first.",
      );
    const client = { kind: "provisioning" as const, clientId: `scim_${randomUUID()}` };
    const rest = { tenantId: null, name: "Okta provisioning", jwksUri: null, scopes: [provisioningScope] };
    await agentStore(joined).create({ ...client, ...rest });
    return { clientId: client.clientId, secret: await addSecret(joined, client) };
  });
}

/**
 * Gives the client a second secret, to replace the first: both work until retireProvisioningSecret(). Throws NotFoundError,
 * or ConflictError `too-many-secrets`.
 */
export async function rotateProvisioningSecret(
  database: Database,
): Promise<{ clientId: string; secret: string }> {
  const { clientId } = await requireProvisioningClient(database);
  return { clientId, secret: await addAgentSecret(database, clientId) };
}

/** Removes the older of the client's two secrets. Throws NotFoundError, or ConflictError `last-secret` for the only one. */
export async function retireProvisioningSecret(
  database: Database,
): Promise<{ clientId: string; hint: string }> {
  const { clientId } = await requireProvisioningClient(database);
  const [oldest] = await agentStore(database).secrets(clientId);
  if (!oldest) throw new NotFoundError("The client has no secret.");
  await removeAgentSecret(database, clientId, oldest.hash);
  return { clientId, hint: oldest.hint };
}

/** Revokes the client for ever, with all that customers allowed it. Throws NotFoundError. */
export async function revokeProvisioningClient(database: Database, clientId: string): Promise<void> {
  await database.transaction(async (joined) => {
    await agentStore(joined).revoke(clientId, "provisioning");
    await provisioningGrantStore(joined).endOfClient(clientId);
  });
}

async function requireProvisioningClient(database: Database): Promise<Agent> {
  const client = await provisioningClient(database);
  if (!client) throw new NotFoundError("There is no client yet: create one first.");
  return client;
}
