import { ConflictError, InvalidError, NotFoundError, type RefusalReason, RefusedError } from "../errors.ts";
import type { Connection, ExternalIdentity, User } from "../model.ts";
import { randomToken, type Sealer } from "../store/secrets.ts";
import { subjectKey } from "../store/tenant/identities.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { previewSignIn, type SignIn } from "./sign-in.ts";

/** The result is personal data: it is sealed, and kept no longer than an administrator needs it. */
const keptMs = 24 * 3_600_000;
const longestValue = 500;
const mostValues = 100;

/** One of our fields, and what the identity provider sent for it. */
export interface MappedField {
  label: string;
  /** The claim or attribute with the value; null if the connection asks for none. */
  name: string | null;
  value: string | null;
  required: boolean;
}

/** The outcome of a test sign-in, as a protocol room knows it. */
export interface TestedSignIn {
  /** All claims or attributes, by name, as they came. */
  values: Readonly<Record<string, unknown>>;
  mapped: readonly MappedField[];
  /** The person who signed in; null if the answer does not identify one. */
  identity: ExternalIdentity | null;
  /** Why the sign-in failed; null if it did not. */
  problem: RefusedError | null;
}

/** The part of a test sign-in that is stored. */
interface SignInTestResult {
  at: number;
  values: { name: string; value: string }[];
  mapped: readonly MappedField[];
  identity: ExternalIdentity | null;
  problem: { reason: RefusalReason; detail: string | null } | null;
}

/** The directory's decision if the person signed in now. */
type SignInPreview = { user: User; by: SignIn["by"] } | { refused: RefusalReason };

export interface FinishedTest {
  id: string;
  /** The administrator who started it; null for the guest of a set-up link. */
  userId: string | null;
  result: SignInTestResult;
  /** The first verdict: whether the provider's answer was accepted, and identifies a person. */
  isUnderstood: boolean;
  /** The second verdict: what the directory would do with the person now. Null if the person is unknown. */
  outcome: SignInPreview | null;
}

/** Refusals of an answer that lacks what identifies a person. The provider is to correct it, not the directory. */
const incompleteAnswer: ReadonlySet<RefusalReason> = new Set(["profile-incomplete", "login-name-not-valid"]);

/** The connection under test, and the means to read and write what is sealed of it. */
export interface TestedConnection {
  store: TenantStore;
  sealer: Sealer;
  connection: Connection;
}

/**
 * Starts a test of a connection, which may be a draft. One sign-in may use the id. Throws ConflictError `stale` if the id
 * was used before.
 */
export async function startSignInTest(
  store: TenantStore,
  connectionId: string,
  userId: string | null,
  id: string = randomToken(),
): Promise<string> {
  await store.signInTests.create({ id, connectionId, userId }, Date.now() + keptMs);
  return id;
}

/**
 * Stores the result of a test, and signs no one in. If the provider's answer was accepted, the connection counts as tested
 * from then on, also if the person has no account yet. Returns whether that is so.
 */
export async function finishSignInTest(
  { store, sealer, connection }: TestedConnection,
  testId: string,
  { values, mapped, identity, problem }: TestedSignIn,
): Promise<boolean> {
  const result: SignInTestResult = {
    at: Date.now(),
    values: asText(values),
    mapped,
    identity,
    problem: problem && { reason: problem.reason, detail: detailOf(problem) },
  };
  const sealed = sealer.seal(JSON.stringify(result), sealingContext(store, connection.id, testId));
  const isFirst = await store.signInTests.finish(connection.id, testId, sealed);
  return isFirst && problem === null && (await markTested(store, connection.id, testId, identity));
}

/**
 * Keeps both verdicts about the identity of a test with the connection. Returns the first one. It keeps none if the test is
 * gone, because a change of the client removes the tests of the former one (connections.ts).
 */
async function markTested(
  store: TenantStore,
  connectionId: string,
  testId: string,
  identity: ExternalIdentity | null,
): Promise<boolean> {
  const outcome = identity && (await preview(store, identity));
  if (outcome === null || !isIdentified(outcome)) return false;
  // The directory did its part if only another owner's approval is missing.
  const isAdmitted = "user" in outcome || outcome.refused === "owner-not-approved";
  const at = Date.now();
  await store.transaction(async (inside) => {
    await inside.connections.lock(connectionId);
    if (!(await inside.signInTests.find(connectionId, testId))) return;
    await inside.connections.update(connectionId, {
      testedAt: at,
      ...(isAdmitted ? { admittedAt: at } : {}),
    });
  });
  return true;
}

