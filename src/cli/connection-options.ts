import type { Editor } from "../directory/connections.ts";
import { tenantBySlug } from "../directory/tenants.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { Connection, ConnectionType, OidcSettings } from "../model.ts";
import { checkIssuer } from "../oidc/issuer.ts";
import { checkAlias } from "../oidc/provider-facts.ts";
import type { Database } from "../store/database.ts";
import { type Sealer, sealer } from "../store/secrets.ts";
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

/** Reads the client secret from standard input. Returns it with the sealer for it. Throws InvalidError. */
export async function readClientSecret(
  input: CommandInput,
  { config, readStdin }: CommandContext,
): Promise<{ text: string; sealer: Sealer }> {
  if (!input.isSet("client-secret-stdin"))
    throw new InvalidError("Give the client secret on standard input, with --client-secret-stdin.");
  if (!config.dataKey)
    throw new InvalidError("DATA_KEY is missing: the client secret cannot be encrypted without it.");
  const text = await readStdin();
  if (text === "") throw new InvalidError("The client secret on standard input is empty.");
  return { text, sealer: sealer(config.dataKey, config.formerDataKeys) };
}

/** Reads --issuer-alias, and checks that issuer and alias are the same org. Throws InvalidError. */
export async function readIssuerAlias(
  input: CommandInput,
  context: CommandContext,
  issuer: string,
): Promise<string | undefined> {
  const given = input.value("issuer-alias");
  if (given === undefined) return undefined;
  const alias = checkIssuer(given, context.config.insecureAllowPrivateNetwork);
  await checkAlias(issuer, alias, fetchLimits(context));
  return alias;
}

/** Reads one of the names of a SAML connection's org. It signs under both of them with the same keys. Throws InvalidError. */
export function readOrgUrl(
  input: CommandInput,
  limits: FetchLimits,
  option: "org-url" | "org-url-alias",
): string | undefined {
  const given = input.value(option);
  return given === undefined ? undefined : checkIssuer(given, limits.allowPrivateNetwork);
}

/** The options for one protocol only, of all commands that create or change a connection. */
const protocolOptions: Record<ConnectionType, readonly string[]> = {
  oidc: [
    ...["issuer", "client-id", "client-secret-stdin", "issuer-alias", "no-issuer-alias"],
    ...["sign-out-of-provider", "max-age", "acr-values", "check"],
  ],
  saml: ["metadata", "entity-id", "app-instance-id", "org-url", "org-url-alias", "no-org-url-alias"],
};

/** Throws InvalidError for an option of the other protocol, which would have no effect. */
export function refuseOtherProtocol(input: CommandInput, type: ConnectionType): void {
  const other = type === "oidc" ? "saml" : "oidc";
  const foreign = protocolOptions[other].find((name) => input.isSet(name) || input.value(name) !== undefined);
  if (foreign) throw new InvalidError(`--${foreign} is for ${other.toUpperCase()} connections.`);
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
