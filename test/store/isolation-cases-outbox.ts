import type { IsolationCases } from "../helpers/isolation.ts";

/** The cases of the outbox and of the signals that we send (see isolation-cases.ts). */
export const outboxCases: Pick<
  IsolationCases,
  Extract<keyof IsolationCases, `outbox.${string}` | `signalTransmitters.${string}`>
> = {
  "outbox.add": {
    call: (b, a) =>
      b.outbox.add([
        { kind: "shared-signal", connectionId: a.connectionId, userId: a.userId, facts: { event: "test" } },
      ]),
    gives: "refused",
  },
  "outbox.ofConnection": { call: (b, a) => b.outbox.ofConnection(a.connectionId, 9), gives: [] },
  "signalTransmitters.setSending": {
    call: (b, a) => b.signalTransmitters.setSending(a.connectionId, false),
    gives: undefined,
  },
  "signalTransmitters.listening": { call: (b, a) => b.signalTransmitters.listening(a.userId), gives: [] },
  "signalTransmitters.addressOf": {
    call: (b, a) => b.signalTransmitters.addressOf(a.connectionId, a.userId),
    gives: null,
  },
  "signalTransmitters.keys": { call: (b, a) => b.signalTransmitters.keys(a.connectionId), gives: [] },
  "signalTransmitters.addKey": {
    call: (b, a) =>
      b.signalTransmitters.addKey(a.connectionId, { generation: 2, publicKey: "{}", sealedKey: "b's" }),
    gives: "refused",
  },
  "signalTransmitters.removeKeysBefore": {
    call: (b, a) => b.signalTransmitters.removeKeysBefore(a.connectionId, 9),
    gives: undefined,
  },
  "signalTransmitters.countRefusal": {
    call: (b, a) => b.signalTransmitters.countRefusal(a.userId, 60_000),
    gives: "refused",
  },
};
