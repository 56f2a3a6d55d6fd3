import { brand } from "../../config/brand.ts";
import { apiScopes } from "../../config/integration.ts";
import { createApiKey, revokeApiKey } from "../directory/api-keys.ts";
import { mailsOf } from "../directory/mails.ts";
import { atLeast } from "../directory/roles.ts";
import { tenantBySlug } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { Role } from "../model.ts";
import type { ApiKey } from "../store/tenant/api-keys.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { visible } from "../visible.ts";
import type { Command, CommandInput } from "./command.ts";

const defaultDays = 90;

/** The operator's commands for people's API keys. */
export const apiKeyCommands: Command[] = [
  {
    name: "api-key create",
    usage: "<slug> --person LOGIN --name NAME [--scope SCOPE]... [--expires-days N | --never] [--json]",
    summary: `Create an API key that acts for an administrator, for ${defaultDays} days; it is shown this one time only`,
    positionals: ["slug"],
    values: ["person", "name", "expires-days"],
    lists: ["scope"],
    switches: ["never"],
    async run(input, { database, config }) {
      const tenant = await tenantBySlug(database, input.positional("slug"));
      const [loginName, name, days] = [input.required("person"), input.required("name"), readDays(input)];
      const created = await forTenant(database, tenant.id).transaction(async (store) => {
        const user = await store.users.byLoginName(loginName);
        if (!user?.active || user.blocked)
          throw new NotFoundError(`No one signs in to ${tenant.slug} as "${loginName}".`);
        const role = await store.roles.effective(user.id);
        const mails = mailsOf(config.mail !== null);
        const wanted = { prefix: brand.apiKeyPrefix, name, scopes: readScopes(input, role), days, mails };
        const key = await createApiKey(store, { user, role }, wanted);
        await record(store, "api_key.created", key.id, wanted.scopes);
        return key;
      });
      const baseUrl = config.baseUrl + paths.api;
      const expiresAt = isoOrNull(created.expiresAt);
      const end = expiresAt === null ? "It does not expire." : `It expires at ${expiresAt}.`;
      return {
        json: { id: created.id, key: created.key, baseUrl, expiresAt },
        text: `API key, shown only now: ${created.key}\nBase URL of the API: ${baseUrl}\n${end}`,
      };
    },
  },
  {
    name: "api-key list",
    usage: "<slug> [--json]",
    summary: "List the API keys of a tenant's people",
    positionals: ["slug"],
    async run(input, { database }) {
      const tenant = await tenantBySlug(database, input.positional("slug"));
      const json = (await forTenant(database, tenant.id).apiKeys.list()).map(toJson);
      const lines = json.map((key) =>
        [key.id, `${key.hint}…`, visible(key.name), visible(key.person), stateOf(key)].join("\t"),
      );
      return { json, text: lines.join("\n") || "This tenant has no API key yet." };
    },
  },
  {
    name: "api-key revoke",
    usage: "<slug> <key id> [--json]",
    summary: "Revoke an API key, at once",
    positionals: ["slug", "id"],
    async run(input, { database }) {
      const tenant = await tenantBySlug(database, input.positional("slug"));
      const id = input.positional("id");
      await forTenant(database, tenant.id).transaction(async (store) => {
        await revokeApiKey(store, id);
        await record(store, "api_key.revoked", id, []);
      });
      return { json: { revoked: id }, text: "The API key is revoked." };
    },
  },
];

/** All scopes that the role may have, unless some are named. */
function readScopes(input: CommandInput, role: Role): string[] {
  const known = apiScopes.filter((scope) => atLeast(role, scope.role)).map(({ name }) => name);
  const named = [...new Set(input.list("scope"))];
  const unknown = named.find((scope) => !known.includes(scope));
  if (unknown !== undefined)
    throw new InvalidError(
      `This person cannot have the scope "${unknown}". They can have ${known.join(", ")}.`,
    );
  return named.length === 0 ? known : named;
}

function readDays(input: CommandInput): number | null {
  const days = input.value("expires-days");
  if (!input.isSet("never")) return days === undefined ? defaultDays : Number(days);
  if (days !== undefined) throw new InvalidError("Give either --expires-days or --never.");
  return null;
}

async function record(
  store: TenantStore,
  action: string,
  targetId: string,
  changed: readonly string[],
): Promise<void> {
  const entry = { actorKind: "operator", actor: "cli", action, targetId, changed, requestId: null } as const;
  await store.activity.record(entry);
}

function toJson(key: ApiKey) {
  return {
    id: key.id,
    name: key.name,
    hint: key.hint,
    person: key.user.loginName,
    scopes: key.scopes,
    createdAt: isoOrNull(key.createdAt),
    expiresAt: isoOrNull(key.expiresAt),
    lastUsedAt: isoOrNull(key.lastUsedAt),
    revokedAt: isoOrNull(key.revokedAt),
  };
}

function stateOf(key: Pick<ReturnType<typeof toJson>, "revokedAt" | "expiresAt">): string {
  if (key.revokedAt) return `revoked ${key.revokedAt}`;
  return key.expiresAt ? `expires ${key.expiresAt}` : "does not expire";
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
