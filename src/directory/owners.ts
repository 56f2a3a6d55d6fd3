import { ConflictError, NotFoundError, RefusedError } from "../errors.ts";
import type { Connection, User } from "../model.ts";
import type { ActiveOwner } from "../store/tenant/roles.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/**
 * Only owners decide how an owner signs in. Administrators, guests of set-up links and provisioning clients cannot open a
 * way into an owner's account:
 *
 * - A connection links an owner by source key or login name only after an owner approved it for that person.
 * - A provisioning client cannot set an owner's password, adopt an owner or move an owner's identity. It may deactivate
 *   the owners that it manages.
 * - The application refuses to remove the last owner who can sign in. If a provisioning client removes that owner, the
 *   operator is told.
 */

/** Throws ConflictError `owner-protected` if the user is an owner. `what` begins the sentence. */
export async function refuseForOwner(store: TenantStore, userId: string, what: string): Promise<void> {
  if (!(await store.roles.isOwner(userId))) return;
  throw new ConflictError(
    "owner-protected",
    `${what} Another owner can take the role away, and give it back afterwards.`,
  );
}

/**
 * Consumes the approval that lets a connection link this owner. People who are not owners need none. Throws RefusedError
 * `owner-not-approved`.
 */
export async function consumeApproval(store: TenantStore, connection: Connection, user: User): Promise<void> {
  if (!(await store.roles.isOwner(user.id))) return;
  if (!(await store.ownerApprovals.consume(connection.id, user.id)))
    throw new RefusedError("owner-not-approved");
}

/** The owners whom a connection could link once it is approved: provisioned and invited people without an identity on it. */
export async function approvableOwners(store: TenantStore, connection: Connection): Promise<User[]> {
  const owners: User[] = [];
  for (const { id } of await store.roles.activeOwners()) {
    const user = await store.users.byId(id);
    if (user && (await isApprovable(store, connection, user))) owners.push(user);
  }
  return owners;
}

/** The active connections that could link an owner once they are approved. */
export async function approvableConnections(store: TenantStore, user: User): Promise<Connection[]> {
  const found: Connection[] = [];
  const approved = await store.ownerApprovals.ofUser(user.id);
  for (const connection of await store.connections.list()) {
    const needsApproval = connection.status === "active" && !approved.includes(connection.id);
    if (needsApproval && (await isApprovable(store, connection, user))) found.push(connection);
  }
  return found;
}

/** Steps 2 and 3 of the sign-in verdict (sign-in.ts) link only provisioned and invited people, each to one subject per connection. */
async function isApprovable(store: TenantStore, connection: Connection, user: User): Promise<boolean> {
  if (user.origin !== "scim" && user.origin !== "invited") return false;
  const identities = await store.identities.ofUser(user.id);
  return !identities.some(({ connectionId }) => connectionId === connection.id);
}

/**
 * Records an owner's approval that a connection may link this owner. Throws NotFoundError, and ConflictError `stale` if
 * the connection is not active, if it could not link this person, or if the person is not an owner.
 */
export async function approveOwner(store: TenantStore, connectionId: string, userId: string): Promise<void> {
  await store.transaction(async (inside) => {
    const user = await inside.users.lock(userId);
    const connection = await inside.connections.byId(connectionId);
    if (!user || !connection) throw new NotFoundError("There is no such person or connection.");
    // A draft's settings may still change to another identity provider.
    const isLinkable = connection.status === "active" && (await isApprovable(inside, connection, user));
    if (!isLinkable || !(await inside.roles.isOwner(userId))) {
      throw new ConflictError("stale", "This connection cannot be linked to this person any more.");
    }
    await inside.ownerApprovals.approve(connectionId, userId);
  });
}

/**
 * Runs a change and throws ConflictError `last-owner` if it removed the last owner who can sign in or, where none could
 * before, the last active owner. Call it in a transaction, which the error rolls back.
 */
export async function protectLastOwner<T>(store: TenantStore, change: () => Promise<T>): Promise<T> {
  const { result, lastOwnerLost } = await detectLastOwnerLoss(store, change);
  if (lastOwnerLost) {
    throw new ConflictError(
      "last-owner",
      "This is the last owner who can sign in. Make another person an owner first, and let them sign in once.",
    );
  }
  return result;
}

/** Runs a change and says whether it removed the last owner who can sign in. Call it in a transaction. */
export async function detectLastOwnerLoss<T>(
  store: TenantStore,
  change: () => Promise<T>,
): Promise<{ result: T; lastOwnerLost: boolean }> {
  const before = await store.roles.lockOwners();
  const result = await change();
  const after = await store.roles.lockOwners();
  const whoCanSignIn = (owners: readonly ActiveOwner[]) => owners.filter(({ canSignIn }) => canSignIn);
  const isLast = (owners: readonly ActiveOwner[], remaining: readonly ActiveOwner[]) =>
    owners.length > 0 && remaining.length === 0;
  const lastOwnerLost = isLast(whoCanSignIn(before), whoCanSignIn(after)) || isLast(before, after);
  return { result, lastOwnerLost };
}
