import { ConflictError, NotFoundError, RefusedError } from "../errors.ts";
import type { Connection, User } from "../model.ts";
import type { ActiveOwner } from "../store/tenant/roles.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/**
 * Owners are reached by owners alone. An administrator, the guest of a set-up link and a machine may change what is
 * around an owner, never how that owner signs in:
 *
 * - A connection becomes an owner's sign-in through a key or a login name only after an owner approved it by name.
 * - A provisioning client never sets an owner's password, adopts an owner or moves an owner's identity; it may
 *   deactivate the owners that it manages.
 * - The application never takes away the last owner who can sign in; where a provisioning client does, the operator is
 *   told.
 */

/** Throws ConflictError `owner-protected` for what a provisioning client may not do to an owner. `what` begins the sentence. */
export async function refuseForOwner(store: TenantStore, userId: string, what: string): Promise<void> {
  if (!(await store.roles.isOwner(userId))) return;
  throw new ConflictError(
    "owner-protected",
    `${what} Another owner can take the role away, and give it back afterwards.`,
  );
}

/**
 * Uses up the approval by which a connection may become this person's sign-in. People who are not owners need none.
 * Throws RefusedError `owner-not-approved`.
 */
export async function consumeApproval(store: TenantStore, connection: Connection, user: User): Promise<void> {
  if (!(await store.roles.isOwner(user.id))) return;
  if (!(await store.ownerApprovals.consume(connection.id, user.id)))
    throw new RefusedError("owner-not-approved");
}

/**
 * The owners who could sign in through a connection for the first time, were it approved: provisioned people without an
 * identity on it.
 */
export async function approvableOwners(store: TenantStore, connection: Connection): Promise<User[]> {
  const owners: User[] = [];
  for (const { id } of await store.roles.activeOwners()) {
    const user = await store.users.byId(id);
    if (user && (await isApprovable(store, connection, user))) owners.push(user);
  }
  return owners;
}

/** The active connections that could become an owner's sign-in, were they approved. */
export async function approvableConnections(store: TenantStore, user: User): Promise<Connection[]> {
  const found: Connection[] = [];
  const approved = await store.ownerApprovals.ofUser(user.id);
  for (const connection of await store.connections.list()) {
    const isOpen = connection.status === "active" && !approved.includes(connection.id);
    if (isOpen && (await isApprovable(store, connection, user))) found.push(connection);
  }
  return found;
}

/** Steps 2 and 3 of the sign-in verdict link provisioned people alone, each to one subject of a connection. */
async function isApprovable(store: TenantStore, connection: Connection, user: User): Promise<boolean> {
  if (user.origin !== "scim") return false;
  const identities = await store.identities.ofUser(user.id);
  return !identities.some(({ connectionId }) => connectionId === connection.id);
}

/**
 * An owner's word that a connection may become the sign-in of this owner, whom it names. Throws NotFoundError, and
 * ConflictError `stale` for a connection that is not active, and for somebody whom it could not link or who is no owner.
 */
export async function approveOwner(store: TenantStore, connectionId: string, userId: string): Promise<void> {
  await store.transaction(async (inside) => {
    const user = await inside.users.lock(userId);
    const connection = await inside.connections.byId(connectionId);
    if (!user || !connection) throw new NotFoundError("There is no such person or connection.");
    // A draft's settings may still become somebody else's.
    const isLinkable = connection.status === "active" && (await isApprovable(inside, connection, user));
    if (!isLinkable || !(await inside.roles.isOwner(userId))) {
      throw new ConflictError("stale", "This connection cannot be linked to this person any more.");
    }
    await inside.ownerApprovals.approve(connectionId, userId);
  });
}

/**
 * Runs a change, and takes it back when it took away the last owner who can sign in: ConflictError `last-owner`. Where no
 * owner could sign in before, it must not take away the last active one. Belongs in a transaction.
 */
export async function protectLastOwner<T>(store: TenantStore, change: () => Promise<T>): Promise<T> {
  const { result, lastOwnerLost } = await detectLastOwnerLoss(store, change);
  if (lastOwnerLost) {
    throw new ConflictError(
      "last-owner",
      "This is the last owner who can sign in. Make somebody else an owner first, and let them sign in once.",
    );
  }
  return result;
}

/** Runs a change, and tells whether it took away the last owner who can sign in. Belongs in a transaction. */
export async function detectLastOwnerLoss<T>(
  store: TenantStore,
  change: () => Promise<T>,
): Promise<{ result: T; lastOwnerLost: boolean }> {
  const before = await store.roles.lockOwners();
  const result = await change();
  const after = await store.roles.lockOwners();
  const withWayIn = (owners: readonly ActiveOwner[]) => owners.filter(({ canSignIn }) => canSignIn);
  const lost = (some: (owners: readonly ActiveOwner[]) => readonly ActiveOwner[]) =>
    some(before).length > 0 && some(after).length === 0;
  return { result, lastOwnerLost: lost(withWayIn) || lost((owners) => owners) };
}
