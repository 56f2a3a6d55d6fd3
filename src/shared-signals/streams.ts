import { judge, RuleBrokenError, ruleBrokenBy } from "policy-list/policy";
import { paths } from "../endpoints.ts";
import { ConflictError } from "../errors.ts";
import type { SignalStream } from "../model.ts";
import { hashToken, randomToken } from "../store/secrets.ts";
import type { SignalStreamChanges } from "../store/tenant/signal-streams.ts";
import { type StreamAnswer, streamAnswerRules, wantedEvents } from "./stream-policy.ts";
import {
  authorizeByRefresh,
  revokeAuthorization,
  type StreamAction,
  type StreamDeps,
  streamOf,
} from "./stream-set-up.ts";
import {
  type AuthorizedCalls,
  changeStatus,
  createStream,
  deleteStream,
  findStream,
  type PushTarget,
  readStatus,
  requestVerification,
  updateStream,
} from "./transmitter.ts";

/** Where a connection's transmitter pushes its events. */
export function pushUrl(baseUrl: string, key: string): string {
  return baseUrl + paths.sharedSignals(key);
}

/**
 * Creates the stream at the transmitter, unless it exists, and asks for a verification event. Returns the rule that the
 * request for it broke; null if it broke none. Throws RuleBrokenError, with the reason `stream-exists` if the client has
 * another stream.
 */
export async function connectStream(
  deps: StreamDeps,
  action: StreamAction,
  calls: AuthorizedCalls,
): Promise<RuleBrokenError | null> {
  const stream = await streamOf(action);
  if (stream.providerStreamId === null) await create(deps, action, stream, calls);
  return await ruleBrokenBy(() => verify(action, calls));
}

/** As connectStream(), with the stored authorization. */
export async function resumeConnecting(
  deps: StreamDeps,
  action: StreamAction,
): Promise<RuleBrokenError | null> {
  return await connectStream(deps, action, await authorizeByRefresh(deps, action, await streamOf(action)));
}

async function create(
  deps: StreamDeps,
  action: StreamAction,
  stream: SignalStream,
  calls: AuthorizedCalls,
): Promise<void> {
  const target = await newTarget(deps, action, stream);
  const answer = await createStream(calls, target);
  try {
    const isKept = await saveStream(action, stream, { calls, target, answer, expectedId: null });
    if (!isKept) throw connectedByOther();
  } catch (error) {
    // A stream that we do not accept must not stay at the transmitter.
    if (answer && error instanceof RuleBrokenError) await deleteStream(calls, answer.streamId);
    throw error;
  }
}

function connectedByOther(): ConflictError {
  return new ConflictError("stale", "Another request has connected the stream. Check the page again.");
}

/** The stream that the client has at the transmitter, so that an administrator can decide about it. Throws RuleBrokenError. */
export async function existingStream(deps: StreamDeps, action: StreamAction): Promise<StreamAnswer | null> {
  return await findStream(await authorizeByRefresh(deps, action, await streamOf(action)));
}

/**
 * Lets the client's stream at the transmitter push to us, and asks for a verification event. Returns and throws as
 * connectStream().
 * @param check throws if the stream is not the one that the administrator saw.
 */
export async function takeOverStream(
  deps: StreamDeps,
  action: StreamAction,
  check: (found: StreamAnswer | null) => void,
): Promise<RuleBrokenError | null> {
  const stream = await streamOf(action);
  const calls = await authorizeByRefresh(deps, action, stream);
  const found = await findStream(calls);
  check(found);
  if (found === null)
    throw new ConflictError("stale", "The client has no stream at the transmitter any more.");
  if (stream.providerStreamId !== null) throw connectedByOther();
  await retarget(deps, action, stream, { calls, streamId: found.streamId });
  return await ruleBrokenBy(() => verify(action, calls));
}

/**
 * Lets a stream at the transmitter push to us. If another request did so at the same time, repeats it: the transmitter may
 * have either header, and only after a repetition it is certainly the one that we keep.
 */
async function retarget(
  deps: StreamDeps,
  action: StreamAction,
  stream: SignalStream,
  { calls, streamId }: { calls: AuthorizedCalls; streamId: string },
): Promise<void> {
  const target = await newTarget(deps, action, stream);
  const answer = await updateStream(calls, streamId, target);
  const isKept = await saveStream(action, stream, { calls, target, answer, expectedId: streamId });
  if (!isKept) await retarget(deps, action, await streamOf(action), { calls, streamId });
}

/**
 * The header is kept before the transmitter knows it: the first event may arrive before the answer. Throws ConflictError
 * `stale` if another request has connected a stream since the caller read ours: its header must stay.
 */
async function newTarget(
  { baseUrl }: StreamDeps,
  { store, connection, secrets }: StreamAction,
  { id, providerStreamId: seen }: SignalStream,
): Promise<PushTarget> {
  const authorizationHeader = `Bearer ${randomToken()}`;
  secrets.push(authorizationHeader);
  await store.transaction(async (inside) => {
    await inside.connections.lock(connection.id);
    const current = await streamOf({ store: inside, connection });
    if (current.id !== id || current.providerStreamId !== seen) throw connectedByOther();
    await inside.signalStreams.update(id, { headerHash: hashToken(authorizationHeader) });
  });
  return { endpoint: pushUrl(baseUrl, connection.key), authorizationHeader, description: baseUrl };
}

interface NewStream {
  calls: AuthorizedCalls;
  target: PushTarget;
  answer: StreamAnswer | null;
  expectedId: string | null;
}

/**
 * Keeps the stream that the transmitter has accepted, with the header that went with it: newTarget() of a concurrent request
 * may have stored another one since. The lock lets newTarget() see the stream. Returns false, and keeps nothing, if another
 * request has connected a stream since the caller read ours. Throws RuleBrokenError.
 */
