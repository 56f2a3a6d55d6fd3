/**
 * The directory: what happens to people, regardless of the protocol.
 *
 * Owns: the sign-in verdict (this file), provisioning and its conflicts (provisioning.ts, groups.ts), local accounts
 * (local-accounts.ts), roles (roles.ts), revoking access (access.ts), and tenants as a whole (tenants.ts).
 * Knows nothing of HTTP, SQL or protocols: a `sub`, a NameID and an externalId arrive here as a subject and a source
 * key. May import: model, errors and the store.
 */
import { isDeepStrictEqual } from "node:util";
import { ConflictError, RefusedError } from "../errors.ts";
import {
  type Connection,
  type ExternalIdentity,
  profileFields,
  type User,
  type VerifiedIdentity,
} from "../model.ts";
import { isSameProvider } from "../sign-in-protocols.ts";
import { runAndRollBack } from "../store/database.ts";
import { subjectKey } from "../store/tenant/identities.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { textKey } from "../store/text-keys.ts";
import { tellSignIn } from "./access-events.ts";
import { attributesFromProfile } from "./attributes.ts";
import { validateIdentity } from "./names.ts";
import { createUser } from "./new-users.ts";
import { consumeApproval } from "./owners.ts";
import { recordRefusal, recordSignIn, type SignInAttempt } from "./sign-in-activity.ts";

export interface SignIn {
  user: User;
  /** How the identity found its user. */
  by: "identity" | "source-key" | "login-name" | "just-in-time";
}

/** A sign-in that was carried out. */
export interface CompletedSignIn extends SignIn {
  /** The labels of the profile's fields that it changed. */
  changed: readonly string[];
}

/**
 * Decides who an external identity is in this tenant, and records the sign-in or its refusal. The caller has already
 * verified that the identity provider of `identity.connectionId` vouches for it. Throws RefusedError with the reason.
 *
 * 0. An inactive connection signs no one in. Nor does one that got another provider or role mapping since it verified the
 *    identity: that may take seconds, and the former provider chooses how many.
 * 1. A known identity (connection and subject) is its user.
 * 2. Otherwise, if the subject is also the provisioning client's key: the one provisioned user with that key.
 * 3. Otherwise a provisioned or invited user who has the same login name and no identity yet. A sign-in never links a local
 *    account, or an identity provider could take it over; its holder links it while signed in.
 *    Steps 2 and 3 reach an owner only after an owner approved this connection for them (owners.ts).
 * 4. Any other user with this login name, or one that looks like it: refused.
 * 5. If there is none, the user is created just in time, provided that the connection allows it and that the person
 *    was not deleted before.
 * 6. An inactive or blocked user is refused in every case, and one whose access is revoked at the same time.
 */
export async function signIn(
  store: TenantStore,
  identity: VerifiedIdentity,
  requestId: string | null = null,
): Promise<CompletedSignIn> {
  const attempt = { connectionId: identity.connectionId, requestId };
  try {
    const { decision, isFirst } = await decideWithRetry(store, identity, attempt);
    if (isFirst) await recordAdmission(store, identity);
    return decision;
  } catch (error) {
    if (error instanceof RefusedError) {
      await recordRefusal(store, error, attempt, await identifyRefused(store, identity));
    }
    throw error;
  }
}

/**
 * Makes the decision that signIn would make if the connection were active. It runs the real code and rolls the
 * transaction back, so the preview cannot drift from the sign-in. Throws as signIn does.
 */
export async function previewSignIn(store: TenantStore, identity: ExternalIdentity): Promise<SignIn> {
  return await runAndRollBack(store, async (inside) => {
    const connection = await inside.connections.byId(identity.connectionId);
    if (!connection) throw new RefusedError("connection-not-active");
    return await decide(inside, connection, identity);
  });
}

async function decideWithRetry(
  store: TenantStore,
  identity: VerifiedIdentity,
  attempt: SignInAttempt,
): Promise<RecordedSignIn> {
  return await retryFirstSignIn(() =>
    store.transaction((inside) => decideAndRecord(inside, identity, attempt)),
  );
}

/** Runs a verdict in its transaction, and once more if two first sign-ins of one person may have raced. */
export async function retryFirstSignIn<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isFirstSignInRace(error)) throw error;
    return await run();
  }
}

/**
 * Whether two first sign-ins of one person may have raced. The other one can create the user after step 1 has found no
 * identity (PostgreSQL shows each statement what is committed by then), so the login name is suddenly taken. A second
 * run finds the identity; if it does not, the refusal is final.
 */
function isFirstSignInRace(error: unknown): boolean {
  return (
    error instanceof ConflictError || (error instanceof RefusedError && error.reason === "account-conflict")
  );
}

interface RecordedSignIn {
  decision: CompletedSignIn;
  /** Whether no one was known to get in with the connection before. */
  isFirst: boolean;
}

