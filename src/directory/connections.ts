import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Connection, ConnectionSettings, ConnectionType, SubjectKind } from "../model.ts";
import { isSameProvider, providerIn, signInProtocols } from "../sign-in-protocols.ts";
import type { Database } from "../store/database.ts";
import { clientSecretContext, type Sealer } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { protectLastOwner } from "./owners.ts";
import { checkUrlName } from "./tenants.ts";

export interface ConnectionInput {
  key: string;
  type: ConnectionType;
  /** null makes a draft, which already serves its URLs but signs no one in. */
  settings: ConnectionSettings | null;
  justInTime: boolean;
  draft: boolean;
  /** OIDC: the client secret in plain text, and the sealer that encrypts it for the store. */
  secret: { text: string; sealer: Sealer } | null;
  /** The choices that begin the set-up; null if no one has made them. */
  choices?: Pick<Connection, "isProvisioned" | "isCatalogApp"> | null;
}

/** See SubjectKind. An attribute that names the person is Okta's user id, which Okta also provisions with. */
function subjectKindOf(type: ConnectionType, settings: ConnectionSettings | null): SubjectKind {
  return subjectAttributeOf(settings) === null ? signInProtocols[type].subjectKind : "source-key";
}

function subjectAttributeOf(settings: ConnectionSettings | null): string | null {
  return settings && providerIn(settings).subjectAttribute;
}

/**
 * Adds a connection and reserves its key for the tenant for ever. Throws InvalidError if the key breaks the rules for
 * names in URLs, and ConflictError `key-taken`.
 */
export async function createConnection(
  database: Database,
  tenantId: string,
  wanted: ConnectionInput,
): Promise<Connection> {
  checkUrlName(wanted.key, "The connection ID");
  const id = randomUUID();
  return await database.transaction(async (inside) => {
    await systemStore(inside).connectionKeys.reserve(wanted.key, tenantId);
    return await forTenant(inside, tenantId).connections.create({
      id,
      key: wanted.key,
      type: wanted.type,
      status: wanted.draft || wanted.settings === null ? "draft" : "active",
      justInTime: wanted.justInTime,
      subjectKind: subjectKindOf(wanted.type, wanted.settings),
      settings: wanted.settings,
      sealedSecret: wanted.secret?.sealer.seal(wanted.secret.text, clientSecretContext(tenantId, id)) ?? null,
      ...wanted.choices,
    });
  });
}

/**
 * Changes a connection's settings. If they point to another identity provider, its subjects are other people, so the
 * connection loses its identities, sessions, sign-ins in flight, access tokens and stream of events. Agents that are let in
 * again get no former tokens back. A new role mapping revokes the roles that the old one granted; each person's next sign-in
 * grants them anew. Throws NotFoundError; InvalidError if the subject attribute of an activated connection would change,
 * because people may have signed in by it; and ConflictError `last-owner`.
 */
export async function changeSettings(
  store: TenantStore,
  connectionId: string,
  settings: ConnectionSettings,
): Promise<Connection> {
  return await store.transaction(async (inside) => {
    const before = await inside.connections.lock(connectionId);
    if (!before) throw new NotFoundError("There is no such connection.");
    const subjectKind = subjectKindOf(before.type, settings);
    const isOtherSubject = subjectAttributeOf(before.settings) !== subjectAttributeOf(settings);
    if (isOtherSubject && before.status !== "draft")
      throw new InvalidError("The attribute that names a person cannot change after activation.");
    const isOtherProvider = before.settings !== null && !isSameProvider(before.settings, settings);
    const isOtherClient = isOtherProvider || clientOf(before.settings) !== clientOf(settings);
    if (isOtherProvider) {
      await inside.sessions.revokeOfConnection(connectionId);
      await inside.accessTokens.remove({ connectionId });
      await protectLastOwner(inside, () => inside.identities.removeOfConnection(connectionId));
      await inside.ownerApprovals.removeOfConnection(connectionId);
      // A sign-in may have been accepted and not be finished: its subject is a person of the former provider.
      await inside.pendingLogins.removeOfConnection(connectionId);
    }
    // A stream of events belongs to the org that sends it.
    if (isOtherProvider || orgOf(before.settings) !== orgOf(settings))
      await inside.signalStreams.removeOfConnection(connectionId);
    if (isOtherProvider || !isDeepStrictEqual(before.settings?.roleMapping, settings.roleMapping)) {
      await inside.roles.removeOfConnection(connectionId);
    }
    if (before.settings?.crossAppAccess === false) await inside.accessTokens.remove({ connectionId });
    // A test result holds only for the client that was tested.
    if (isOtherClient) await inside.signInTests.removeOfConnection(connectionId);
    return await inside.connections.update(connectionId, {
      settings,
      subjectKind,
      ...(isOtherClient ? { testedAt: null, admittedAt: null } : {}),
    });
  });
}

/**
 * Gives a connection a new client secret. The last secret that worked stays usable until the new one has worked too, so
 * sign-ins survive the provider's changeover and a mistyped secret. A secret sealed with another DATA_KEY is dropped.
 * Throws NotFoundError.
 */
