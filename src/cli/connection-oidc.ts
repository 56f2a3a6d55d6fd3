import { recordEdit, rotateSecret } from "../directory/connections.ts";
import { InvalidError } from "../errors.ts";
import type { OidcSettings } from "../model.ts";
import { checkAcrValues, checkIssuer, checkMaxAge } from "../oidc/issuer.ts";
import { checkAlias, readProvider } from "../oidc/provider-facts.ts";
import { type Sealer, sealer } from "../store/secrets.ts";
import type { Command, CommandContext, CommandInput } from "./command.ts";
import { fetchLimits, namedConnection, operator } from "./connection-options.ts";
import { type ConnectionProtocol, notComplete } from "./connection-protocol.ts";

const commands: readonly Command[] = [
  {
    name: "connection rotate-secret",
    usage: "<slug> --key KEY --client-secret-stdin [--json]",
    summary: "Give an OIDC connection a new client secret; the old one stays in use until the new one works",
    positionals: ["slug"],
    values: ["key"],
    switches: ["client-secret-stdin"],
    async run(input, context) {
      const { store, connection } = await namedConnection(context.database, input, "oidc");
      const secret = await readClientSecret(input, context);
      await store.transaction(async (inside) => {
        await rotateSecret(inside, secret.sealer, connection.id, secret.text);
        await recordEdit(inside, connection.id, operator);
      });
      const { key } = connection;
      const text = `${key} has a new secret. The old one stays in use until the new one works, and is deleted then.`;
      return { json: { key, type: "oidc", rotated: true }, text };
    },
  },
  {
    name: "connection check",
    usage: "<slug> --key KEY [--json]",
    summary: "Read an OIDC connection's discovery document and keys, and check whether a sign-in can work",
    positionals: ["slug"],
    values: ["key"],
    async run(input, context) {
      const { connection } = await namedConnection(context.database, input, "oidc");
      if (connection.type !== "oidc" || !connection.settings) throw notComplete();
      const { issuer } = connection.settings;
      const json = await readProvider(issuer, fetchLimits(context));
      const lines = Object.entries(json).map(([name, value]) => `  ${name}: ${[value ?? "none"].join(", ")}`);
      return { json, text: [`${issuer} answers correctly.`, ...lines].join("\n") };
    },
  },
];

export const oidcProtocol: ConnectionProtocol<OidcSettings> = {
  creation: {
    usage:
      "--issuer URL --client-id ID --client-secret-stdin [--issuer-alias URL] [--sign-out-of-provider] [--check]",
    values: ["issuer", "issuer-alias", "client-id"],
    switches: ["client-secret-stdin", "sign-out-of-provider", "check"],
  },
  change: {
    usage:
      "[--issuer URL --yes] [--client-id ID] [--issuer-alias URL | --no-issuer-alias] [--sign-out-of-provider on|off] " +
      "[--max-age MINUTES|off] [--acr-values CLASSES|off] [--check]",
    values: ["issuer", "client-id", "issuer-alias", "sign-out-of-provider", "max-age", "acr-values"],
    switches: ["no-issuer-alias", "check"],
  },
  shownDefaults: { issuerAlias: null, signOutOfProvider: false },
  commands,

  async create(input, context) {
    const issuer = checkIssuer(input.required("issuer"), context.config.insecureAllowPrivateNetwork);
    const clientId = input.required("client-id");
    const secret = await readClientSecret(input, context);
    if (input.isSet("check")) await readProvider(issuer, fetchLimits(context));
    const alias = await readIssuerAlias(input, context, issuer);
    const settings: OidcSettings = {
      issuer,
      ...(alias ? { issuerAlias: alias } : {}),
      clientId,
      ...(input.isSet("sign-out-of-provider") ? { signOutOfProvider: true } : {}),
    };
    return { settings, secret, notes: [] };
  },
  changed: changedSettings,
};

async function changedSettings(
  input: CommandInput,
  context: CommandContext,
  { key, settings: before }: { key: string; settings: OidcSettings },
): Promise<OidcSettings> {
  const given = input.value("issuer");
  const issuer =
    given === undefined ? before.issuer : checkIssuer(given, context.config.insecureAllowPrivateNetwork);
  const isOther = issuer !== before.issuer;
  if (isOther && !input.isSet("yes")) {
    throw new InvalidError(
      `${issuer} is another provider: all people who signed in through ${key} are signed out, and their ` +
        "accounts must be linked anew. Add --yes to confirm.",
    );
  }
  if (input.isSet("check")) await readProvider(issuer, fetchLimits(context));
  const alias = await readIssuerAlias(input, context, issuer);
  const signOutOfProvider = input.onOff("sign-out-of-provider");
  const maxAge = input.value("max-age");
  const acrValues = input.value("acr-values");
  return {
    ...before,
    issuer,
    clientId: input.value("client-id") ?? before.clientId,
    // An alias was checked against the former issuer only.
    ...(isOther || input.isSet("no-issuer-alias") ? { issuerAlias: null } : {}),
    ...(alias === undefined ? {} : { issuerAlias: alias }),
    ...(signOutOfProvider === undefined ? {} : { signOutOfProvider }),
    ...(maxAge === undefined ? {} : { maxAgeMinutes: maxAge === "off" ? null : checkMaxAge(maxAge) }),
    ...(acrValues === undefined ? {} : { acrValues: acrValues === "off" ? null : checkAcrValues(acrValues) }),
  };
}

/** Reads the client secret from standard input. Returns it with the sealer for it. Throws InvalidError. */
async function readClientSecret(
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
async function readIssuerAlias(
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
