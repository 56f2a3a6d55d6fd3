import { ConflictError, InvalidError, RefusedError } from "../errors.ts";
import type { User } from "../model.ts";
import type { Sealer } from "../store/secrets.ts";
import type { Passkey } from "../store/tenant/passkeys.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { lockIfUnrevoked, lockUnchanged, revokeUserAccess } from "./access.ts";
import { requiredConnection } from "./domains.ts";
import type { Mails } from "./mails.ts";
import { authenticatorCode, newRecoveryCodes, recoveryCodeHash, timeStepOfCode } from "./one-time-codes.ts";
import { atLeast } from "./roles.ts";
import { giveNotice } from "./security-notices.ts";
import { recordSignIn } from "./sign-in-activity.ts";
import { usablePasswordHash } from "./synced-passwords.ts";

/**
 * The second step of a sign-in with a local password: a code of an authenticator app, a recovery code, or a passkey. Sign-ins
 * at an identity provider never come here: the provider asks for its own.
 */

/** The consequence of a right password: a session, the question for the second step, or its set-up. */
export type SecondStepNeed = "none" | "ask" | "enrol";

export async function secondStepNeed(store: TenantStore, userId: string): Promise<SecondStepNeed> {
  const { authenticatorAt, passkeys } = await store.secondSteps.ofUser(userId);
  if (authenticatorAt !== null || passkeys > 0) return "ask";
  return (await isSecondStepRequired(store, userId)) ? "enrol" : "none";
}

/** Whether the tenant's policy wants a second step from this person. */
export async function isSecondStepRequired(store: TenantStore, userId: string): Promise<boolean> {
  const policy = await store.sessions.policy();
  if (!policy || policy.secondStep === "none") return false;
  return policy.secondStep === "everyone" || atLeast(await store.roles.effective(userId), "admin");
}

/** The request that changes a second step, and the mail that tells the person (security-notices.ts). */
export interface Occasion {
  requestId: string | null;
  mails: Mails;
}

/** A local sign-in whose password, or passkey, was right. */
export interface LocalSignIn extends Occasion {
  userId: string;
  /** The access epoch at that moment: a revocation ends the sign-in, too. */
  accessEpoch: number;
  /** Whether the person entered their password in a browser where it was not entered before. */
  isNewBrowser: boolean;
}

const attemptOf = ({ requestId, isNewBrowser }: LocalSignIn) => ({
  connectionId: null,
  requestId,
  isNewBrowser,
});

/**
 * Locks the person, and throws RefusedError unless they may still sign in here: `sign-in-not-started-here` after a change of
 * the account, `single-sign-on-required` if their domain accepts passwords of owners only.
 */
async function lockSigningIn(store: TenantStore, { userId, accessEpoch }: LocalSignIn): Promise<User> {
  const user = await lockIfUnrevoked(store, { id: userId, accessEpoch });
  if (!user || (await usablePasswordHash(store, user)) === null)
    throw new RefusedError("sign-in-not-started-here");
  if (!(await store.roles.isOwner(userId)) && (await requiredConnection(store, user)))
    throw new RefusedError("single-sign-on-required");
  return user;
}

/** The context of an app's sealed key: it cannot be opened for another person. */
const sealingContext = (store: TenantStore, userId: string) => `${store.tenantId}/${userId}/authenticator`;

/**
 * Completes a sign-in by a code of the authenticator app or by a recovery code. Each works once. Throws RefusedError
 * `second-step-not-valid`, or as lockSigningIn does.
 */
export async function signInWithCode(
  store: TenantStore,
  sealer: Sealer,
  signIn: LocalSignIn,
  typed: string,
): Promise<User> {
  return await store.transaction(async (inside) => {
    const user = await lockSigningIn(inside, signIn);
    const code = authenticatorCode(typed);
    const isRight =
      code === null
        ? await consumeRecoveryCode(inside, user, typed, signIn)
        : await acceptCode(inside, sealer, user.id, code);
    if (!isRight) throw new RefusedError("second-step-not-valid");
    await recordSignIn(inside, user, attemptOf(signIn));
    return user;
  });
}

async function acceptCode(
  store: TenantStore,
  sealer: Sealer,
  userId: string,
  code: string,
): Promise<boolean> {
  const sealed = await store.secondSteps.authenticatorKey(userId);
  if (sealed === null) return false;
  const key = openKey(sealer, sealed, sealingContext(store, userId));
  if (!key) return false;
  const step = timeStepOfCode(key, code, Date.now());
  return step !== null && (await store.secondSteps.acceptTimeStep(userId, step));
}

