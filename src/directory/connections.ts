import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Connection, ConnectionType, OidcSettings, SamlSettings, SubjectKind } from "../model.ts";
import type { Database } from "../store/database.ts";
import type { Sealer } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { protectLastOwner } from "./owners.ts";
import { checkUrlName } from "./tenants.ts";

export interface ConnectionInput {
  key: string;
  type: ConnectionType;
  /** Null makes a draft, which already serves its URLs but signs nobody in. */
  settings: OidcSettings | SamlSettings | null;
  justInTime: boolean;
  draft: boolean;
  /** OIDC: the client secret, in the clear, and what seals it on its way into the store. */
  secret: { text: string; sealer: Sealer } | null;
}

/**
 * What a connection's subjects are: see SubjectKind. A SAML attribute that names the subject is Okta's user id, which is
 * also the key that Okta provisions with.
 */
function subjectKindOf(type: ConnectionType, settings: OidcSettings | SamlSettings | null): SubjectKind {
  return type === "oidc" || subjectAttributeOf(settings) !== null ? "source-key" : "login-name";
}

function subjectAttributeOf(settings: OidcSettings | SamlSettings | null): string | null {
  return (settings && "subjectAttribute" in settings && settings.subjectAttribute) || null;
}

/**
 * Adds a connection. Its key belongs to the tenant from then on, for ever. Throws InvalidError for a key that is no
 * name, and ConflictError `key-taken`.
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
      sealedSecret: wanted.secret?.sealer.seal(wanted.secret.text, `${tenantId}/${id}`) ?? null,
    });
  });
}

/**
 * Changes a connection's settings. When they point to another identity provider, its subjects are other people: the
 * connection starts without identities, and its sessions end. What an earlier mapping of roles granted is taken back;
 * each person's next sign-in grants anew. Throws NotFoundError, InvalidError when what names a person would change
 * under people who have signed in, and ConflictError `last-owner`.
 */
export async function changeSettings(
  store: TenantStore,
  connectionId: string,
  settings: OidcSettings | SamlSettings,
): Promise<Connection> {
  return await store.transaction(async (inside) => {
    const before = await inside.connections.lock(connectionId);
    if (!before) throw new NotFoundError("There is no such connection.");
    const subjectKind = subjectKindOf(before.type, settings);
    const isRenamed = subjectAttributeOf(before.settings) !== subjectAttributeOf(settings);
    if (isRenamed && before.status !== "draft")
      throw new InvalidError("What names a person is decided before the connection is activated.");
    const isOther = before.settings !== null && providerOf(before.settings) !== providerOf(settings);
    const isOtherClient = isOther || clientOf(before.settings) !== clientOf(settings);
    if (isOther) {
      await inside.sessions.endOfConnection(connectionId);
      await protectLastOwner(inside, () => inside.identities.removeOfConnection(connectionId));
      await inside.ownerApprovals.removeOfConnection(connectionId);
    }
    if (isOther || !isDeepStrictEqual(before.settings?.roleMapping, settings.roleMapping)) {
      await inside.roles.removeOfConnection(connectionId);
    }
    // What a test has shown is said of the application that was tested.
    if (isOtherClient) await inside.signInTests.removeOfConnection(connectionId);
    return await inside.connections.update(connectionId, {
      settings,
      subjectKind,
      ...(isOtherClient ? { testedAt: null } : {}),
    });
  });
}

/**
 * Gives a connection a new client secret. The last one that worked stays usable until the new one has, so that nobody is
 * turned away while the provider changes over, nor when the new one was mistyped and entered again. One that was sealed
 * under another DATA_KEY is worth nothing and is dropped. Throws NotFoundError.
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
    const place = `${store.tenantId}/${connectionId}`;
    // While there is a former one, the current one has not worked yet.
    const proven = former ?? current;
    const sealedFormerSecret = proven !== null && opens(sealer, proven, place) ? proven : null;
    const sealedSecret = sealer.seal(secret, place);
    await inside.connections.update(connectionId, { sealedSecret, sealedFormerSecret });
  });
}

function opens(sealer: Sealer, sealed: string, place: string): boolean {
  try {
    sealer.open(sealed, place);
    return true;
  } catch {
    return false;
  }
}

/** Who changes the settings of a connection, and the network address that they come from. */
export interface Editor {
  by: string;
  from: string | null;
  /** Whether it is the guest of a set-up link. */
  isGuest: boolean;
}

/** Writes down who changed a connection's settings; call it in the transaction of the change. Throws NotFoundError. */
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

/** A review that nobody ended keeps guests waiting for this long. */
const frozenMs = 3_600_000;

/**
 * Keeps the guests of a draft's set-up links from changing it for an hour, while an owner reviews it. Throws
 * NotFoundError, and ConflictError `stale` while the settings are missing.
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

/** Whether the guests of a connection's set-up links have to wait for an owner who reviews it. */
export function guestsAreFrozen({ guestsFrozenUntil }: Connection, now: number = Date.now()): boolean {
  return guestsFrozenUntil !== null && guestsFrozenUntil > now;
}

/**
 * Lets a connection sign people in, and ends its set-up links. Throws NotFoundError, and ConflictError `stale` while its
 * settings are missing.
 */
export async function enableConnection(store: TenantStore, connectionId: string): Promise<Connection> {
  return await store.transaction(async (inside) => {
    await lockComplete(inside, connectionId);
    await inside.links.removeOfConnection(connectionId);
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
 * Stops a connection: nobody signs in through it, and those who did are signed out. Only the operator may lock the last
 * owner out that way; the application's own pages use switchOffConnection. Throws NotFoundError.
 */
export async function disableConnection(store: TenantStore, connectionId: string): Promise<Connection> {
  return await store.transaction(async (inside) => {
    const connection = await inside.connections.update(connectionId, { status: "disabled" });
    await inside.sessions.endOfConnection(connectionId);
    return connection;
  });
}

/** As disableConnection, but throws ConflictError `last-owner` when nobody could undo it. */
export async function switchOffConnection(store: TenantStore, connectionId: string): Promise<Connection> {
  return await store.transaction((inside) =>
    protectLastOwner(inside, () => disableConnection(inside, connectionId)),
  );
}

/**
 * Removes a connection: who came through it is signed out, and its identities and grants go with it. The people stay, and
 * its key stays the tenant's. Throws NotFoundError.
 */
export async function removeConnection(store: TenantStore, connectionId: string): Promise<void> {
  await store.transaction(async (inside) => {
    await inside.sessions.endOfConnection(connectionId);
    await inside.roles.removeOfConnection(connectionId);
    if (!(await inside.connections.remove(connectionId)))
      throw new NotFoundError("There is no such connection.");
  });
}

/** The issuer or entity ID, and what names the subject: what makes a connection's subjects the same people. */
function providerOf(settings: OidcSettings | SamlSettings): string {
  if ("issuer" in settings) return settings.issuer;
  return JSON.stringify([settings.idpEntityId, settings.subjectAttribute ?? null]);
}

/** What the application is called at its provider. */
function clientOf(settings: OidcSettings | SamlSettings | null): string | null {
  return settings && "clientId" in settings ? settings.clientId : null;
}