async function decideAndRecord(
  store: TenantStore,
  identity: VerifiedIdentity,
  attempt: SignInAttempt,
): Promise<RecordedSignIn> {
  const connection = await holdVerifier(store, identity); // step 0
  const decision = await decide(store, connection, identity);
  if (connection.sendsSignals) await tellSignIn(store, connection.id, decision.user.id);
  await recordSignIn(store, decision.user, attempt);
  return { decision, isFirst: connection.admittedAt === null };
}

/** The connection, active and as it was when it verified the identity, until the transaction ends. Throws RefusedError. */
async function holdVerifier(store: TenantStore, identity: VerifiedIdentity): Promise<Connection> {
  const connection = await store.connections.hold(identity.connectionId);
  if (connection?.status !== "active") throw new RefusedError("connection-not-active");
  if (!isStillVerified(connection, identity))
    throw new RefusedError("sign-in-not-started-here", connectionChanged);
  return connection;
}

export const connectionChanged = "The connection was changed during the sign-in.";

/** Whether the connection would still find the same person in the identity, and the same roles. */
function isStillVerified({ settings }: Connection, { verifiedBy }: VerifiedIdentity): boolean {
  if (settings === null) return false;
  // SAML {
  // A response that the former release accepted lacks it.
  if (verifiedBy === undefined) return false;
  // SAML }
  // Other settings may change, as certificates do when the provider's metadata is read again.
  if (isDeepStrictEqual(settings, verifiedBy)) return true;
  const [mapping, former] = [settings.roleMapping ?? null, verifiedBy.roleMapping ?? null];
  return isSameProvider(settings, verifiedBy) && isDeepStrictEqual(mapping, former);
}

/**
 * Remembers that someone got in with the connection. This is a transaction of its own: those of two first sign-ins hold the
 * connection together, so neither could change it.
 */
async function recordAdmission(store: TenantStore, identity: VerifiedIdentity): Promise<void> {
  await store.transaction(async (inside) => {
    const connection = await inside.connections.lock(identity.connectionId);
    if (!connection || !isStillVerified(connection, identity)) return;
    await inside.connections.update(connection.id, { admittedAt: Date.now() });
  });
}

async function decide(
  store: TenantStore,
  connection: Connection,
  sent: ExternalIdentity,
): Promise<CompletedSignIn> {
  const external = validateIdentity(sent);
  const login = { connection, external, subject: subjectKey(connection, external.subject) };

  const match =
    (await findByIdentity(store, login)) ?? // step 1
    (await findBySourceKey(store, login)) ?? // step 2
    (await findByLoginName(store, login)) ?? // steps 3 and 4
    (await createJustInTime(store, login)); // step 5
  const user = await admit(store, login, match); // step 6
  await store.identities.recordSignIn(connection.id, login.subject, external.profile.email);
  if (external.roles) await store.roles.replace(user.id, "claim", connection.id, external.roles);
  return { ...(await refreshProfile(store, user, external)), by: match.by };
}

/** The person in an assertion for an agent (draft-ietf-oauth-identity-assertion-authz-grant §3.1). */
export interface AssertedPerson {
  subject: string;
  /** A hint for just-in-time creation; null if the assertion has none. */
  email: string | null;
}

/**
 * Decides for whom an agent acts. The rules are those of signIn, but an assertion is not a sign-in: its address is a hint, so it
 * never links a user by login name, and it changes no profile. Call it in a transaction. Throws RefusedError.
 */
export async function personOfAssertion(
  store: TenantStore,
  connection: Connection,
  { subject, email }: AssertedPerson,
): Promise<SignIn> {
  const profile = { givenName: null, familyName: null, displayName: null, email };
  const sent = { connectionId: connection.id, subject, loginName: email ?? "", profile };
  const login = { connection, external: sent, subject: subjectKey(connection, subject) };
  const match =
    (await findByIdentity(store, login)) ??
    (await findBySourceKey(store, login)) ??
    (await createFromHint(store, login));
  return { user: await admit(store, login, match), by: match.by };
}

/** Creates the person of an assertion just in time, if the address in it is not a login name yet. */
async function createFromHint(store: TenantStore, login: Login): Promise<SignIn> {
  if (!login.connection.justInTime) throw new RefusedError("just-in-time-off");
  if (login.external.loginName === "") throw new RefusedError("profile-incomplete");
  const external = validateIdentity(login.external);
  if (await store.users.byLoginName(external.loginName)) throw new RefusedError("account-conflict");
  return await createJustInTime(store, { ...login, external });
}

/**
 * Refuses a user who is inactive or blocked, or whose access is revoked at the same time. Links the identity of one that was
 * found without it.
 */
