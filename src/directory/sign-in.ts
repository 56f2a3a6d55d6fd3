/**
 * The directory: what happens to people, whichever protocol asks for it.
 *
 * Owns: the sign-in verdict (this file), provisioning and its conflicts (provisioning.ts, groups.ts), local
 * accounts (local-accounts.ts), roles (roles.ts), taking access away (access.ts), tenants as a whole (tenants.ts).
 * Knows no HTTP, no SQL and no protocol words: a `sub`, a NameID and an externalId arrive here as a subject
 * and a source key. May import: model, errors and the store.
 */
import { randomUUID } from "node:crypto";
import { ConflictError, RefusedError } from "../errors.ts";
import type { Connection, ExternalIdentity, User } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { textKey } from "../store/text-keys.ts";
import { attributesFromProfile } from "./attributes.ts";
import { validateIdentity } from "./names.ts";
import { consumeApproval } from "./owners.ts";
import { recordRefusal, recordSignIn, type SignInAttempt } from "./sign-in-activity.ts";

export interface SignIn {
  user: User;
  /** How the identity found its user. */
  by: "identity" | "source-key" | "login-name" | "just-in-time";
}

/**
 * Decides who an external identity is in this tenant, and records the sign-in or its refusal. The protocol room has already
 * proved that the identity provider of `identity.connectionId` said so. Throws RefusedError with the reason.
 *
 * 0. A connection that is not active signs nobody in.
 * 1. The identity (connection, subject) is known: that user.
 * 2. Else, where the subject is also the provisioning client's key: the one provisioned user with that key.
 * 3. Else a provisioned user with the same login name who has no identity yet. A local account is never linked
 *    by a login, or an identity provider could walk into it; its owner links it while signed in.
 *    2 and 3 reach an owner of the tenant only after an owner approved it by name (owners.ts).
 * 4. Else the login name is somebody else's, or looks like it: refused.
 * 5. Else the user is created just in time, if the connection allows it and nobody deleted them before.
 * 6. In every case a user who is inactive or blocked is refused.
 */
export async function signIn(
  store: TenantStore,
  identity: ExternalIdentity,
  requestId: string | null = null,
): Promise<SignIn> {
  const attempt = { connectionId: identity.connectionId, requestId };
  try {
    return await decideTwice(store, identity, attempt);
  } catch (error) {
    if (error instanceof RefusedError) {
      await recordRefusal(store, error, attempt, await refusedPerson(store, identity));
    }
    throw error;
  }
}

async function decideTwice(
  store: TenantStore,
  identity: ExternalIdentity,
  attempt: SignInAttempt,
): Promise<SignIn> {
  try {
    return await store.transaction((inside) => decide(inside, identity, attempt));
  } catch (error) {
    if (!mayBeLate(error)) throw error;
    return await store.transaction((inside) => decide(inside, identity, attempt));
  }
}

/** By the name that the provider vouches for; with an id when the identity is known. */
async function refusedPerson(store: TenantStore, { connectionId, subject, loginName }: ExternalIdentity) {
  const connection = await store.connections.byId(connectionId);
  const known = connection && (await store.identities.find(connectionId, storedSubject(connection, subject)));
  return { id: known?.userId ?? null, loginName };
}

/**
 * Two first sign-ins of a person at once: the other one creates the user between two of our looks (PostgreSQL shows
 * each statement what is committed by then), so that the name is taken but the identity was not there yet. A second
 * look finds it; if it does not, the refusal stands.
 */
function mayBeLate(error: unknown): boolean {
  return (
    error instanceof ConflictError || (error instanceof RefusedError && error.reason === "account-conflict")
  );
}

/**
 * What signIn would decide if the connection were active: the decision itself is made, in a transaction that is then
 * taken back, so that a preview cannot differ from what follows. Throws what signIn throws.
 */
export async function previewSignIn(store: TenantStore, identity: ExternalIdentity): Promise<SignIn> {
  const verdict: { signIn?: SignIn } = {};
  try {
    await store.transaction(async (inside) => {
      const connection = await inside.connections.byId(identity.connectionId);
      if (!connection) throw new RefusedError("connection-not-active");
      verdict.signIn = await decideOn(inside, connection, identity);
      throw new TakenBack();
    });
  } catch (error) {
    if (error instanceof TakenBack && verdict.signIn) return verdict.signIn;
    throw error;
  }
  throw new Error("a preview was not taken back");
}

class TakenBack extends Error {}

async function decide(
  store: TenantStore,
  external: ExternalIdentity,
  attempt: SignInAttempt,
): Promise<SignIn> {
  const connection = await store.connections.byId(external.connectionId);
  if (connection?.status !== "active") throw new RefusedError("connection-not-active");
  const verdict = await decideOn(store, connection, external);
  await recordSignIn(store, verdict.user, attempt);
  return verdict;
}

