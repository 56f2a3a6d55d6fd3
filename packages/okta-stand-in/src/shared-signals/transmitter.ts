import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { importJWK, SignJWT } from "jose";
import type { CallLog } from "../calls.ts";
import type { OrgPerson, OrgStore } from "../state.ts";
import {
  eventAbout,
  eventAboutStream,
  eventTypes,
  type OrgSignal,
  type SignalCause,
  supportedEvents,
} from "./causes.ts";
import { type OrgStream, type PushedSet, signalsIn } from "./state.ts";

/** The parts of the org that the transmitter uses. */
interface TransmitterDeps {
  store: OrgStore;
  /** The issuer of the SETs. */
  url: string;
  calls: CallLog;
  /** Waits before an attempt. Rejects when the org stops. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export type OrgTransmitter = ReturnType<typeof signalTransmitter>;

const timeoutMs = 15_000;
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;
const mostAttempts = 12;
const kept = 200;

/**
 * Pushes SETs to the receivers of the org's streams (RFC 8935): one at a time for each stream, in order. It tries again as
 * long as the receiver does not answer, or answers 429 or 5xx. Another refusal is final. A stored SET survives a restart.
 */
export function signalTransmitter(deps: TransmitterDeps) {
  const { store, url, calls, wait = (ms, signal) => sleep(ms, undefined, { signal }) } = deps;
  const running = new Map<string, Promise<void>>();
  let stopping = new AbortController();

  async function add(stream: OrgStream, event: OrgSignal, about: string): Promise<void> {
    const jti = randomBytes(16).toString("hex");
    const token = await signed(deps, { ...event.claims, jti, aud: audienceOf(stream) });
    const signals = signalsIn(store.state);
    const entry = { jti, streamId: stream.id, at: Date.now(), type: event.type, about, token };
    signals.sent.push({ ...entry, state: "pending", attempts: 0, answer: null });
    signals.sent = tidied(signals.sent);
    store.changed();
    void run(stream.id);
  }

  function run(streamId: string): Promise<void> {
    // Behind the work before it, which may have looked for the last time already.
    const work = (running.get(streamId) ?? Promise.resolve()).then(() => pushAll(streamId));
    running.set(streamId, work);
    return work;
  }

  async function pushAll(streamId: string): Promise<void> {
    const { signal } = stopping;
    for (;;) {
      const { streams, sent } = signalsIn(store.state);
      const stream = streams[streamId];
      const next = sent.find((one) => one.streamId === streamId && isDue(one, stream));
      if (!stream || !next || signal.aborted) return;
      await push(stream, next);
      store.changed();
      if (next.state !== "pending") continue;
      const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** (next.attempts - 1));
      await wait(waitMs, signal).catch(() => undefined);
    }
  }

  /** One attempt. The System Log has the claims, and the answer. */
  async function push(stream: OrgStream, signal: PushedSet): Promise<void> {
    const requestHeaders = headersOf(stream);
    const started = performance.now();
    const why = `Signal ${signal.type.split("/").at(-1)} about ${signal.about}`;
    const about = { why, appId: stream.clientId, method: "POST", url: stream.endpointUrl };
    const entry = { ...about, at: Date.now(), requestHeaders, requestBody: claimsOf(signal.token) };
    const logged = (result: { status: number | null; answer: string; problem: string | null }) =>
      calls.add({ ...entry, ...result, durationMs: Math.round(performance.now() - started) });
    signal.attempts++;
    try {
      const response = await fetch(stream.endpointUrl, {
        method: "POST",
        headers: requestHeaders,
        body: signal.token,
        redirect: "manual",
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), stopping.signal]),
      });
      const answer = await response.text();
      logged({ status: response.status, answer, problem: null });
      signal.answer = `${response.status} ${answer}`.trim().slice(0, 300);
      signal.state = stateAfter(response.status);
    } catch (error) {
      if (stopping.signal.aborted) return;
      const problem = `No answer: ${reasonOf(error)}.`;
      logged({ status: null, answer: "", problem });
      signal.answer = problem;
    }
    if (signal.state === "pending" && signal.attempts >= mostAttempts) signal.state = "failed";
  }

  return {
    /** Sends a signal about a person to each stream that requested its type. */
    async tell(person: OrgPerson, cause: SignalCause, initiator: "admin" | "user" = "admin"): Promise<void> {
      const { streams, shape = "okta" } = signalsIn(store.state);
      const event = eventAbout(cause, { issuer: url, sub: person.id }, initiator, shape);
      const wants = ({ requested, status }: OrgStream) =>
        requested.includes(event.type) && supportedEvents.includes(event.type) && status !== "disabled";
      for (const stream of Object.values(streams).filter(wants)) await add(stream, event, person.login);
    },
    /** @param state echoed in the event, if the receiver sent one. */
    verify: (stream: OrgStream, state: string | undefined) =>
      add(stream, verification(stream, state), "the stream"),
    /** Tells the receiver of a new status that it did not set itself. */
    async updated(stream: OrgStream): Promise<void> {
      const { id, status, reason } = stream;
      const members = { status, ...(reason ? { reason } : {}) };
      await add(stream, eventAboutStream(eventTypes.streamUpdated, id, members), "the stream");
    },
    /** Pushes the pending SETs. Resolves when everything was answered or has failed. */
    async resume(): Promise<void> {
      await Promise.all(Object.keys(signalsIn(store.state).streams).map(run));
    },
    /** Stops after the current attempts. Pending SETs stay stored. */
    async stop(): Promise<void> {
      stopping.abort();
      await Promise.all(running.values());
      running.clear();
      stopping = new AbortController();
    },
  };
}

/** The `aud` of a stream's SETs. */
export function audienceOf({ endpointUrl }: OrgStream): string {
  return endpointUrl;
}

function verification({ id }: OrgStream, state: string | undefined): OrgSignal {
  return eventAboutStream(eventTypes.verification, id, state === undefined ? {} : { state });
}

/** A paused stream holds everything but the events about itself (SSF 1.0 §8.1.2). */
function isDue({ state, type }: PushedSet, stream: OrgStream | undefined): boolean {
  const isAboutStream = type === eventTypes.streamUpdated || type === eventTypes.verification;
  return state === "pending" && (stream?.status === "enabled" || isAboutStream);
}

/** RFC 8935 §2.2 and §2.3. */
function stateAfter(status: number): PushedSet["state"] {
  if (status >= 200 && status < 300) return "delivered";
  return status >= 500 || status === 429 ? "pending" : "failed";
}

/** Keeps the latest SETs, and all that are pending. */
function tidied(sent: readonly PushedSet[]): PushedSet[] {
  return sent.filter(({ state }, index) => state === "pending" || index >= sent.length - kept);
}

function headersOf({ authorizationHeader }: OrgStream): Record<string, string> {
  return {
    "Content-Type": "application/secevent+jwt",
    Accept: "application/json",
    ...(authorizationHeader === null ? {} : { Authorization: authorizationHeader }),
  };
}

async function signed({ store, url }: TransmitterDeps, claims: Record<string, unknown>): Promise<string> {
  const [key] = store.state.keys;
  if (!key) throw new Error("The org has no signing key.");
  return await new SignJWT(claims)
    .setProtectedHeader({ typ: "secevent+jwt", alg: "RS256", kid: key.kid ?? "" })
    .setIssuer(url)
    .setIssuedAt()
    .sign(await importJWK(key, "RS256"));
}

function claimsOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return cause?.code ?? (error instanceof Error ? error.message : String(error));
}
