import { createToken } from "../directory/provisioning-tokens.ts";
import { tenantBySlug } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import type { ProvisioningToken } from "../model.ts";
import type { ProvisioningGrant } from "../store/tenant/provisioning-grants.ts";
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
    summary: "List a tenant's provisioning tokens, and what its owners allowed Okta by OAuth 2.0",
    positionals: ["slug"],
    async run(input, { database }) {
      const tenant = await tenantBySlug(database, input.positional("slug"));
      const store = forTenant(database, tenant.id);
      const [tokens, grants] = [await store.tokens.list(), await store.provisioningGrants.list()];
      const json = [...tokens.map(toJson), ...grants.map(grantToJson)];
      const lines = json.map((one) => {
        const name = one.kind === "token" ? `${one.hint}…` : `OAuth 2.0, ${visible(one.allowedBy)}`;
        return `${one.id}\t${name}\t${visible(one.source)}\t${stateOf(one)}`;
      });
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
      const { tokens, provisioningGrants } = forTenant(database, tenant.id);
      if (!(await tokens.revoke(id)) && !(await provisioningGrants.end(id, "revoked"))) {
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
    kind: "token" as const,
    allowedBy: null,
  };
}

/** A grant has the same members: it expires if no one refreshes it, and is revoked when it ended. */
function grantToJson(grant: ProvisioningGrant) {
  return {
    id: grant.id,
    source: grant.sourceName,
    hint: null,
    createdAt: isoOrNull(grant.createdAt),
    expiresAt: isoOrNull(grant.refreshExpiresAt),
    lastUsedAt: isoOrNull(grant.lastUsedAt),
    revokedAt: isoOrNull(grant.endedAt),
    kind: "oauth" as const,
    allowedBy: grant.allowedBy,
  };
}

function stateOf(token: Pick<ReturnType<typeof toJson>, "revokedAt" | "expiresAt">): string {
  if (token.revokedAt) return `revoked ${token.revokedAt}`;
  return token.expiresAt ? `expires ${token.expiresAt}` : "does not expire";
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
