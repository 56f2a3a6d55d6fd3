import type { IsolationCases } from "../helpers/isolation.ts";

const newPasskey = { id: "b's", name: "b's", publicKey: "b's", counter: 0, transports: [] };
const none = { authenticatorAt: null, passkeys: 0, recoveryCodes: 0 };

export const secondStepCases: Pick<
  IsolationCases,
  Extract<keyof IsolationCases, `secondSteps.${string}` | `passkeys.${string}`>
> = {
  "secondSteps.ofUser": { call: (b, a) => b.secondSteps.ofUser(a.secondUserId), gives: none },
  "secondSteps.authenticatorKey": {
    call: (b, a) => b.secondSteps.authenticatorKey(a.secondUserId),
    gives: null,
  },
  "secondSteps.setAuthenticator": {
    call: (b, a) => b.secondSteps.setAuthenticator(a.secondUserId, "b's", 9),
    gives: "refused",
  },
  "secondSteps.acceptTimeStep": {
    call: (b, a) => b.secondSteps.acceptTimeStep(a.secondUserId, 9),
    gives: false,
  },
  "secondSteps.removeAuthenticator": {
    call: (b, a) => b.secondSteps.removeAuthenticator(a.secondUserId),
    gives: false,
  },
  "secondSteps.setRecoveryCodes": {
    call: (b, a) => b.secondSteps.setRecoveryCodes(a.secondUserId, ["b's"]),
    gives: "refused",
  },
  "secondSteps.consumeRecoveryCode": {
    call: (b, a) => b.secondSteps.consumeRecoveryCode(a.secondUserId, "a's"),
    gives: false,
  },
  "passkeys.ofUser": { call: (b, a) => b.passkeys.ofUser(a.secondUserId), gives: [] },
  "passkeys.find": { call: (b, a) => b.passkeys.find(a.passkeyId), gives: null },
  "passkeys.add": {
    call: (b, a) => b.passkeys.add({ ...newPasskey, userId: a.secondUserId }),
    gives: "refused",
  },
  "passkeys.recordUse": { call: (b, a) => b.passkeys.recordUse(a.passkeyId, 9), gives: false },
  "passkeys.remove": { call: (b, a) => b.passkeys.remove(a.secondUserId, a.passkeyId), gives: false },
  "passkeys.removeOfUser": { call: (b, a) => b.passkeys.removeOfUser(a.secondUserId), gives: undefined },
};