/** Null after a change of DATA_KEY: a recovery code, or a passkey, still lets the person in. */
function openKey(sealer: Sealer, sealed: string, context: string): Buffer | null {
  try {
    return Buffer.from(sealer.open(sealed, context), "base64url");
  } catch {
    return null;
  }
}

async function consumeRecoveryCode(
  store: TenantStore,
  user: User,
  typed: string,
  occasion: Occasion,
): Promise<boolean> {
  if (!(await store.secondSteps.consumeRecoveryCode(user.id, recoveryCodeHash(user.id, typed)))) return false;
  await recordAndNotify(store, user, "recovery_code.used", occasion);
  return true;
}

/** A verified answer of a passkey. */
export interface PasskeyUse {
  id: string;
  counter: number;
}

/**
 * Completes a sign-in by a passkey that was verified. Throws RefusedError `second-step-not-valid` if the passkey is not this
 * person's or if its counter did not grow, or as lockSigningIn does.
 */
export async function signInWithPasskey(
  store: TenantStore,
  signIn: LocalSignIn,
  { id, counter }: PasskeyUse,
): Promise<User> {
  return await store.transaction(async (inside) => {
    const user = await lockSigningIn(inside, signIn);
    const passkey = await inside.passkeys.find(id);
    if (passkey?.userId !== user.id || !(await inside.passkeys.recordUse(id, counter)))
      throw new RefusedError("second-step-not-valid");
    await recordSignIn(inside, user, attemptOf(signIn));
    return user;
  });
}

/** The app's key, and the code that proves that the app has it. */
export interface NewAuthenticator extends Occasion {
  key: Buffer;
  code: string;
}

/**
 * Sets up the person's authenticator app, or replaces it. Throws InvalidError for a wrong code. Call it in a transaction.
 * @returns new recovery codes if the person had no second step; null otherwise. Show them once.
 */
export async function addAuthenticator(
  store: TenantStore,
  sealer: Sealer,
  user: User,
  { key, code, ...occasion }: NewAuthenticator,
): Promise<string[] | null> {
  await lockUnchanged(store, user);
  const step = timeStepOfCode(key, authenticatorCode(code) ?? "", Date.now());
  if (step === null)
    throw new InvalidError(
      "The code is not right. Enter the code that the app shows now, and check the clock.",
    );
  const before = await store.secondSteps.ofUser(user.id);
  const sealed = sealer.seal(key.toString("base64url"), sealingContext(store, user.id));
  await store.secondSteps.setAuthenticator(user.id, sealed, step);
  await recordAndNotify(store, user, "authenticator.added", occasion);
  return await codesAfter(store, user, before, occasion);
}

/**
 * Sets up the app of a person whom the policy does not let in without a second step, and completes their sign-in. Throws
 * RefusedError `sign-in-not-started-here` if they have a second step by now: a password alone must not replace it.
 */
export async function enrolAtSignIn(
  store: TenantStore,
  sealer: Sealer,
  signIn: LocalSignIn,
  added: Pick<NewAuthenticator, "key" | "code">,
): Promise<{ user: User; codes: string[] | null }> {
  return await store.transaction(async (inside) => {
    const user = await lockSigningIn(inside, signIn);
    if ((await secondStepNeed(inside, user.id)) !== "enrol")
      throw new RefusedError("sign-in-not-started-here");
    const { requestId, mails } = signIn;
    const codes = await addAuthenticator(inside, sealer, user, { ...added, requestId, mails });
    await recordSignIn(inside, user, attemptOf(signIn));
    return { user, codes };
  });
}

/** Adds a verified passkey. Call it in a transaction. Throws ConflictError `stale`. @returns as addAuthenticator. */
export async function addPasskey(
  store: TenantStore,
  user: User,
  passkey: Omit<Passkey, "userId" | "createdAt" | "lastUsedAt">,
  occasion: Occasion,
): Promise<string[] | null> {
  await lockUnchanged(store, user);
  const before = await store.secondSteps.ofUser(user.id);
  await store.passkeys.add({ ...passkey, userId: user.id });
  await recordAndNotify(store, user, "passkey.added", occasion);
  return await codesAfter(store, user, before, occasion);
}

