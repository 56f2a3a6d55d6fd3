import { apiScopes } from "../../config/integration.ts";
import { addAgentSecret, createAgent, removeAgentSecret } from "../directory/agents.ts";
import { tenantBySlug } from "../directory/tenants.ts";
import { crossAppAccessUrls } from "../endpoints.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { Agent } from "../model.ts";
import { type AgentSecret, agentStore } from "../store/agents.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { checkedUrl } from "../trust/guarded-fetch.ts";
import { visible } from "../visible.ts";
import type { Command, CommandInput } from "./command.ts";

/** The operator's commands for agents, which are OAuth clients of our authorization server. */
export const clientCommands: Command[] = [
  {
    name: "client create",
    usage: "--name NAME [--tenant SLUG] [--scope SCOPE … | --scopes 'SCOPE SCOPE'] [--jwks-uri URL] [--json]",
    summary: "Register an agent, for all tenants or for one; its secret is shown this one time only",
    values: ["name", "tenant", "scopes", "jwks-uri"],
    lists: ["scope"],
    async run(input, { database, config }) {
      const { agent, secret } = await createAgent(database, {
        tenantId: await tenantIdOf(database, input.value("tenant")),
        name: input.required("name"),
        scopes: readScopes(input),
        jwksUri: readJwksUri(input, config.insecureAllowPrivateNetwork),
      });
      const { issuer, tokenEndpoint } = crossAppAccessUrls(config.baseUrl);
      const proof = secret === null ? "It authenticates with its keys." : `Secret, shown only now: ${secret}`;
      return {
        json: { client: await toJson(database, agent), clientSecret: secret, issuer, tokenEndpoint },
        text: `Agent: ${agent.clientId}\n${proof}\nIssuer: ${issuer}\nToken endpoint: ${tokenEndpoint}`,
      };
    },
  },
  {
    name: "client list",
    usage: "[--tenant SLUG] [--json]",
    summary: "List the agents of the deployment, or those that a tenant registered",
    values: ["tenant"],
    async run(input, { database }) {
      const tenantId = await tenantIdOf(database, input.value("tenant"));
      const agents = await (tenantId === null
        ? agentStore(database).ofDeployment()
        : forTenant(database, tenantId).agents.registered());
      const json = await Promise.all(agents.map((agent) => toJson(database, agent)));
      const lines = json.map(({ clientId, name, scopes, revokedAt }) =>
        [clientId, visible(name), scopes.join(" "), ...(revokedAt ? [`revoked ${revokedAt}`] : [])].join(
          "\t",
        ),
      );
      return { json, text: lines.join("\n") || "There is no agent yet." };
    },
  },
  {
    name: "client add-secret",
    usage: "<client id> [--json]",
    summary: "Give an agent a second secret, to replace the first; it is shown this one time only",
    positionals: ["client id"],
    async run(input, { database }) {
      const clientId = input.positional("client id");
      const clientSecret = await addAgentSecret(database, clientId);
      return { json: { clientId, clientSecret }, text: `Secret, shown only now: ${clientSecret}` };
    },
  },
  {
    name: "client remove-secret",
    usage: "<client id> <hint> [--json]",
    summary: "Remove one of an agent's two secrets, by its first characters as client list shows them",
    positionals: ["client id", "hint"],
    async run(input, { database }) {
      const clientId = input.positional("client id");
      const { hash, hint } = await secretOf(database, clientId, input.positional("hint"));
      await removeAgentSecret(database, clientId, hash);
      return { json: { clientId, removed: hint }, text: `The secret ${hint}… no longer works.` };
    },
  },
  {
    name: "client revoke",
    usage: "<client id> --yes [--json]",
    summary: "Revoke an agent for ever, and all of its access tokens",
    positionals: ["client id"],
    switches: ["yes"],
    async run(input, { database }) {
      const clientId = input.positional("client id");
      if (!input.isSet("yes"))
        throw new InvalidError("The agent can never act here again, in any tenant. Add --yes to confirm.");
      await agentStore(database).revoke(clientId);
      return { json: { revoked: clientId }, text: "The agent and its access tokens are revoked." };
    },
  },
];

async function tenantIdOf(database: Database, slug: string | undefined): Promise<string | null> {
  return slug === undefined ? null : (await tenantBySlug(database, slug)).id;
}

/** All scopes, unless some are named. */
function readScopes(input: CommandInput): string[] {
  const known = apiScopes.map(({ name }) => name);
  const named = [...input.list("scope"), ...(input.value("scopes") ?? "").split(" ")].filter(Boolean);
  const unknown = named.find((scope) => !known.includes(scope));
  if (unknown !== undefined)
    throw new InvalidError(`There is no scope "${unknown}". The scopes are ${known.join(", ")}.`);
  return named.length === 0 ? known : [...new Set(named)];
}

function readJwksUri(input: CommandInput, allowPrivateNetwork: boolean): string | null {
  const address = input.value("jwks-uri");
  return address === undefined ? null : checkedUrl(address, allowPrivateNetwork).href;
}

/** Throws NotFoundError, or InvalidError if both secrets begin like this. */
async function secretOf(database: Database, clientId: string, start: string): Promise<AgentSecret> {
  const [secret, another] = (await agentStore(database).secrets(clientId)).filter(
    ({ hint }) => start.startsWith(hint) || hint.startsWith(start),
  );
  if (!secret) throw new NotFoundError("The agent has no secret that begins like this.");
  if (another) throw new InvalidError("Both secrets begin like this. Give more characters.");
  return secret;
}

async function toJson(database: Database, agent: Agent) {
  const { clientId, name, tenantId, scopes, jwksUri, createdAt, revokedAt } = agent;
  const tenant = tenantId === null ? null : await systemStore(database).tenants.byId(tenantId);
  const secrets = await agentStore(database).secrets(clientId);
  return {
    clientId,
    name,
    tenant: tenant?.slug ?? null,
    scopes,
    jwksUri,
    createdAt: new Date(createdAt).toISOString(),
    secrets: secrets.map((secret) => ({
      hint: secret.hint,
      createdAt: new Date(secret.createdAt).toISOString(),
    })),
    revokedAt: revokedAt === null ? null : new Date(revokedAt).toISOString(),
  };
}
