import { RefusedError } from "../errors.ts";
import type { Profile, User } from "../model.ts";
import type { Database } from "../store/database.ts";
import { hashToken, randomToken } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import { accountChanged, lockIfUnrevoked, lockUnchanged, revokeUserAccess } from "./access.ts";
import { type PersonalNames, renamedAttributes } from "./attributes.ts";
import { requiredConnection } from "./domains.ts";
import { checkPasswordAccess, type Mails, noMails, ownerLinkHours } from "./mails.ts";
import { checkPersonalNames, validateNameChanges, validateNames } from "./names.ts";
import { namesFromAddress } from "./names-from-address.ts";
import { createUser } from "./new-users.ts";
import type { PasswordHasher } from "./password-hash.ts";
import { checkPassword, wordsOf } from "./password-rules.ts";
import { forgetSecondSteps, secondStepNeed } from "./second-steps.ts";
import { giveNotice } from "./security-notices.ts";
import { recordRefusal, recordSignIn } from "./sign-in-activity.ts";
import { usablePasswordHash } from "./synced-passwords.ts";
import { checkEmail } from "./tenants.ts";

const noNames: PersonalNames = { givenName: null, familyName: null };

/**
 * Makes `email` an owner who can sign in, and returns a one-time token for setting a password. Creates the account if it
 * does not exist. An account that an identity provider manages becomes a local one, which only its holder can open: this
 * is how an operator lets a locked-out customer back in. Earlier links of the account become void. The activity has the new
 * role and the removal of second steps; a person who had the account before gets the notices.
 * @param names of a new account, as createLocalUser takes them; an existing one keeps its own.
 * @returns the token, valid for 72 hours. Show it once.
 */
export async function inviteOwner(
  store: TenantStore,
  email: string,
  names: PersonalNames = noNames,
  mails: Mails = noMails,
  now: () => number = Date.now,
): Promise<string> {
  return await store.transaction(async (inside) => {
    const user = await makeOwner(inside, mails, email, names);
    const token = randomToken();
    const expiresAt = now() + ownerLinkHours * 3_600_000;
    await inside.links.create(hashToken(token), { kind: "set-password", userId: user.id }, expiresAt);
    return token;
  });
}

/** Like inviteOwner, but a mail brings the link, which is created when the mail is sent. */
export async function inviteOwnerByMail(
  store: TenantStore,
  mails: Mails,
  email: string,
  names: PersonalNames = noNames,
): Promise<void> {
  await store.transaction(async (inside) => {
    const user = await makeOwner(inside, mails, email, names);
    // An identity provider may have given the account another address, whose holder would become the owner.
    await inside.users.update(user.id, { email });
    await mails.add(inside, user.id, "owner-set-up");
  });
}

async function makeOwner(
  store: TenantStore,
  mails: Mails,
  email: string,
  names: PersonalNames,
): Promise<User> {
  checkEmail(email);
  const known = await store.users.byLoginName(email);
  const user = known ?? (await createLocalUser(store, email, names));
  if (user.origin !== "local") await convertToLocal(store, mails, user);
  const isRaised = await grantOwnership(store, user);
  if (known && isRaised) await giveNotice(store, mails, "role-raised", { user });
  await store.activity.tell({ name: "personChanged", userId: user.id });
  await store.links.removeOfUser(user.id);
  return await store.users.update(user.id, { active: true, blocked: false });
}

/** Makes a person an owner, by the operator, and records it. Returns false if they are one already. */
export async function grantOwnership(store: TenantStore, user: User): Promise<boolean> {
  if (await store.roles.isOwner(user.id)) return false;
  await store.roles.grant(user.id, "owner");
  await recordOfOperator(store, user, "user.role_changed", ["role"]);
  return true;
}

async function recordOfOperator(
  store: TenantStore,
  user: User,
  action: string,
  changed: readonly string[],
): Promise<void> {
  const entry = { actorKind: "operator", actor: "cli", action, changed, requestId: null } as const;
  await store.activity.record({ ...entry, targetId: user.id });
}