async function decideOn(store: TenantStore, connection: Connection, sent: ExternalIdentity): Promise<SignIn> {
  const external = validateIdentity(sent);
  const subject = storedSubject(connection, external.subject);

  const verdict =
    (await byIdentity(store, connection, subject)) ??
    (await bySourceKey(store, connection, external, subject)) ??
    (await byLoginName(store, external)) ??
    (await justInTime(store, connection, external, subject));

  // Locked: a deactivation that runs at the same time is either seen here or ends the session that follows.
  const user = await store.users.lock(verdict.user.id);
  if (!user?.active) throw new RefusedError("user-inactive");
  if (user.blocked) throw new RefusedError("user-blocked");

  if (verdict.by === "source-key" || verdict.by === "login-name") {
    await consumeApproval(store, connection, user);
    await store.identities.add(connection.id, subject, user.id);
  }
  await store.identities.recordSignIn(connection.id, subject, external.profile.email);
  if (external.roles) await store.roles.replace(user.id, "claim", connection.id, external.roles);
  return { user: await refreshed(store, user, external), by: verdict.by };
}

/**
 * The form in which a connection's subjects are stored and compared. Where the subject is the login name, it
 * follows the login name's rule: case does not matter. Compatibility forms do: the provider tells them apart, so
 * that whoever may choose a look-alike there must not come in as somebody else here.
 */
export function storedSubject(connection: Connection, subject: string): string {
  return connection.subjectKind === "login-name" ? textKey(subject) : subject;
}

async function byIdentity(
  store: TenantStore,
  connection: Connection,
  subject: string,
): Promise<SignIn | null> {
  const identity = await store.identities.find(connection.id, subject);
  const user = identity && (await store.users.byId(identity.userId));
  return user ? { user, by: "identity" } : null;
}

async function bySourceKey(
  store: TenantStore,
  connection: Connection,
  external: ExternalIdentity,
  subject: string,
): Promise<SignIn | null> {
  if (connection.subjectKind !== "source-key") return null;
  const users = (await store.users.bySourceKey(external.subject)).filter((user) => user.origin === "scim");
  const [user] = users;
  // Two sources that know different people by the same key: neither can be believed.
  if (users.length !== 1 || !user) return null;
  // The same connection already knows this user by another subject.
  const known = (await store.identities.ofUser(user.id)).some(
    (identity) => identity.connectionId === connection.id && identity.subject !== subject,
  );
  return known ? null : { user, by: "source-key" };
}

async function byLoginName(store: TenantStore, external: ExternalIdentity): Promise<SignIn | null> {
  const user = await store.users.byLoginName(external.loginName);
  if (!user) return null;
  // Unique here is wider than the same at the provider: what only looks like the name does not open the account.
  const isSame = textKey(user.loginName) === textKey(external.loginName);
  const linkable = isSame && user.origin === "scim" && (await store.identities.ofUser(user.id)).length === 0;
  if (!linkable) throw new RefusedError("account-conflict");
  return { user, by: "login-name" };
}

async function justInTime(
  store: TenantStore,
  connection: Connection,
  external: ExternalIdentity,
  subject: string,
): Promise<SignIn> {
  if (!connection.justInTime) throw new RefusedError("just-in-time-off");
  if (await store.tombstones.forbids(external.loginName, connection.id, subject)) {
    throw new RefusedError("user-deleted");
  }
  const user = await store.users.create({
    ...external.profile,
    attributes: attributesFromProfile(external.profile),
    id: randomUUID(),
    loginName: external.loginName,
    active: true,
    origin: "just-in-time",
    sourceId: null,
    sourceKey: null,
  });
  await store.identities.add(connection.id, subject, user.id);
  return { user, by: "just-in-time" };
}

/**
 * A just-in-time profile follows what the identity provider says at each sign-in. What a provisioning client
 * manages is never overwritten, nor is a local account.
 */
async function refreshed(store: TenantStore, user: User, external: ExternalIdentity): Promise<User> {
  if (user.origin !== "just-in-time") return user;
  const { givenName, familyName, displayName, email } = external.profile;
  const changed =
    user.givenName !== givenName ||
    user.familyName !== familyName ||
    user.displayName !== displayName ||
    user.email !== email;
  // A login name that changed at the provider is taken over only while it is free: a sign-in must not fail on it.
  const renamed = user.loginName !== external.loginName && (await isFree(store, external.loginName, user.id));
  if (!changed && !renamed) return user;
  return await store.users.update(user.id, {
    ...external.profile,
    attributes: attributesFromProfile(external.profile),
    ...(renamed ? { loginName: external.loginName } : {}),
  });
}

async function isFree(store: TenantStore, loginName: string, exceptUserId: string): Promise<boolean> {
  const holder = await store.users.byLoginName(loginName);
  return holder === null || holder.id === exceptUserId;
}
