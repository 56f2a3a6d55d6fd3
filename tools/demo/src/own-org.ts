import {
  type ConnectionInput,
  changeSettings,
  createConnection,
  enableConnection,
  rotateSecret,
} from "../../../src/directory/connections.ts";
import { tenantBySlug } from "../../../src/directory/tenants.ts";
import { InvalidError } from "../../../src/errors.ts";
import type {
  Connection,
  ConnectionSettings,
  ConnectionType,
  OidcSettings,
  SamlSettings, // SAML
} from "../../../src/model.ts";
import { checkIssuer } from "../../../src/oidc/issuer.ts";
import { parseIdpMetadata } from "../../../src/saml/idp-metadata.ts"; // SAML
import type { Database } from "../../../src/store/database.ts";
import { sealer } from "../../../src/store/secrets.ts";
import { forTenant } from "../../../src/store/tenant-store.ts";
import { guardedDocument } from "../../../src/trust/guarded-fetch.ts"; // SAML

/** The dependencies for storing a connection to your own Okta org. */
export interface OwnOrgDeps {
  database: Database;
  dataKey: Buffer;
  allowPrivateNetwork: boolean;
}

export interface OidcOrgValues {
  orgUrl: string;
  clientId: string;
  clientSecret: string;
}

// SAML {
export interface SamlOrgValues {
  orgUrl: string;
  metadataUrl: string;
  /** `0oa…`; Universal Logout needs it. Null if it is not known. */
  appInstanceId: string | null;
}
// SAML }

interface OrgConnection {
  type: ConnectionType;
  settings: ConnectionSettings;
  clientSecret: string | null;
}

/** Creates or updates the tenant's OIDC connection, and enables it. Throws InvalidError. */
export async function connectOidc(
  deps: OwnOrgDeps,
  slug: string,
  values: OidcOrgValues,
): Promise<Connection> {
  const issuer = checkIssuer(values.orgUrl, deps.allowPrivateNetwork);
  const [clientId, clientSecret] = [values.clientId.trim(), values.clientSecret.trim()];
  if (clientId === "" || clientSecret === "")
    throw new InvalidError("The client ID and the client secret are required.");
  const settings: OidcSettings = { issuer, clientId, signOutOfProvider: true };
  return await connect(deps, slug, { type: "oidc", settings, clientSecret });
}

// SAML {
/** Creates or updates the tenant's SAML connection from the org's metadata, and enables it. Throws InvalidError. */
export async function connectSaml(
  deps: OwnOrgDeps,
  slug: string,
  values: SamlOrgValues,
): Promise<Connection> {
  const { allowPrivateNetwork } = deps;
  const metadataUrl = values.metadataUrl.trim();
  const orgUrl = checkIssuer(values.orgUrl, allowPrivateNetwork);
  const limits = { allowPrivateNetwork };
  const { values: found } = parseIdpMetadata(await guardedDocument(metadataUrl, limits), limits);
  const settings: SamlSettings = {
    ...found,
    metadataUrl,
    appInstanceId: values.appInstanceId?.trim() || null,
    orgUrl,
  };
  return await connect(deps, slug, { type: "saml", settings, clientSecret: null });
}
// SAML }

async function connect(deps: OwnOrgDeps, slug: string, wanted: OrgConnection): Promise<Connection> {
  const { database, dataKey } = deps;
  const { type, settings, clientSecret } = wanted;
  const tenant = await tenantBySlug(database, slug);
  const store = forTenant(database, tenant.id);
  const secret: ConnectionInput["secret"] =
    clientSecret === null ? null : { text: clientSecret, sealer: sealer(dataKey) };
  const before = (await store.connections.list()).find((one) => one.key === slug && one.type === type);
  if (!before) {
    const created = { key: slug, type, settings, justInTime: true, draft: false, secret };
    return await createConnection(database, tenant.id, created);
  }
  return await store.transaction(async (inside) => {
    await changeSettings(inside, before.id, settings);
    if (secret) await rotateSecret(inside, secret.sealer, before.id, secret.text);
    return await enableConnection(inside, before.id);
  });
}