/** Turns a managed account into a local one: removes its identities and any password that provisioning set. */
async function convertToLocal(store: TenantStore, mails: Mails, user: User): Promise<void> {
  const { id: userId } = user;
  await store.credentials.remove(userId);
  const hadSecondSteps = Object.values(await store.secondSteps.ofUser(userId)).some(Boolean);
  await forgetSecondSteps(store, userId);
  if (hadSecondSteps) {
    await recordOfOperator(store, user, "user.second_steps_removed", []);
    await giveNotice(store, mails, "second-step-changed", { user });
  }
  await store.invitations.remove(userId);
  await store.users.update(userId, { origin: "local", sourceId: null, sourceKey: null });
  for (const identity of await store.identities.ofUser(userId)) {
    await store.identities.remove(identity.connectionId, identity.subject);
  }
  await revokeUserAccess(store, userId);
}

/**
 * Creates a local account: it signs in with a password, and provisioning cannot change it. Throws InvalidError for
 * deceptive or overlong names (names.ts).
 * @param names Those that are missing are made from the address.
 */
export async function createLocalUser(
  store: TenantStore,
  email: string,
  names: PersonalNames & Partial<Pick<Profile, "displayName">> = noNames,
): Promise<User> {
  checkPersonalNames(names);
  const made = namesFromAddress(email);
  const wanted = validateNames({
    givenName: names.givenName ?? made.givenName,
    familyName: names.familyName ?? made.familyName,
    displayName: names.displayName ?? null,
    email,
    loginName: email,
  });
  return await store.transaction((inside) => createUser(inside, wanted, "local"));
}

/** The form of the page behind a one-time link. */
export interface PasswordSetup {
  token: string;
  password: string;
  /** Their own names, corrected; without them, the account keeps its names. */
  names?: PersonalNames | null;
  /** For the notice that the password was changed. */
  mails?: Mails;
}

/**
 * Sets a first or forgotten password by a one-time link, consumes the link and ends the account's sessions. The caller
 * has run checkPassword. Throws RefusedError `link-not-valid` if the link is unknown, used or expired, or if its account
 * may not sign in with a password; `single-sign-on-required`; and InvalidError for deceptive names (names.ts). If either
 * cannot be stored, the link stays usable.
 */
export async function redeemPasswordLink(
  database: Database,
  passwords: PasswordHasher,
  { token, password, names, mails = noMails }: PasswordSetup,
  requestId: string | null = null,
): Promise<{ tenantId: string; user: User }> {
  const passwordHash = await passwords.hash(password);
  return await database.transaction(async (inside) => {
    const link = await systemStore(inside).links.consume(hashToken(token));
    if (link?.purpose.kind !== "set-password") throw new RefusedError("link-not-valid");
    const store = forTenant(inside, link.tenantId);
    const user = await store.users.lock(link.purpose.userId);
    if (!user) throw new RefusedError("link-not-valid");
    await checkPasswordAccess(store, user);
    const isReset = (await store.credentials.passwordHash(user.id)) !== null;
    await store.credentials.set(user.id, passwordHash);
    if (names) await rename(store, user, names);
    await store.invitations.remove(user.id);
    await revokeUserAccess(store, user.id, "person");
    if (isReset) await giveNotice(store, mails, "password-changed", { user, requestId });
    // The link proves an address only: a second step is asked for as after a password.
    if ((await secondStepNeed(store, user.id)) === "none")
      await recordSignIn(store, user, { connectionId: null, requestId });
    return { tenantId: link.tenantId, user: (await store.users.byId(user.id)) as User };
  });
}

async function rename(store: TenantStore, user: User, names: PersonalNames): Promise<void> {
  if (user.givenName === names.givenName && user.familyName === names.familyName) return;
  const changes = { ...names, attributes: renamedAttributes(user.attributes, names) };
  await store.users.update(user.id, validateNameChanges(changes, user));
  await store.activity.tell({ name: "personChanged", userId: user.id });
}

