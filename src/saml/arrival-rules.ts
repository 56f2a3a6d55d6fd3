import type { Rule } from "policy-list/policy";
import type { RefusalReason } from "../errors.ts";
import type { IdentifiedLogin } from "../sso/sign-in.ts";

/** The policy at the end of a sign-in; everything about the response itself was judged before. */
export const arrivalRules: readonly Rule<ArrivalFacts, RefusalReason>[] = [
  {
    id: "arrival",
    name: "A response arrived in this browser, and was not used yet",
    citation: "Someone else's link must not sign anyone in (login CSRF)",
    reason: "sign-in-not-started-here",
    holds: ({ arrival }) => arrival !== null,
  },
  {
    id: "arrival-current",
    name: "The person's access was not revoked since the response arrived",
    citation: "Universal Logout, a block and a sign-out also end sign-ins in flight",
    reason: "sign-in-not-started-here",
    holds: ({ arrival, epoch }) => (arrival?.accessEpoch ?? epoch) === epoch,
  },
];

interface ArrivalFacts {
  arrival: IdentifiedLogin | null;
  /** The person's access epoch now; null if they are not known here. */
  epoch: number | null;
}
