import {
  createProvisioningClient,
  retireProvisioningSecret,
  revokeProvisioningClient,
  rotateProvisioningSecret,
} from "../directory/provisioning-clients.ts";
import { provisioningEndpoints } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";
import { agentStore } from "../store/agents.ts";
import type { Database } from "../store/database.ts";
import type { Command } from "./command.ts";

/** The operator's commands for the client by which Okta provisions all customers (OAuth 2.0 for SCIM). */
export const scimClientCommands: Command[] = [
  {
    name: "scim-client create",
    usage: "[--json]",
    summary: "Create the client that Okta uses for provisioning; its secret is shown this one time only",
    async run(_input, { database, config }) {
      const { clientId, secret: clientSecret } = await createProvisioningClient(database);
      const { authorizeEndpoint, tokenEndpoint } = provisioningEndpoints(config.baseUrl);
      return {
        json: { clientId, clientSecret, authorizeEndpoint, tokenEndpoint },
        text: `Client: ${clientId}\nSecret, shown only now: ${clientSecret}\nAuthorize endpoint: ${authorizeEndpoint}\nToken endpoint: ${tokenEndpoint}`,
      };
    },
  },
  {
    name: "scim-client list",
    usage: "[--json]",
    summary: "List the client that Okta uses for provisioning, and revoked ones",
    async run(_input, { database }) {
      const json = await clientsOf(database);
      const lines = json.map(({ clientId, secrets, revokedAt }) => {
        const hints = secrets.map(({ hint }) => `${hint}…`).join(" ");
        return `${clientId}\t${revokedAt ? `revoked ${revokedAt}` : hints}`;
      });
      return { json, text: lines.join("\n") || "There is no client yet." };
    },
  },
  {
    name: "scim-client rotate",
    usage: "[--retire] [--json]",
    summary: "Give the client a second secret, shown this one time only; with --retire, remove the older one",
    switches: ["retire"],
    async run(input, { database }) {
      if (input.isSet("retire")) {
        const { clientId, hint } = await retireProvisioningSecret(database);
        return { json: { clientId, retired: hint }, text: `The secret ${hint}… no longer works.` };
      }
      const { clientId, secret: clientSecret } = await rotateProvisioningSecret(database);
      const text = `Secret, shown only now: ${clientSecret}\nThe former secret works until you run this again with --retire.`;
      return { json: { clientId, clientSecret }, text };
    },
  },
  {
    name: "scim-client revoke",
    usage: "<client id> --yes [--json]",
    summary: "Revoke the client for ever, and end the provisioning that customers allowed it",
    positionals: ["client id"],
    switches: ["yes"],
    async run(input, { database }) {
      const clientId = input.positional("client id");
      if (!input.isSet("yes"))
        throw new InvalidError("Every customer has to connect Okta again. Add --yes to confirm.");
      await revokeProvisioningClient(database, clientId);
      return { json: { revoked: clientId }, text: "The client and what customers allowed it are revoked." };
    },
  },
];

async function clientsOf(database: Database) {
  const agents = agentStore(database);
  return await Promise.all(
    (await agents.ofDeployment("provisioning")).map(async ({ clientId, createdAt, revokedAt }) => ({
      clientId,
      createdAt: new Date(createdAt).toISOString(),
      secrets: (await agents.secrets(clientId)).map((secret) => ({
        hint: secret.hint,
        createdAt: new Date(secret.createdAt).toISOString(),
      })),
      revokedAt: revokedAt === null ? null : new Date(revokedAt).toISOString(),
    })),
  );
}
