import { randomUUID } from "node:crypto";
import { ConflictError, NotFoundError } from "../errors.ts";
import type { AttributeDocument, Profile, ProvisioningSource, Tenant, User } from "../model.ts";
import { subjectKey } from "../store/tenant/identities.ts";
import type { UserChanges } from "../store/tenant/users.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { textKey } from "../store/text-keys.ts";
import { revokeUserAccess } from "./access.ts";
import { attributesFromProfile } from "./attributes.ts";
import { handOverInvited } from "./invitations.ts";
import { validateNameChanges, validateNames } from "./names.ts";
import { detectLastOwnerLoss, refuseForOwner } from "./owners.ts";
import { forgetSyncedPassword } from "./synced-passwords.ts";

/** The provisioning source that writes, and the tenant's rule for conflicts with another source. */
export interface Writer {
  source: ProvisioningSource;
  sourceConflict: Tenant["sourceConflict"];
}

export interface ProvisionedUser extends Profile {
  loginName: string;
  sourceKey: string | null;
  active: boolean;
  /** The complete attribute document, if the client sent more than the profile. */
  attributes?: AttributeDocument;
  entitlements?: string[];
}

/**
 * Creates a user for a provisioning client. Throws ConflictError `login-name-taken` if the login name exists, even if
 * that user is inactive: the client then finds the user by name and updates it, which adopts it. A deleted person comes
 * back as a new user, and may be created just in time again. Throws InvalidError for deceptive names (names.ts).
 */
export async function provisionUser(
  store: TenantStore,
  writer: Writer,
  sent: ProvisionedUser,
): Promise<User> {
  const wanted = validateNames(sent);
  return await store.transaction(async (inside) => {
    await inside.tombstones.liftByLoginName(wanted.loginName);
    const user = await inside.users.create({
      attributes: attributesFromProfile(wanted),
      ...wanted,
      id: randomUUID(),
      origin: "scim",
      sourceId: writer.source.id,
    });
    await inside.activity.tell({ name: "personCreated", userId: user.id });
    return user;
  });
}

/**
 * Brings back a leaver whom a provisioning client creates anew: Okta sends a POST when a person was unassigned, renamed and
 * assigned again. The user keeps the id, the identities and the group memberships, and gets what the client sent; a synced
 * password and the grants of administrators and claims do not come back. Returns null if there is no such leaver: the
 * client then creates a user. Throws as updateProvisionedUser does.
 */
export async function reviveUser(
  store: TenantStore,
  writer: Writer,
  sent: ProvisionedUser,
): Promise<User | null> {
  return await store.transaction(async (inside) => {
    const leaver = await findLeaver(inside, writer, sent);
    if (!leaver) return null;
    const wanted = { attributes: attributesFromProfile(sent), entitlements: [], ...sent };
    const { user } = await updateProvisionedUser(inside, writer, leaver.id, wanted);
    await forgetSyncedPassword(inside, user.id);
    for (const { source, sourceId, role } of await inside.roles.grantsOf(user.id)) {
      if (source === "manual") await inside.roles.revoke(user.id, role);
      if (source === "claim") await inside.roles.replace(user.id, source, sourceId, []);
    }
    return user;
  });
}

/**
 * Finds and locks the user whom `sent` brings back. Source keys are not unique, so the one who has the key must be the only
 * one: an active user with the same key shows that it does not identify a person. Owners and blocked people come back by
 * the decision of an owner or an administrator.
 */
async function findLeaver(
  store: TenantStore,
  { source }: Writer,
  { active, sourceKey }: ProvisionedUser,
): Promise<User | null> {
  if (!active || sourceKey === null) return null;
  const [only, another] = await store.users.bySourceKey(sourceKey, source.id);
  if (!only || another) return null;
  // A concurrent request may have changed the user until the lock was granted.
  const user = await store.users.lock(only.id);
  if (!user || user.active || user.blocked) return null;
  if (user.sourceId !== source.id || user.sourceKey !== sourceKey) return null;
  return (await store.roles.isOwner(user.id)) ? null : user;
}

/** The effect of a provisioning client's change. */
export interface ProvisioningChange {
  user: User;
  /** The user was created just in time before, or managed by another source. */
  adopted: boolean;
  /** The change removed the last owner who could sign in: tell the operator. */
  lastOwnerLost: boolean;
}

/**
 * Applies a provisioning client's change to a user, and adopts the user first if that is allowed: the id and the
 * identities stay, and the source manages the user from now on. Deactivation always succeeds and ends every session.
 * Throws NotFoundError; InvalidError for deceptive new names (names.ts); and ConflictError: `local-account`, because an
 * identity provider could otherwise take over a local account; `other-source`; `login-name-taken`; `owner-protected` if
 * the change could open an owner's account (owners.ts).
 */