function isIdentified(outcome: SignInPreview): boolean {
  return "user" in outcome || !incompleteAnswer.has(outcome.refused);
}

/**
 * Judges the last test again, without another sign-in: the directory may decide otherwise by now. Do not call it in a
 * transaction, which a preview could not roll back.
 */
export async function judgeAgain({ store, sealer, connection }: TestedConnection): Promise<void> {
  const test = await latestSignInTest(store, sealer, connection.id);
  if (test?.isUnderstood) await markTested(store, connection.id, test.id, test.result.identity);
}

/** The last test of a connection that has a result. */
export async function latestSignInTest(
  store: TenantStore,
  sealer: Sealer,
  connectionId: string,
): Promise<FinishedTest | null> {
  const test = await store.signInTests.latest(connectionId);
  if (!test?.sealedResult) return null;
  const result = unseal(sealer, test.sealedResult, sealingContext(store, connectionId, test.id));
  if (!result) return null;
  const outcome = result.identity && (await preview(store, result.identity));
  const isUnderstood = result.problem === null && outcome !== null && isIdentified(outcome);
  return { id: test.id, userId: test.userId, result, isUnderstood, outcome };
}

/**
 * Links the identity of a test to the account of the administrator who made the test and so proved to be both: the only
 * way in which a local account gets an identity, and one of two for an owner (owners.ts). Throws NotFoundError, and
 * ConflictError `identity-taken` or, for other accounts, `other-source`.
 */
export async function linkTestedIdentity(
  { store, sealer, connection }: TestedConnection,
  testId: string,
  userId: string,
): Promise<void> {
  const test = await store.signInTests.find(connection.id, testId);
  const context = sealingContext(store, connection.id, testId);
  const result = test?.sealedResult ? unseal(sealer, test.sealedResult, context) : null;
  if (!result?.identity || test?.userId !== userId) throw new NotFoundError("There is no such test.");
  const { identity } = result;
  await store.transaction(async (inside) => {
    const user = await inside.users.lock(userId);
    const hasOwnAccount = user?.origin === "local" || user?.origin === "invited";
    if (!hasOwnAccount && !(await inside.roles.isOwner(userId))) {
      throw new ConflictError("other-source", "This account is managed by your identity provider already.");
    }
    await inside.identities.add(connection.id, subjectKey(connection, identity.subject), userId);
  });
}

async function preview(store: TenantStore, identity: ExternalIdentity): Promise<SignInPreview> {
  try {
    return await previewSignIn(store, identity);
  } catch (error) {
    if (error instanceof RefusedError) return { refused: error.reason };
    throw error;
  }
}

/** Null for a result that another DATA_KEY sealed: the administrator repeats the test. */
function unseal(sealer: Sealer, sealed: string, context: string): SignInTestResult | null {
  try {
    return JSON.parse(sealer.open(sealed, context)) as SignInTestResult;
  } catch {
    return null;
  }
}

function sealingContext(store: TenantStore, connectionId: string, testId: string): string {
  return `${store.tenantId}/${connectionId}/test/${testId}`;
}

function asText(values: TestedSignIn["values"]): SignInTestResult["values"] {
  const entries = Object.entries(values).slice(0, mostValues);
  return entries.map(([name, value]) => ({
    name: name.slice(0, longestValue),
    value: (typeof value === "string" ? value : (JSON.stringify(value) ?? "")).slice(0, longestValue),
  }));
}

/** The detail of a refusal, which otherwise only the log has. */
function detailOf({ detail, cause }: RefusedError): string | null {
  const causes: unknown[] = [];
  for (let one = cause; one !== undefined && causes.length < 5; ) {
    causes.push(one);
    one = one instanceof Error ? one.cause : undefined;
  }
  // The sentence of an InvalidError is meant for the administrator.
  const telling = causes.find((one) => one instanceof InvalidError) ?? causes[0];
  const text = detail ?? (telling instanceof Error ? telling.message : telling);
  return typeof text === "string" ? text.slice(0, longestValue) : null;
}
