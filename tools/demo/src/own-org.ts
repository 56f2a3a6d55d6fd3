import {
  type ConnectionInput,
  changeSettings,
  createConnection,
  enableConnection,
  rotateSecret,
} from "../../../src/directory/connections.ts";
import { tenantBySlug } from "../../../src/directory/tenants.ts";
import { InvalidError } from "../../../src/errors.ts";
import type { Connection, ConnectionType, OidcSettings, SamlSettings } from "../../../src/model.ts";
import { checkIssuer } from "../../../src/oidc/issuer.ts";
import { parseIdpMetadata } from "../../../src/saml/idp-metadata.ts";
import type { Database } from "../../../src/store/database.ts";
import { sealer } from "../../../src/store/secrets.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { guardedFetch } from "../../../src/trust/guarded-fetch.ts";

/** What a connection to an org of somebody's own is stored with. */
export interface OwnOrgDeps {
  database: Database;
  dataKey: Buffer;
  allowPrivateNetwork: boolean;
}

export interface OidcValues {
  orgUrl: string;
  clientId: string;
  clientSecret: string;
}

export interface SamlValues {
  orgUrl: string;
  metadataUrl: string;
  /** `0oa…`; Universal Logout needs it. Null when it is not known. */
  appInstanceId: string | null;
}

/** Makes the tenant's OIDC connection, or changes the one that it has, and lets it sign people in. Throws InvalidError. */
export async function connectOidc(deps: OwnOrgDeps, slug: string, values: OidcValues): Promise<Connection> {
  const issuer = checkIssuer(values.orgUrl, deps.allowPrivateNetwork);
  const [clientId, clientSecret] = [values.clientId.trim(), values.clientSecret.trim()];
  if (clientId === "" || clientSecret === "")
    throw new InvalidError("Client ID and client secret are required.");
  return await connect(deps, slug, "oidc", { issuer, clientId, signOutOfProvider: true }, clientSecret);
}

/** The same for SAML: everything is in the org's metadata. Throws InvalidError. */
export async function connectSaml(deps: OwnOrgDeps, slug: string, values: SamlValues): Promise<Connection> {
  const { allowPrivateNetwork } = deps;
  const metadataUrl = values.metadataUrl.trim();
  const orgUrl = checkIssuer(values.orgUrl, allowPrivateNetwork);
  const found = parseIdpMetadata(await guardedFetch(metadataUrl, { allowPrivateNetwork }));
  const settings: SamlSettings = {
    ...found,
    metadataUrl,
    appInstanceId: values.appInstanceId?.trim() || null,
    orgUrl,
  };
  return await connect(deps, slug, "saml", settings, null);
}

async function connect(
  deps: OwnOrgDeps,
  slug: string,
  type: ConnectionType,
  settings: OidcSettings | SamlSettings,
  secretText: string | null,
): Promise<Connection> {
  const { database, dataKey } = deps;
  const tenant = await tenantBySlug(database, slug);
  const store = forTenant(database, tenant.id);
  const secret: ConnectionInput["secret"] =
    secretText === null ? null : { text: secretText, sealer: sealer(dataKey) };
  const before = (await store.connections.list()).find((one) => one.key === slug && one.type === type);
  if (!before) {
    const wanted = { key: slug, type, settings, justInTime: true, draft: false, secret };
    return await createConnection(database, tenant.id, wanted);
  }
  return await store.transaction(async (inside) => {
    await changeSettings(inside, before.id, settings);
    if (secret) await rotateSecret(inside, secret.sealer, before.id, secret.text);
    return await enableConnection(inside, before.id);
  });
}
