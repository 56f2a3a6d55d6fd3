import { type RefusalReason, RefusedError } from "../errors.ts";
import type { Check } from "../recording.ts";

/** What a check says of itself: the reason it refuses for, what must hold, and for the log what was found instead. */
interface Demand {
  reason: RefusalReason;
  name: string;
  detail?: string | null;
}

/** The policy as it is carried out: each demand is kept with its verdict, and the first that does not hold ends it. */
export class Checks {
  readonly results: Check[] = [];

  /** Throws RefusedError when the demand does not hold. What was expected and found goes to the log alone. */
  demand(holds: boolean, { reason, name, detail = null }: Demand): asserts holds {
    this.results.push({ name, verdict: holds ? "passed" : "failed", detail: holds ? null : detail });
    if (!holds)
      throw new RefusedError(reason, null, { cause: detail === null ? name : `${name}: ${detail}` });
  }
}

/** What was expected and what was there, for people who compare the two. */
export function mismatch(expected: string, found: string | null): string {
  return `expected ${expected}, found ${found === null ? "nothing" : found.slice(0, 300)}`;
}