/** The form of the sign-in. */
interface EnteredPassword {
  loginName: string;
  password: string;
  /** Whether no password of the account was ever entered in this browser, as far as its cookie says. */
  isNewBrowser?: boolean;
}

/**
 * Checks a local password. The sign-in is complete, and recorded, if no second step follows (second-steps.ts). A missing
 * tenant, account, password or permission to sign in costs the same statements and the same hash, and throws the same
 * RefusedError `bad-credentials`, so an attacker cannot probe for accounts. So does a password that was right when the sign-in
 * began, if it was removed or access was revoked while it was hashed. If the person's domain enforces single sign-on, only
 * owners get in (docs/decisions/0019); others who gave the right password get RefusedError `single-sign-on-required`.
 * @param store of a tenant that may not exist.
 */
export async function signInWithPassword(
  store: TenantStore,
  passwords: PasswordHasher,
  { loginName, password, isNewBrowser = false }: EnteredPassword,
  requestId: string | null = null,
): Promise<User> {
  const found = await store.users.byLoginName(loginName);
  const hash = await usablePasswordHash(store, found);
  const isRight = await passwords.verify(password, hash);
  if (!isRight || !found?.active || found.blocked) throw new RefusedError("bad-credentials");
  const isOwner = (await store.roles.effective(found.id)) === "owner";
  const attempt = { connectionId: null, requestId };
  if (!isOwner && (await requiredConnection(store, found))) {
    const error = new RefusedError("single-sign-on-required");
    await recordRefusal(store, error, attempt, found);
    throw error;
  }
  return await store.transaction(async (inside) => {
    const user = await lockIfUnrevoked(inside, found);
    if (!user || (await usablePasswordHash(inside, user)) !== hash) throw new RefusedError("bad-credentials");
    if ((await secondStepNeed(inside, user.id)) === "none")
      await recordSignIn(inside, user, { ...attempt, isNewBrowser });
    return user;
  });
}

/** The form of the account page. */
interface PasswordChange {
  /** The session that asks. */
  sessionId: string;
  current: string;
  wanted: string;
  /** Names of the product and the organisation, which the password must not consist of. */
  words?: readonly string[];
  mails?: Mails;
  requestId?: string | null;
}

/**
 * Changes the password of a signed-in user and ends all their sessions; the caller starts a new one. Throws RefusedError
 * `bad-credentials` if the current password is wrong, InvalidError if the new one is weak, and ConflictError `stale` if the
 * access was revoked, the session ended, or the password was replaced or removed while the passwords were hashed.
 * @param user as the request read them.
 */
export async function changePassword(
  store: TenantStore,
  passwords: PasswordHasher,
  user: User,
  { sessionId, current, wanted, words = [], mails = noMails, requestId = null }: PasswordChange,
): Promise<User> {
  const hash = await usablePasswordHash(store, user);
  if (!(await passwords.verify(current, hash))) throw new RefusedError("bad-credentials");
  checkPassword(wanted, [...words, ...wordsOf(user)]);
  const passwordHash = await passwords.hash(wanted);
  return await store.transaction(async (inside) => {
    const locked = await lockUnchanged(inside, user);
    // The person or an administrator may have ended this session alone, which advances no epoch.
    const sessions = await inside.sessions.ofUser(user.id);
    const isSignedIn = sessions.some(({ id }) => id === sessionId);
    if (!isSignedIn || (await usablePasswordHash(inside, locked)) !== hash) throw accountChanged();
    await inside.credentials.set(user.id, passwordHash);
    await revokeUserAccess(inside, user.id, "person");
    await giveNotice(inside, mails, "password-changed", { user: locked, requestId });
    return (await inside.users.byId(user.id)) as User;
  });
}