export async function rotateSecret(
  store: TenantStore,
  sealer: Sealer,
  connectionId: string,
  secret: string,
): Promise<void> {
  await store.transaction(async (inside) => {
    await inside.connections.lock(connectionId);
    const { current, former } = await inside.connections.sealedSecrets(connectionId);
    const context = clientSecretContext(store.tenantId, connectionId);
    // While a former secret exists, the current one has not worked yet.
    const proven = former ?? current;
    const sealedFormerSecret = proven !== null && canOpen(sealer, proven, context) ? proven : null;
    const sealedSecret = sealer.seal(secret, context);
    await inside.connections.update(connectionId, { sealedSecret, sealedFormerSecret });
  });
}

function canOpen(sealer: Sealer, sealed: string, context: string): boolean {
  try {
    sealer.open(sealed, context);
    return true;
  } catch {
    return false;
  }
}

/** The person who changes a connection's settings. */
export interface Editor {
  /** A login name, or who else it is: see ConnectionEdit in model.ts. */
  by: string;
  /** Their network address. */
  from: string | null;
  /** Whether they opened a set-up link instead of signing in. */
  isGuest: boolean;
}

/** Records who changed a connection's settings. Call it in the transaction of the change. Throws NotFoundError. */
export async function recordEdit(
  store: TenantStore,
  connectionId: string,
  { by, from, isGuest }: Editor,
): Promise<Connection> {
  const at = Date.now();
  return await store.connections.update(connectionId, {
    edited: { at, by, from },
    ...(isGuest ? { guestEdit: { at, from } } : {}),
  });
}

/** How long an abandoned review keeps guests waiting. */
const frozenMs = 3_600_000;

/**
 * Keeps guests of set-up links from changing a draft for an hour, while an owner reviews it. Throws NotFoundError, and
 * ConflictError `stale` while the settings are missing.
 */
export async function freezeGuests(store: TenantStore, connectionId: string): Promise<void> {
  await store.transaction(async (inside) => {
    const { status } = await lockComplete(inside, connectionId);
    if (status !== "draft") return;
    await inside.connections.update(connectionId, { guestsFrozenUntil: Date.now() + frozenMs });
  });
}

/** Lets guests change a draft again. Throws NotFoundError. */
export async function unfreezeGuests(store: TenantStore, connectionId: string): Promise<void> {
  await store.connections.update(connectionId, { guestsFrozenUntil: null });
}

/** Whether guests of set-up links must wait for an owner's review. */
export function guestsAreFrozen({ guestsFrozenUntil }: Connection, now: number = Date.now()): boolean {
  return guestsFrozenUntil !== null && guestsFrozenUntil > now;
}

/**
 * Lets a connection sign people in, and ends its set-up links and former access tokens. Throws NotFoundError, and
 * ConflictError `stale` while its settings are missing.
 */
export async function enableConnection(store: TenantStore, connectionId: string): Promise<Connection> {
  return await store.transaction(async (inside) => {
    await lockComplete(inside, connectionId);
    await inside.links.removeOfConnection(connectionId);
    await inside.accessTokens.remove({ connectionId });
    return await inside.connections.update(connectionId, {
      status: "active",
      guestEdit: null,
      guestsFrozenUntil: null,
    });
  });
}

async function lockComplete(store: TenantStore, connectionId: string): Promise<Connection> {
  const connection = await store.connections.lock(connectionId);
  if (!connection) throw new NotFoundError("There is no such connection.");
  if (!connection.settings)
    throw new ConflictError("stale", "The connection's settings are not complete yet.");
  return connection;
}

/**
 * Disables a connection, and ends its sessions and sign-ins in flight; its access tokens stop working. This can lock out
 * the last owner, so only the operator's command line calls it; the admin console uses disableConnection.
 * Throws NotFoundError.
 */
export async function disableConnectionUnguarded(
  store: TenantStore,
  connectionId: string,
): Promise<Connection> {
  return await store.transaction(async (inside) => {
    const connection = await inside.connections.update(connectionId, { status: "disabled" });
    await inside.sessions.revokeOfConnection(connectionId);
    await inside.pendingLogins.removeOfConnection(connectionId);
    return connection;
  });
}

/**
 * Disables a connection. Throws as disableConnectionUnguarded, and ConflictError `last-owner` if no owner could sign in
 * afterwards.
 */
export async function disableConnection(store: TenantStore, connectionId: string): Promise<Connection> {
  return await store.transaction(async (inside) => {
    // Before the tenant's row, which protectLastOwner locks: a sign-in takes both in this order.
    await inside.connections.lock(connectionId);
    return await protectLastOwner(inside, () => disableConnectionUnguarded(inside, connectionId));
  });
}

/**
 * Removes a connection with its sessions, identities and grants. Its people stay, and its key stays reserved. Throws
 * NotFoundError.
 */
export async function removeConnection(store: TenantStore, connectionId: string): Promise<void> {
  await store.transaction(async (inside) => {
    // First, so that the roles of a sign-in that is under way are removed, too.
    if (!(await inside.connections.lock(connectionId)))
      throw new NotFoundError("There is no such connection.");
    await inside.sessions.revokeOfConnection(connectionId);
    await inside.roles.removeOfConnection(connectionId);
    await inside.connections.remove(connectionId);
  });
}

function orgOf(settings: ConnectionSettings | null): string | null {
  return settings && providerIn(settings).org;
}

function clientOf(settings: ConnectionSettings | null): string | null {
  return settings && providerIn(settings).clientId;
}
