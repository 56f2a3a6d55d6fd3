import type { Editor } from "../directory/connections.ts";
import { tenantBySlug } from "../directory/tenants.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { Connection, OidcSettings } from "../model.ts";
import type { Database } from "../store/database.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { configuredLimits, type FetchLimits } from "../trust/guarded-fetch.ts";
import type { CommandContext, CommandInput } from "./command.ts";

/** The connection that `<slug> --key KEY --type TYPE` names. Throws NotFoundError. */
export async function namedConnection(
  database: Database,
  input: CommandInput,
  type: string = input.required("type"),
): Promise<{ store: TenantStore; connection: Connection }> {
  const tenant = await tenantBySlug(database, input.positional("slug"));
  const store = forTenant(database, tenant.id);
  const key = input.required("key");
  const connection = (await store.connections.list()).find((one) => one.key === key && one.type === type);
  if (!connection) throw new NotFoundError(`${tenant.slug} has no ${type} connection "${key}".`);
  return { store, connection };
}

/** The editor to record for changes from the command line. */
export const operator: Editor = { by: "the operator", from: null, isGuest: false };

/** The limits for fetching URLs of identity providers. */
export function fetchLimits({ config }: CommandContext): FetchLimits {
  return configuredLimits(config);
}

/** The options that readRoleMapping() reads. */
export const roleMappingOptions = {
  usage: "[--role-claim NAME --admin-value VALUE …]",
  values: ["role-claim"],
  lists: ["admin-value"],
};

/** Reads which values of which claim or attribute make an admin. Throws InvalidError if only one of the two is given. */
export function readRoleMapping(input: CommandInput): OidcSettings["roleMapping"] | undefined {
  const [name, adminValues] = [input.value("role-claim"), input.list("admin-value")];
  if (name === undefined && adminValues.length === 0) return undefined;
  if (!name || adminValues.length === 0 || adminValues.includes(""))
    throw new InvalidError("--role-claim and --admin-value go together, and neither may be empty.");
  return { name, adminValues };
}
