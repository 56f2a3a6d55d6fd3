import type { IsolationCases } from "../helpers/isolation.ts";

/** The cases of shared signals: tenant B calls each method for A's data (see isolation-cases.ts). */
export const signalCases: Pick<
  IsolationCases,
  Extract<keyof IsolationCases, `signalStreams.${string}` | `receivedSignals.${string}`>
> = {
  "signalStreams.create": {
    call: (b, a) =>
      b.signalStreams.create({
        id: "b-stream",
        connectionId: a.connectionId,
        connectionKey: "b-key",
        clientId: "0oa9",
        sealedClientSecret: "b's",
        eventsRequested: [],
        credentialChangeEndsSessions: false,
      }),
    gives: "refused",
  },
  "signalStreams.list": { call: (b) => b.signalStreams.list(), gives: [] },
  "signalStreams.removeOfConnection": {
    call: (b, a) => b.signalStreams.removeOfConnection(a.connectionId),
    gives: undefined,
  },
  "signalStreams.ofConnection": {
    call: (b, a) => b.signalStreams.ofConnection(a.connectionId),
    gives: null,
  },
  "signalStreams.sealedSecrets": { call: (b, a) => b.signalStreams.sealedSecrets(a.streamId), gives: null },
  "signalStreams.update": {
    call: (b, a) => b.signalStreams.update(a.streamId, { status: "paused" }),
    gives: "not found",
  },
  "signalStreams.beginVerification": {
    call: (b, a) => b.signalStreams.beginVerification(a.streamId, "b's"),
    gives: "not found",
  },
  "signalStreams.restoreVerification": {
    call: (b, a) =>
      b.signalStreams.restoreVerification(a.streamId, "a's state", { state_hash: null, state_at: null }),
    gives: undefined,
  },
  "signalStreams.verify": { call: (b, a) => b.signalStreams.verify(a.streamId, "a's state"), gives: false },
  "signalStreams.recordEvent": {
    call: (b, a) => b.signalStreams.recordEvent(a.streamId, "b's"),
    gives: undefined,
  },
  "signalStreams.remove": { call: (b, a) => b.signalStreams.remove(a.streamId), gives: false },
  "receivedSignals.consume": {
    call: (b, a) => b.receivedSignals.consume(a.streamId, "b's", 1),
    gives: "refused",
  },
};
