import { createToken } from "../directory/provisioning-tokens.ts";
import { tenantBySlug } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import type { ProvisioningToken } from "../model.ts";
import { forTenant } from "../store/tenant-store.ts";
import { visible } from "../visible.ts";
import type { Command } from "./command.ts";

/** The operator's commands for provisioning tokens. */
export const tokenCommands: Command[] = [
  {
    name: "token create",
    usage: "<slug> [--source NAME] [--expires-days N] [--json]",
    summary: "Create a provisioning token; it is shown this one time only",
    positionals: ["slug"],
    values: ["source", "expires-days"],
    async run(input, { database, config }) {
      const tenant = await tenantBySlug(database, input.positional("slug"));
      const days = input.value("expires-days");
      const created = await createToken(
        forTenant(database, tenant.id),
        input.value("source"),
        days === undefined ? null : Number(days),
      );
      const { token } = created;
      const baseUrl = config.baseUrl + paths.scim;
      const expiresAt = isoOrNull(created.expiresAt);
      const end = expiresAt === null ? "It does not expire." : `It expires at ${expiresAt}.`;
      return {
        json: { token, baseUrl, expiresAt },
        text: `Token, shown only now: ${token}\nSCIM base URL: ${baseUrl}\n${end}`,
      };
    },
  },
  {
    name: "token list",
    usage: "<slug> [--json]",
    summary: "List a tenant's provisioning tokens",
    positionals: ["slug"],
    async run(input, { database }) {
      const tenant = await tenantBySlug(database, input.positional("slug"));
      const json = (await forTenant(database, tenant.id).tokens.list()).map(toJson);
      const lines = json.map(
        (token) => `${token.id}\t${token.hint}…\t${visible(token.source)}\t${stateOf(token)}`,
      );
      return { json, text: lines.join("\n") || "This tenant has no provisioning token yet." };
    },
  },
  {
    name: "token revoke",
    usage: "<slug> <token id> [--json]",
    summary: "Revoke a provisioning token, at once",
    positionals: ["slug", "id"],
    async run(input, { database }) {
      const tenant = await tenantBySlug(database, input.positional("slug"));
      const id = input.positional("id");
      if (!(await forTenant(database, tenant.id).tokens.revoke(id))) {
        throw new NotFoundError(`${tenant.slug} has no active token "${id}".`);
      }
      return { json: { revoked: id }, text: "The token is revoked." };
    },
  },
];

function toJson(token: ProvisioningToken) {
  return {
    id: token.id,
    source: token.sourceName,
    hint: token.hint,
    createdAt: isoOrNull(token.createdAt),
    expiresAt: isoOrNull(token.expiresAt),
    lastUsedAt: isoOrNull(token.lastUsedAt),
    revokedAt: isoOrNull(token.revokedAt),
  };
}

function stateOf(token: ReturnType<typeof toJson>): string {
  if (token.revokedAt) return `revoked ${token.revokedAt}`;
  return token.expiresAt ? `expires ${token.expiresAt}` : "does not expire";
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
