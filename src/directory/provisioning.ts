import { randomUUID } from "node:crypto";
import { ConflictError, NotFoundError } from "../errors.ts";
import type { AttributeDocument, Profile, ProvisioningSource, Tenant, User } from "../model.ts";
import type { UserChanges } from "../store/tenant/users.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { revokeUserAccess } from "./access.ts";
import { attributesFromProfile } from "./attributes.ts";
import { validateNameChanges, validateNames } from "./names.ts";
import { detectLastOwnerLoss, refuseForOwner } from "./owners.ts";
import { storedSubject } from "./sign-in.ts";

/** Who writes: a provisioning source, and what its tenant wants when another source was there first. */
export interface Writer {
  source: ProvisioningSource;
  sourceConflict: Tenant["sourceConflict"];
}

export interface ProvisionedUser extends Profile {
  loginName: string;
  sourceKey: string | null;
  active: boolean;
  /** All that the client sent, when that is more than the profile. */
  attributes?: AttributeDocument;
  entitlements?: string[];
}

/**
 * Creates a user for a provisioning client. A login name that exists is refused, whatever state its user is in
 * (ConflictError `login-name-taken`): the client finds that user by name and updates it, which adopts it. Somebody
 * who was deleted comes back as a new user, and may sign in just in time again. Throws InvalidError for names that lie
 * (names.ts).
 */
export async function provisionUser(
  store: TenantStore,
  writer: Writer,
  sent: ProvisionedUser,
): Promise<User> {
  const wanted = validateNames(sent);
  return await store.transaction(async (inside) => {
    await inside.tombstones.liftByLoginName(wanted.loginName);
    return await inside.users.create({
      attributes: attributesFromProfile(wanted),
      ...wanted,
      id: randomUUID(),
      origin: "scim",
      sourceId: writer.source.id,
    });
  });
}

/** What a provisioning client's change did. */
export interface ProvisioningChange {
  user: User;
  /** The user was just-in-time or another source's before. */
  adopted: boolean;
  /** The change took away the last owner who could sign in: the operator has to be told. */
  lastOwnerLost: boolean;
}

/**
 * Applies a provisioning client's change to a user, adopting the user first where that is allowed: the id and
 * the identities stay, and the source manages the user from now on. Deactivation is always obeyed and ends every
 * session. Throws NotFoundError, or ConflictError: `local-account` for an account of this application, since an
 * identity provider could otherwise walk into it; `other-source`; `login-name-taken`; `source-key-taken`;
 * `owner-protected` for what would open an owner's sign-in (owners.ts). Throws
 * InvalidError for new names that lie (names.ts).
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
    const adoption = await mayWrite(inside, writer, before);
    const work = () => inside.users.update(userId, { ...adoption, ...validateNameChanges(changes, before) });
    const isOwnerOut = changes.active === false && (await inside.roles.isOwner(userId));
    const { result: user, lastOwnerLost } = isOwnerOut
      ? await detectLastOwnerLoss(inside, work)
      : { result: await work(), lastOwnerLost: false };
    if (user.loginName !== before.loginName) await moveIdentities(inside, before, user);
    // An approval was given to the person whom this key and this name meant.
    if (user.loginName !== before.loginName || user.sourceKey !== before.sourceKey)
      await inside.ownerApprovals.removeOfUser(userId);
    if (before.active && !user.active) await revokeUserAccess(inside, userId);
    return { user, adopted: before.origin !== "scim" || before.sourceId !== user.sourceId, lastOwnerLost };
  });
}

/**
 * Deletes a user for a provisioning client: not found from then on, signed out everywhere, and kept from coming
 * back just in time until a provisioning client creates them again or an administrator lifts the tombstone.
 * Throws as updateProvisionedUser does.
 */
export async function deleteProvisionedUser(
  store: TenantStore,
  writer: Writer,
  userId: string,
): Promise<Pick<ProvisioningChange, "lastOwnerLost">> {
  return await store.transaction(async (inside) => {
    const user = await inside.users.lock(userId);
    if (!user) throw new NotFoundError("There is no such user.");
    await mayWrite(inside, writer, user);
    await inside.tombstones.add(randomUUID(), user.loginName, await inside.identities.ofUser(userId));
    // Sessions, identities, memberships, grants and what the product hangs on them go with the row.
    const { lastOwnerLost } = await detectLastOwnerLoss(inside, () => inside.users.remove(userId));
    return { lastOwnerLost };
  });
}

/** Returns what adoption changes: nothing for a user that the source manages already. */
async function mayWrite(
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
 * Where a connection's subject is the login name, the person goes on as the same user under the new name, and the
 * old name's next holder is somebody else. Not for owners: the holder of the new name at the identity provider would
 * become the owner, and an owner who has that subject already would lose it. Throws ConflictError `owner-protected`.
 */
async function moveIdentities(store: TenantStore, before: User, after: User): Promise<void> {
  for (const identity of await store.identities.ofUser(before.id)) {
    const connection = await store.connections.byId(identity.connectionId);
    if (connection?.subjectKind !== "login-name") continue;
    if (identity.subject !== storedSubject(connection, before.loginName)) continue;
    const subject = storedSubject(connection, after.loginName);
    if (subject === identity.subject) continue;
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
