import { readFile } from "node:fs/promises";
import { InvalidError } from "../errors.ts";
import type { SamlSettings } from "../model.ts";
import { checkIssuer } from "../oidc/issuer.ts";
import { aliasNeedsOrgUrl, bothForUniversalLogout, checkAppInstanceId } from "../saml/app-instance.ts";
import { parseIdpMetadata } from "../saml/idp-metadata.ts";
import { forgetKeys } from "../saml/keys.ts";
import { type FetchLimits, guardedDocument } from "../trust/guarded-fetch.ts";
import type { Command, CommandContext, CommandInput } from "./command.ts";
import { fetchLimits, namedConnection } from "./connection-options.ts";
import type { ConnectionProtocol, CreatedConnection } from "./connection-protocol.ts";

const commands: readonly Command[] = [
  {
    name: "connection reset-keys",
    usage: "<slug> --key KEY --yes [--json]",
    summary:
      "Replace our own key pair of a SAML connection, for example after the loss of the DATA_KEY that encrypts it",
    positionals: ["slug"],
    values: ["key"],
    switches: ["yes"],
    async run(input, { database }) {
      const { store, connection } = await namedConnection(database, input, "saml");
      const { key } = connection;
      if (!input.isSet("yes")) {
        throw new InvalidError(
          `If Okta encrypts assertions for ${key} or verifies our signature, sign-ins fail until it has our new ` +
            "certificate. Add --yes to confirm.",
        );
      }
      await forgetKeys(store, connection);
      const text = `${key} gets a new key pair. Its certificate is in the SP metadata and on the connection's page.`;
      return { json: { key, type: "saml", reset: true }, text };
    },
  },
];

export const samlProtocol: ConnectionProtocol<SamlSettings> = {
  creation: {
    usage:
      "--metadata FILE_OR_URL [--entity-id ID] [--app-instance-id 0oa…] [--org-url URL] [--org-url-alias URL]",
    values: ["metadata", "entity-id", "app-instance-id", "org-url", "org-url-alias"],
    switches: [],
  },
  change: {
    usage: "[--org-url-alias URL | --no-org-url-alias]",
    values: ["org-url-alias"],
    switches: ["no-org-url-alias"],
  },
  shownDefaults: {},
  commands,
  create: createdConnection,

  async changed(input, context, { settings }) {
    const alias = readOrgUrl(input, fetchLimits(context), "org-url-alias");
    if (alias !== undefined && settings.orgUrl === null) throw new InvalidError(aliasNeedsOrgUrl);
    return {
      ...settings,
      ...(input.isSet("no-org-url-alias") ? { orgUrlAlias: null } : {}),
      ...(alias === undefined ? {} : { orgUrlAlias: alias }),
    };
  },
};

async function createdConnection(
  input: CommandInput,
  context: CommandContext,
): Promise<CreatedConnection<SamlSettings>> {
  const source = input.required("metadata");
  const isUrl = /^https?:\/\//.test(source);
  const limits = fetchLimits(context);
  const document = isUrl ? await guardedDocument(source, limits) : await readMetadataFile(source);
  const entityId = input.value("entity-id");
  const options = { allowPrivateNetwork: limits.allowPrivateNetwork, entityId };
  const { values, notes } = parseIdpMetadata(document, options);
  // Metadata of a single provider is read without a choice, but the operator named the one to trust.
  if (entityId !== undefined && values.idpEntityId !== entityId)
    throw new InvalidError(`The metadata is of ${values.idpEntityId}, not of ${entityId}.`);
  const left = notes.length > 0 ? { notes } : {};
  const appInstanceId = input.value("app-instance-id");
  const orgUrl = readOrgUrl(input, limits, "org-url");
  const orgUrlAlias = readOrgUrl(input, limits, "org-url-alias");
  if ((appInstanceId === undefined) !== (orgUrl === undefined))
    throw new InvalidError(bothForUniversalLogout);
  if (orgUrlAlias !== undefined && orgUrl === undefined) throw new InvalidError(aliasNeedsOrgUrl);
  const settings: SamlSettings = {
    ...values,
    metadataUrl: isUrl ? source : null,
    ...(isUrl ? { metadataRead: { at: Date.now(), problem: null, ...left } } : {}),
    appInstanceId: appInstanceId === undefined ? null : checkAppInstanceId(appInstanceId),
    orgUrl: orgUrl ?? null,
    ...(orgUrlAlias ? { orgUrlAlias } : {}),
  };
  return { settings, secret: null, notes };
}

/** Reads one of the names of the connection's org. It signs under both of them with the same keys. Throws InvalidError. */
function readOrgUrl(
  input: CommandInput,
  limits: FetchLimits,
  option: "org-url" | "org-url-alias",
): string | undefined {
  const given = input.value(option);
  return given === undefined ? undefined : checkIssuer(given, limits.allowPrivateNetwork);
}

async function readMetadataFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch {
    throw new InvalidError(`The file ${file} cannot be read.`);
  }
}