async function saveStream(
  { store, connection, entry }: StreamAction,
  { id, providerStreamId: seen }: SignalStream,
  { calls: { transmitter }, target, answer, expectedId }: NewStream,
): Promise<boolean> {
  const { endpoint, authorizationHeader } = target;
  judge(streamAnswerRules, { answer, expectedId, endpoint, issuer: transmitter.issuer });
  // The rules demand an answer.
  const { streamId, audiences, eventsDelivered } = answer as StreamAnswer;
  const action = expectedId === null ? "stream.connected" : "stream.taken_over";
  return await store.transaction(async (inside) => {
    await inside.connections.lock(connection.id);
    if ((await streamOf({ store: inside, connection })).providerStreamId !== seen) return false;
    await inside.signalStreams.update(id, {
      transmitter,
      providerStreamId: streamId,
      headerHash: hashToken(authorizationHeader),
      audiences: [...audiences],
      status: "enabled",
      statusReason: null,
      isPausedHere: false,
      eventsRequested: [...wantedEvents],
      eventsDelivered: [...eventsDelivered],
      verifiedAt: null,
    });
    await inside.activity.record(entry(action));
    return true;
  });
}

/** Asks the transmitter for a verification event. Throws RuleBrokenError. */
export async function verifyStream(deps: StreamDeps, action: StreamAction): Promise<void> {
  await verify(action, await authorizeByRefresh(deps, action, await streamOf(action)));
}

/**
 * The state is kept before it is sent: the event may arrive before the answer. It is also kept if no answer says whether the
 * transmitter sends the event. A refusal leaves the state of an earlier request, whose event may be on its way.
 */
async function verify(action: StreamAction, calls: AuthorizedCalls): Promise<void> {
  const { store, entry, secrets } = action;
  const stream = await streamOf(action);
  const state = randomToken();
  secrets.push(state);
  const before = await store.transaction(async (inside) => {
    await inside.activity.record(entry("stream.verification_requested"));
    return await inside.signalStreams.beginVerification(stream.id, hashToken(state));
  });
  try {
    await requestVerification(calls, providerStreamId(stream), state);
  } catch (error) {
    const reason = reasonOf(error);
    if (reason !== "org-unavailable")
      await store.signalStreams.restoreVerification(stream.id, hashToken(state), before);
    await store.activity.record({ ...entry("stream.verification_refused"), reason });
    throw error;
  }
}

function reasonOf(error: unknown): string | null {
  return error instanceof RuleBrokenError ? error.rule.reason : null;
}

/**
 * Pauses or resumes the stream. A transmitter that cannot keeps its status, and we pause the stream here. Returns whether the
 * transmitter did it. Throws RuleBrokenError.
 */
export async function setStreamStatus(
  deps: StreamDeps,
  action: StreamAction,
  wanted: "enabled" | "paused",
): Promise<boolean> {
  const stream = await streamOf(action);
  const calls = await authorizeByRefresh(deps, action, stream);
  const answer = await changeStatus(calls, providerStreamId(stream), wanted);
  const isPausedHere = answer === null && wanted === "paused";
  const said = answer && { status: answer.status, statusReason: answer.reason ?? null };
  const name = wanted === "paused" ? "stream.paused" : "stream.resumed";
  await saveChange(action, stream, { ...said, isPausedHere }, name);
  return answer !== null;
}

/** Reads the stream's status from the transmitter. A stream that is paused here stays so. Throws RuleBrokenError. */
export async function checkStreamStatus(deps: StreamDeps, action: StreamAction): Promise<void> {
  const stream = await streamOf(action);
  const calls = await authorizeByRefresh(deps, action, stream);
  const answer = await readStatus(calls, providerStreamId(stream));
  if (answer === null) return;
  const { status, reason: statusReason = null } = answer;
  if (status === stream.status && statusReason === stream.statusReason) return;
  await saveChange(action, stream, { status, statusReason }, "stream.status_read");
}

/** Changes whether a revoked or deleted credential ends a person's sessions. */
export async function changeCredentialPolicy(action: StreamAction, endsSessions: boolean): Promise<void> {
  const changes = { credentialChangeEndsSessions: endsSessions };
  await saveChange(action, await streamOf(action), changes, "stream.changed");
}

/** Deletes the stream at the transmitter, revokes our authorization, and then forgets both here. Throws RuleBrokenError. */
export async function deleteStreamAndGrant(deps: StreamDeps, action: StreamAction): Promise<void> {
  const stream = await streamOf(action);
  if (stream.providerStreamId !== null) {
    await deleteStream(await authorizeByRefresh(deps, action, stream), stream.providerStreamId);
  }
  await revokeAuthorization(deps, action, stream);
  await removeHere(action, stream, "stream.deleted");
}

/** Forgets the stream here only. The transmitter keeps it, and its events are refused. */
export async function forgetStream(action: StreamAction): Promise<void> {
  await removeHere(action, await streamOf(action), "stream.forgotten");
}

async function removeHere({ store, entry }: StreamAction, { id }: SignalStream, name: string): Promise<void> {
  await store.transaction(async (inside) => {
    if (await inside.signalStreams.remove(id)) await inside.activity.record(entry(name));
  });
}

async function saveChange(
  { store, entry }: StreamAction,
  { id }: SignalStream,
  changes: SignalStreamChanges,
  name: string,
): Promise<void> {
  await store.transaction(async (inside) => {
    await inside.signalStreams.update(id, changes);
    await inside.activity.record(entry(name, name.endsWith(".changed") ? Object.keys(changes) : []));
  });
}

function providerStreamId({ providerStreamId: id }: SignalStream): string {
  if (id === null) throw new ConflictError("stale", "There is no stream at the transmitter yet.");
  return id;
}
