import { ConflictError, InvalidError, NotFoundError, type RefusalReason, RefusedError } from "../errors.ts";
import type { Connection, ExternalIdentity, User } from "../model.ts";
import { randomToken, type Sealer } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { previewSignIn, type SignIn, storedSubject } from "./sign-in.ts";

/** A test that has not come back by then is over. */
const pendingMs = 15 * 60_000;
/** What arrived is about a person: it is kept for as long as somebody may want to look at it, and sealed. */
const keptMs = 24 * 3_600_000;
const longestValue = 500;
const mostValues = 100;

/** One of our fields, and what the identity provider sent for it. */
export interface MappedField {
  label: string;
  /** The claim or attribute that the value is taken from; null when the provider is not asked for one. */
  name: string | null;
  value: string | null;
  required: boolean;
}

/** What a protocol room has in its hands when a test sign-in comes back. */
export interface Arrival {
  /** All claims or attributes, by name, as they came. */
  values: Readonly<Record<string, unknown>>;
  mapped: readonly MappedField[];
  /** Who it is, when that could be said. */
  identity: ExternalIdentity | null;
  /** Why it could not. */
  problem: RefusedError | null;
}

/** What is kept of an arrival. */
interface SignInTestResult {
  at: number;
  values: { name: string; value: string }[];
  mapped: readonly MappedField[];
  identity: ExternalIdentity | null;
  problem: { reason: RefusalReason; detail: string | null } | null;
}

/** What would happen if the person signed in now. */
type Outcome = { user: User; by: SignIn["by"] } | { refused: RefusalReason };

export interface FinishedTest {
  id: string;
  /** The administrator who started it; null for the guest of a set-up link. */
  userId: string | null;
  result: SignInTestResult;
  /** Null when it is not known who the person is. */
  outcome: Outcome | null;
}

/**
 * Begins a test of a connection, which may be a draft: the id lets one sign-in through it come back and be looked at.
 * Throws ConflictError `stale` when the id was used before.
 */
export async function startSignInTest(
  store: TenantStore,
  connectionId: string,
  userId: string | null,
  id: string = randomToken(),
  now: () => number = Date.now,
): Promise<string> {
  await store.signInTests.create({ id, connectionId, userId }, now() + keptMs);
  return id;
}

/** Whether a test is under way: it has begun, not long ago, and nothing has come back yet. */
export async function isUnderWay(
  store: TenantStore,
  connectionId: string,
  testId: string,
  now: () => number = Date.now,
): Promise<boolean> {
  const test = await store.signInTests.find(connectionId, testId);
  return test !== null && test.sealedResult === null && now() - test.createdAt < pendingMs;
}

/**
 * Keeps what came back, in place of signing anybody in. A connection through which somebody would be let in counts as
 * tested from then on. Returns whether that is so.
 */
export async function finishSignInTest(
  store: TenantStore,
  sealer: Sealer,
  connection: Connection,
  testId: string,
  { values, mapped, identity, problem }: Arrival,
): Promise<boolean> {
  const result: SignInTestResult = {
    at: Date.now(),
    values: asText(values),
    mapped,
    identity,
    problem: problem && { reason: problem.reason, detail: detailOf(problem) },
  };
  const sealed = sealer.seal(JSON.stringify(result), contextOf(store, connection.id, testId));
  const isFirst = await store.signInTests.finish(connection.id, testId, sealed);
  return isFirst && problem === null && (await markTested(store, connection.id, identity));
}

async function markTested(
  store: TenantStore,
  connectionId: string,
  identity: ExternalIdentity | null,
): Promise<boolean> {
  const outcome = identity && (await outcomeOf(store, identity));
  // The provider told who it is; that an owner's word is missing is nothing that the provider could mend.
  const works = outcome !== null && ("user" in outcome || outcome.refused === "owner-not-approved");
  if (works) await store.connections.update(connectionId, { testedAt: Date.now() });
  return works;
}

/** The last test of a connection that something came back for. */
export async function latestSignInTest(
  store: TenantStore,
  sealer: Sealer,
  connectionId: string,
): Promise<FinishedTest | null> {
  const test = await store.signInTests.latest(connectionId);
  if (!test?.sealedResult) return null;
  const result = opened(store, sealer, connectionId, test.id, test.sealedResult);
  if (!result) return null;
  const outcome = result.identity && (await outcomeOf(store, result.identity));
  return { id: test.id, userId: test.userId, result, outcome };
}

/**
 * Links the identity that a test showed to the account of the administrator who made it, who has proved to be both: the
 * only way in which a local account gets an identity, and one of two for an owner (owners.ts). Throws NotFoundError, and
 * ConflictError `identity-taken` or, for others, `other-source`.
 */
export async function linkTestedIdentity(
  store: TenantStore,
  sealer: Sealer,
  connection: Connection,
  testId: string,
  userId: string,
): Promise<void> {
  const test = await store.signInTests.find(connection.id, testId);
  const result = test?.sealedResult ? opened(store, sealer, connection.id, testId, test.sealedResult) : null;
  if (!result?.identity || test?.userId !== userId) throw new NotFoundError("There is no such test.");
  const { identity } = result;
  await store.transaction(async (inside) => {
    const user = await inside.users.lock(userId);
    if (user?.origin !== "local" && !(await inside.roles.isOwner(userId))) {
      throw new ConflictError("other-source", "This account is managed by your identity provider already.");
    }
    await inside.identities.add(connection.id, storedSubject(connection, identity.subject), userId);
  });
  await markTested(store, connection.id, identity);
}

async function outcomeOf(store: TenantStore, identity: ExternalIdentity): Promise<Outcome> {
  try {
    return await previewSignIn(store, identity);
  } catch (error) {
    if (error instanceof RefusedError) return { refused: error.reason };
    throw error;
  }
}

/** Null for what was sealed under another DATA_KEY: a test is made again in a minute. */
function opened(
  store: TenantStore,
  sealer: Sealer,
  connectionId: string,
  testId: string,
  sealed: string,
): SignInTestResult | null {
  try {
    return JSON.parse(sealer.open(sealed, contextOf(store, connectionId, testId))) as SignInTestResult;
  } catch {
    return null;
  }
}

function contextOf(store: TenantStore, connectionId: string, testId: string): string {
  return `${store.tenantId}/${connectionId}/test/${testId}`;
}

function asText(values: Arrival["values"]): SignInTestResult["values"] {
  const entries = Object.entries(values).slice(0, mostValues);
  return entries.map(([name, value]) => ({
    name: name.slice(0, longestValue),
    value: (typeof value === "string" ? value : (JSON.stringify(value) ?? "")).slice(0, longestValue),
  }));
}

/** What was wrong in detail: administrators see what is otherwise only in the log. */
function detailOf({ detail, cause }: RefusedError): string | null {
  const causes: unknown[] = [];
  for (let one = cause; one !== undefined && causes.length < 5; ) {
    causes.push(one);
    one = one instanceof Error ? one.cause : undefined;
  }
  // An InvalidError was written for whoever entered the address.
  const telling = causes.find((one) => one instanceof InvalidError) ?? causes[0];
  const text = detail ?? (telling instanceof Error ? telling.message : telling);
  return typeof text === "string" ? text.slice(0, longestValue) : null;
}
