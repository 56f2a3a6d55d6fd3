import { changeSettings } from "../directory/connections.ts";
import { InvalidError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Connection, SamlSettings } from "../model.ts";
import type { Database } from "../store/database.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { type FetchLimits, guardedFetch } from "../trust/guarded-fetch.ts";
import type { SamlConnection } from "./attributes.ts";
import { parseIdpMetadata } from "./idp-metadata.ts";
import type { SamlDeps, Visit } from "./visit.ts";

/** Metadata is read again when it is this old. */
const maxAgeMs = 12 * 3_600_000;
/** After a signature that no certificate verifies, metadata is read again at most this often: anybody can send one. */
const retryMs = 5 * 60_000;
const everyMs = 10 * 60_000;

/**
 * Reads a connection's metadata again: the provider's certificates and address may have changed, who the provider is may
 * not. When that fails, the values from before stay, and what was wrong is kept with them; it is returned, or null.
 */
export async function refreshMetadata(
  store: TenantStore,
  { id, settings: before }: SamlConnection,
  limits: FetchLimits,
  now: () => number = Date.now,
): Promise<{ settings: SamlSettings; problem: string | null }> {
  const { values, problem } = await readMetadata(before, limits);
  return await store.transaction(async (inside) => {
    // Read anew: somebody may have changed other settings while we were waiting for the provider.
    const current = await inside.connections.lock(id);
    const kept = current?.type === "saml" && current.settings ? current.settings : before;
    const isStill = kept.metadataUrl === before.metadataUrl && kept.idpEntityId === before.idpEntityId;
    if (!isStill)
      return { settings: kept, problem: "The connection was changed meanwhile, so nothing was taken over." };
    const changed: SamlSettings = { ...kept, ...values, metadataRead: { at: now(), problem } };
    await changeSettings(inside, id, changed);
    return { settings: changed, problem };
  });
}

async function readMetadata(
  { metadataUrl, idpEntityId }: SamlSettings,
  limits: FetchLimits,
): Promise<{ values: Partial<SamlSettings>; problem: string | null }> {
  try {
    if (!metadataUrl) throw new InvalidError("The connection has no metadata URL.");
    const found = parseIdpMetadata(await guardedFetch(metadataUrl, limits));
    if (found.idpEntityId !== idpEntityId) {
      throw new InvalidError(
        `The metadata is now of another provider, ${found.idpEntityId}; this connection is for ${idpEntityId}.`,
      );
    }
    return { values: { ssoUrl: found.ssoUrl, certificates: found.certificates }, problem: null };
  } catch (error) {
    if (error instanceof InvalidError) return { values: {}, problem: error.message };
    throw error;
  }
}

/**
 * The connection with what its metadata says now, after a signature that none of its certificates verified: a provider
 * that changes its key loses nobody. Null when there is nothing new to try.
 */
export async function refreshAfterFailure(
  { limits }: SamlDeps,
  { store, connection }: Visit,
  now: () => number = Date.now,
): Promise<SamlConnection | null> {
  const { metadataUrl, metadataRead, certificates } = connection.settings;
  if (!metadataUrl || now() - (metadataRead?.at ?? 0) < retryMs) return null;
  const { settings } = await refreshMetadata(store, connection, limits, now);
  const hasNew = settings.certificates.some((certificate) => !certificates.includes(certificate));
  return hasNew ? { ...connection, settings } : null;
}

/** Reads what has become old, now and then; each replica looks, and one that was read in the meantime is left alone. */
export function startMetadataRefresh(database: Database, limits: FetchLimits, log: Log): () => void {
  const timer = setInterval(() => {
    refreshOld(database, limits, log).catch((error: unknown) =>
      log.warn({ err: error }, "saml.metadata_refresh_failed"),
    );
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Reads the metadata of every active connection that has a URL and was not read within twelve hours. */
export async function refreshOld(
  database: Database,
  limits: FetchLimits,
  log: Log,
  now: () => number = Date.now,
): Promise<void> {
  for (const { tenantId, connection } of await systemStore(database).connectionsOfType("saml")) {
    if (!isOld(connection, now())) continue;
    const { problem } = await refreshMetadata(forTenant(database, tenantId), connection, limits, now);
    const fields = { tenantId, connectionId: connection.id };
    if (problem === null) log.info(fields, "saml.metadata_refreshed");
    else log.warn({ ...fields, problem }, "saml.metadata_not_refreshed");
  }
}

function isOld(connection: Connection, now: number): connection is SamlConnection {
  if (connection.type !== "saml" || !connection.settings?.metadataUrl) return false;
  return now - (connection.settings.metadataRead?.at ?? 0) >= maxAgeMs;
}