export async function updateProvisionedUser(
  store: TenantStore,
  writer: Writer,
  userId: string,
  changes: Partial<ProvisionedUser>,
): Promise<ProvisioningChange> {
  return await store.transaction(async (inside) => {
    const before = await inside.users.lock(userId);
    if (!before) throw new NotFoundError("There is no such user.");
    const adoption = await adoptionOf(inside, writer, before);
    const work = () => inside.users.update(userId, { ...adoption, ...validateNameChanges(changes, before) });
    const deactivatesOwner = changes.active === false && (await inside.roles.isOwner(userId));
    const { result: user, lastOwnerLost } = deactivatesOwner
      ? await detectLastOwnerLoss(inside, work)
      : { result: await work(), lastOwnerLost: false };
    if (user.origin !== before.origin) await handOverInvited(inside, before);
    if (user.loginName !== before.loginName) await followRename(inside, before, user);
    // An owner approved the person who had the old name and key.
    if (user.loginName !== before.loginName || user.sourceKey !== before.sourceKey)
      await inside.ownerApprovals.removeOfUser(userId);
    await inside.activity.tell({ name: "personChanged", userId });
    if (before.active && !user.active) await revokeUserAccess(inside, userId, "organisation", "deactivated");
    return { user, adopted: before.origin !== "scim" || before.sourceId !== user.sourceId, lastOwnerLost };
  });
}

/**
 * Deletes a user for a provisioning client and ends their sessions. A tombstone keeps the person from being created just
 * in time until a provisioning client creates them again or an administrator lifts it. Throws as updateProvisionedUser
 * does.
 */
export async function deleteProvisionedUser(
  store: TenantStore,
  writer: Writer,
  userId: string,
): Promise<Pick<ProvisioningChange, "lastOwnerLost">> {
  return await store.transaction(async (inside) => {
    const user = await inside.users.lock(userId);
    if (!user) throw new NotFoundError("There is no such user.");
    await adoptionOf(inside, writer, user);
    await inside.tombstones.add(randomUUID(), user.loginName, await inside.identities.ofUser(userId));
    // Sessions, identities, memberships, grants and the product's references go with the row.
    const { lastOwnerLost } = await detectLastOwnerLoss(inside, () => inside.users.remove(userId));
    await inside.activity.tell({ name: "accessRevoked", userId, cause: "deleted" });
    return { lastOwnerLost };
  });
}

/**
 * Returns the changes that adopt a user: none for a user that the source manages already. Throws ConflictError if the
 * source may not write to this user.
 */
async function adoptionOf(
  store: TenantStore,
  writer: Writer,
  user: User,
): Promise<Pick<UserChanges, "origin" | "sourceId" | "sourceKey">> {
  if (user.origin === "local") {
    throw new ConflictError(
      "local-account",
      "This login name belongs to an account of the application itself, which provisioning may not change. " +
        "Its owner can link it to single sign-on while signed in.",
    );
  }
  if (user.origin === "scim" && user.sourceId === writer.source.id) return {};
  if (user.origin === "scim" && writer.sourceConflict === "refuse") {
    throw new ConflictError("other-source", "This user is managed by another provisioning source.");
  }
  await refuseForOwner(store, user.id, "Provisioning does not take over the account of an owner.");
  // The former source's key means nothing to the new one.
  return { origin: "scim", sourceId: writer.source.id, sourceKey: null };
}

/**
 * Entra renames the people whom it deletes, and gives the name back when it restores them. The tombstone of the former name
 * keeps a leaver from coming back just in time, as another user who would then hold the name. The new name may arrive in a
 * request before the one that deactivates them.
 */
async function followRename(store: TenantStore, before: User, after: User): Promise<void> {
  const isRestored = await store.tombstones.liftByLoginName(after.loginName);
  const isFree = (await store.users.byLoginName(before.loginName)) === null;
  const isLeaver = !after.active || isNameOfDeleted(after.loginName, before.loginName);
  if (isLeaver && !isRestored && isFree) await store.tombstones.add(randomUUID(), before.loginName, []);
  await moveIdentities(store, before, after);
}

/** Whether `name` is what Entra calls a deleted person: the object's id, then the former name. */
function isNameOfDeleted(name: string, former: string): boolean {
  const [key, end] = [textKey(name), textKey(former)];
  const id = /^(?:[\da-f]{32}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})/.exec(key)?.[0];
  return id !== undefined && key === id + end;
}

/**
 * After a rename, moves identities whose subject is the login name to the new name: the person stays the same user, and
 * the next holder of the old name is another person. Refused for owners, because the holder of the new name at the
 * identity provider would become the owner, and an owner who already has that subject would lose it. Throws ConflictError
 * `owner-protected`.
 *
 * An inactive owner is renamed, because a deactivation is always obeyed and Entra renames the people whom it deletes. The
 * identity is unlinked instead of moved, so a connection needs a new approval once the owner is active again.
 */
async function moveIdentities(store: TenantStore, before: User, after: User): Promise<void> {
  for (const identity of await store.identities.ofUser(before.id)) {
    const connection = await store.connections.byId(identity.connectionId);
    if (connection?.subjectKind !== "login-name") continue;
    if (identity.subject !== subjectKey(connection, before.loginName)) continue;
    const subject = subjectKey(connection, after.loginName);
    if (subject === identity.subject) continue;
    if (!after.active && (await store.roles.isOwner(before.id))) {
      await store.identities.remove(connection.id, identity.subject);
      continue;
    }
    await refuseForOwner(
      store,
      before.id,
      "This owner signs in by the login name, so provisioning does not change it.",
    );
    const holder = await store.identities.find(connection.id, subject);
    if (holder) await refuseForOwner(store, holder.userId, "An owner signs in by this login name.");
    await store.identities.move(connection.id, identity.subject, subject);
  }
}
