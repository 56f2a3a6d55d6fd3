import { changeSettings } from "../directory/connections.ts";
import { InvalidError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Connection, SamlSettings } from "../model.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { type FetchLimits, guardedDocument } from "../trust/guarded-fetch.ts";
import type { SamlConnection } from "./deps.ts";
import { parseIdpMetadata } from "./idp-metadata.ts";

/** Metadata is read again at this age. */
const maxAgeMs = 12 * 3_600_000;
/** Anyone can post a bad signature, so it makes us read metadata at most this often. */
const retryMs = 5 * 60_000;

/**
 * Reads a connection's metadata again: the provider's certificates and address may have changed, its entity ID may not.
 * If that fails, the former values stay, and the problem is stored with them. Returns the problem, or null.
 */
export async function refreshMetadata(
  store: TenantStore,
  { id, settings: before }: SamlConnection,
  limits: FetchLimits,
  now: () => number = Date.now,
): Promise<{ settings: SamlSettings; problem: string | null }> {
  const { values, problem, notes } = await readMetadata(before, limits, now());
  return await store.transaction(async (inside) => {
    // Read anew: an administrator may have changed other settings while we waited for the provider.
    const current = await inside.connections.lock(id);
    const kept = current?.type === "saml" && current.settings ? current.settings : before;
    const isStill = kept.metadataUrl === before.metadataUrl && kept.idpEntityId === before.idpEntityId;
    if (!isStill)
      return {
        settings: kept,
        problem: "Someone changed the connection in the meantime, so the metadata was not saved.",
      };
    const metadataRead = { at: now(), problem, ...(notes.length > 0 ? { notes } : {}) };
    const changed: SamlSettings = { ...kept, ...values, metadataRead };
    await changeSettings(inside, id, changed);
    return { settings: changed, problem };
  });
}

async function readMetadata(
  { metadataUrl, idpEntityId }: SamlSettings,
  limits: FetchLimits,
  now: number,
): Promise<{ values: Partial<SamlSettings>; problem: string | null; notes: string[] }> {
  try {
    if (!metadataUrl) throw new InvalidError("The connection has no metadata URL.");
    const document = await guardedDocument(metadataUrl, limits);
    const { allowPrivateNetwork } = limits;
    const { values, notes } = parseIdpMetadata(document, { allowPrivateNetwork, entityId: idpEntityId, now });
    if (values.idpEntityId !== idpEntityId) {
      throw new InvalidError(
        `The metadata is now of another provider, ${values.idpEntityId}; this connection is for ${idpEntityId}.`,
      );
    }
    return { values, problem: null, notes };
  } catch (error) {
    if (error instanceof InvalidError) return { values: {}, problem: error.message, notes: [] };
    throw error;
  }
}

/**
 * The provider's certificates, read anew after none verified a signature, so that a provider can change its key without
 * locking anyone out. Null if there is no new one.
 */
export async function refreshCertificates(
  store: TenantStore,
  connection: SamlConnection,
  limits: FetchLimits,
): Promise<readonly string[] | null> {
  const { metadataUrl, metadataRead, certificates } = connection.settings;
  if (!metadataUrl || Date.now() - (metadataRead?.at ?? 0) < retryMs) return null;
  const { settings } = await refreshMetadata(store, connection, limits);
  const hasNew = settings.certificates.some((certificate) => !certificates.includes(certificate));
  return hasNew ? settings.certificates : null;
}

/**
 * Reads the metadata of every active connection with a metadata URL that was last read more than twelve hours ago. An error,
 * such as a connection that was deleted while its metadata was read, does not keep the other tenants' from being read.
 */
export async function refreshOld(
  database: Database,
  limits: FetchLimits,
  log: Log,
  now: () => number = Date.now,
): Promise<void> {
  for (const { tenantId, connection } of await systemStore(database).connectionsOfType("saml")) {
    if (!isOld(connection, now())) continue;
    const fields = { tenantId, connectionId: connection.id };
    try {
      const { problem } = await refreshMetadata(forTenant(database, tenantId), connection, limits, now);
      if (problem === null) log.info(fields, "saml.metadata_refreshed");
      else log.warn({ ...fields, problem }, "saml.metadata_not_refreshed");
    } catch (error) {
      log.error({ ...fields, err: error }, "saml.metadata_not_refreshed");
    }
  }
}

function isOld(connection: Connection, now: number): connection is SamlConnection {
  if (connection.type !== "saml" || !connection.settings?.metadataUrl) return false;
  return now - (connection.settings.metadataRead?.at ?? 0) >= maxAgeMs;
}