async function admit(store: TenantStore, { connection, subject }: Login, match: SignIn): Promise<User> {
  // Locked, so that a concurrent deactivation is either visible here or ends the new session.
  const user = await store.users.lock(match.user.id);
  if (!user?.active) throw new RefusedError("user-inactive");
  if (user.blocked) throw new RefusedError("user-blocked");
  // A revocation that had the lock may have unlinked the identity or changed the account's owner since the user was found.
  if (user.accessEpoch !== match.user.accessEpoch)
    throw new RefusedError("sign-in-not-started-here", accessRevoked);
  if (match.by === "source-key" || match.by === "login-name") {
    await consumeApproval(store, connection, user);
    await store.identities.add(connection.id, subject, user.id);
    // By signing in they accepted it.
    if (await store.invitations.remove(user.id)) await store.links.removeOfUser(user.id);
  }
  return user;
}

const accessRevoked = "Your access was revoked during the sign-in.";

/** An identity that the provider vouches for, on its way through the steps. */
interface Login {
  connection: Connection;
  external: ExternalIdentity;
  /** The subject as it is stored: see subjectKey. */
  subject: string;
}

async function findByIdentity(store: TenantStore, { connection, subject }: Login): Promise<SignIn | null> {
  const identity = await store.identities.find(connection.id, subject);
  const user = identity && (await store.users.byId(identity.userId));
  return user ? { user, by: "identity" } : null;
}

async function findBySourceKey(
  store: TenantStore,
  { connection, external, subject }: Login,
): Promise<SignIn | null> {
  if (connection.subjectKind !== "source-key") return null;
  const [user, another] = await store.users.bySourceKey(external.subject);
  // If several people have the key, at one source or at two, it identifies none of them.
  if (!user || another) return null;
  const identities = await store.identities.ofUser(user.id);
  const hasOtherSubject = identities.some(
    (identity) => identity.connectionId === connection.id && identity.subject !== subject,
  );
  return hasOtherSubject ? null : { user, by: "source-key" };
}

async function findByLoginName(store: TenantStore, { external }: Login): Promise<SignIn | null> {
  const user = await store.users.byLoginName(external.loginName);
  if (!user) return null;
  // The lookup also finds look-alikes (nameKey), which are other people at the provider.
  const isSameName = textKey(user.loginName) === textKey(external.loginName);
  const isLinkable =
    isSameName && isLinkableOrigin(user) && (await store.identities.ofUser(user.id)).length === 0;
  if (!isLinkable) throw new RefusedError("account-conflict");
  return { user, by: "login-name" };
}

/** People whom the organisation let in, by provisioning or by an invitation. A local account is its holder's alone. */
function isLinkableOrigin({ origin }: Pick<User, "origin">): boolean {
  return origin === "scim" || origin === "invited";
}

async function createJustInTime(
  store: TenantStore,
  { connection, external, subject }: Login,
): Promise<SignIn> {
  if (!connection.justInTime) throw new RefusedError("just-in-time-off");
  if (await store.tombstones.forbids(external.loginName, connection.id, subject)) {
    throw new RefusedError("user-deleted");
  }
  const { loginName, profile } = external;
  const user = await createUser(store, { ...profile, loginName }, "just-in-time");
  await store.identities.add(connection.id, subject, user.id);
  return { user, by: "just-in-time" };
}

/**
 * Updates the profile of a just-in-time user at each sign-in. Provisioned users and local accounts keep what their
 * provisioning client or holder set.
 */
async function refreshProfile(
  store: TenantStore,
  user: User,
  external: ExternalIdentity,
): Promise<Omit<CompletedSignIn, "by">> {
  if (user.origin !== "just-in-time") return { user, changed: [] };
  const changed = profileFields.filter((field) => user[field] !== external.profile[field]);
  // Follow a rename at the provider only if the new name is free: a sign-in must not fail because of it.
  const isRenamed =
    user.loginName !== external.loginName && (await isFree(store, external.loginName, user.id));
  const all = [...changed.map((field) => fieldLabels[field]), ...(isRenamed ? ["Login name"] : [])];
  if (all.length === 0) return { user, changed: all };
  const updated = await store.users.update(user.id, {
    ...external.profile,
    attributes: attributesFromProfile(external.profile),
    ...(isRenamed ? { loginName: external.loginName } : {}),
  });
  await store.activity.tell({ name: "personChanged", userId: user.id });
  return { user: updated, changed: all };
}

const fieldLabels = {
  givenName: "First name",
  familyName: "Last name",
  displayName: "Display name",
  email: "E-mail",
} as const;

async function isFree(store: TenantStore, loginName: string, exceptUserId: string): Promise<boolean> {
  const holder = await store.users.byLoginName(loginName);
  return holder === null || holder.id === exceptUserId;
}

/** The provider vouches for the login name; the id is known only if the identity is. */
async function identifyRefused(store: TenantStore, identity: VerifiedIdentity) {
  const { connectionId, subject, loginName } = identity;
  const connection = await store.connections.byId(connectionId);
  const known =
    connection !== null && isStillVerified(connection, identity)
      ? await store.identities.find(connectionId, subjectKey(connection, subject))
      : null;
  return { id: known?.userId ?? null, loginName };
}