/** The first second step comes with new recovery codes, also if there were some: an intruder may have taken them. */
async function codesAfter(
  store: TenantStore,
  user: User,
  before: { authenticatorAt: number | null; passkeys: number; recoveryCodes: number },
  occasion: Occasion,
): Promise<string[] | null> {
  const isFirst = before.authenticatorAt === null && before.passkeys === 0;
  return isFirst || before.recoveryCodes === 0 ? await createRecoveryCodes(store, user, occasion) : null;
}

/**
 * Replaces the person's recovery codes. Returns the new ones, which are stored as hashes. Call it in a transaction. Throws
 * ConflictError `second-step-required` without a second step: codes alone would wait for the first one.
 */
export async function renewRecoveryCodes(
  store: TenantStore,
  user: User,
  occasion: Occasion,
): Promise<string[]> {
  await lockUnchanged(store, user);
  if ((await secondStepNeed(store, user.id)) !== "ask")
    throw new ConflictError(
      "second-step-required",
      "Set up a second step first. Recovery codes come with it.",
    );
  await notify(store, user, occasion);
  return await createRecoveryCodes(store, user, occasion);
}

/** Without a notice: that of the first second step is enough. */
async function createRecoveryCodes(
  store: TenantStore,
  user: User,
  { requestId }: Occasion,
): Promise<string[]> {
  const codes = newRecoveryCodes();
  const hashes = codes.map((code) => recoveryCodeHash(user.id, code));
  await store.secondSteps.setRecoveryCodes(user.id, hashes);
  await record(store, user, "recovery_codes.created", requestId);
  return codes;
}

/** Throws ConflictError `second-step-required` if it is the last second step and the policy wants one. */
export async function removeAuthenticator(store: TenantStore, user: User, occasion: Occasion): Promise<void> {
  await store.transaction(async (inside) => {
    await lockUnchanged(inside, user);
    if (!(await inside.secondSteps.removeAuthenticator(user.id))) return;
    await recordAndNotify(inside, user, "authenticator.removed", occasion);
    await afterRemoval(inside, user);
  });
}

/** Throws ConflictError as removeAuthenticator does. */
export async function removePasskey(
  store: TenantStore,
  user: User,
  id: string,
  occasion: Occasion,
): Promise<void> {
  await store.transaction(async (inside) => {
    await lockUnchanged(inside, user);
    if (!(await inside.passkeys.remove(user.id, id))) return;
    await recordAndNotify(inside, user, "passkey.removed", occasion);
    await afterRemoval(inside, user);
  });
}

/** Recovery codes are for a lost second step: without one they end, too. */
async function afterRemoval(store: TenantStore, user: User): Promise<void> {
  const need = await secondStepNeed(store, user.id);
  if (need === "enrol") {
    throw new ConflictError(
      "second-step-required",
      "Your organisation wants a second step. Add another one before you remove this one.",
    );
  }
  if (need === "none") await store.secondSteps.setRecoveryCodes(user.id, []);
}

/** Removes everything that a former holder of the account set up. Call it in the transaction that gives the account away. */
export async function forgetSecondSteps(store: TenantStore, userId: string): Promise<void> {
  await store.secondSteps.removeAuthenticator(userId);
  await store.passkeys.removeOfUser(userId);
  await store.secondSteps.setRecoveryCodes(userId, []);
}

/**
 * Lets a person in again who lost their second step: removes all of them, and ends the person's sessions. The caller records
 * who did it, in the same transaction.
 */
export async function resetSecondSteps(store: TenantStore, mails: Mails, user: User): Promise<void> {
  // First, so that no second step that is being added survives.
  await store.users.lock(user.id);
  await forgetSecondSteps(store, user.id);
  await revokeUserAccess(store, user.id);
  await giveNotice(store, mails, "second-step-changed", { user });
}

/** Records a change that a person made, and gives its notice. */
async function recordAndNotify(
  store: TenantStore,
  user: User,
  action: string,
  occasion: Occasion,
): Promise<void> {
  await record(store, user, action, occasion.requestId);
  await notify(store, user, occasion);
}

async function notify(store: TenantStore, user: User, { mails }: Occasion): Promise<void> {
  await giveNotice(store, mails, "second-step-changed", { user });
}

async function record(
  store: TenantStore,
  user: User,
  action: string,
  requestId: string | null,
): Promise<void> {
  await store.activity.record({
    actorKind: "sign-in",
    actor: user.loginName,
    actorId: user.id,
    action,
    targetId: user.id,
    changed: [],
    requestId,
  });
}
