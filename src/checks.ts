import { type RefusalReason, RefusedError } from "./errors.ts";
import type { RecordedCheck } from "./recording.ts";

/** What a check says of itself: the reason it refuses for, what must hold, and for the log what was found instead. */
interface Demand {
  reason: RefusalReason;
  name: string;
  detail?: string | null;
}

/** A policy as it is carried out: each demand is kept with its verdict, and the first that does not hold ends it. */
export class Checks {
  readonly results: RecordedCheck[] = [];

  /** Keeps a verdict, and returns it. `detail` is what was found where the check does not hold. */
  note(name: string, holds: boolean, detail: string | null = null): boolean {
    this.results.push({ name, verdict: holds ? "passed" : "failed", detail: holds ? null : detail });
    return holds;
  }

  /** Throws RefusedError when the demand does not hold. What was expected and found goes to the log alone. */
  demand(holds: boolean, { reason, name, detail = null }: Demand): asserts holds {
    this.note(name, holds, detail);
    if (!holds)
      throw new RefusedError(reason, null, { cause: detail === null ? name : `${name}: ${detail}` });
  }

  /** Carries out what is itself the check: it holds unless something is thrown, which is thrown on. */
  async attempt<T>(name: string, work: () => Promise<T> | T): Promise<T> {
    return await this.attemptAll(
      [name],
      async () => work(),
      (error) => ({
        name,
        detail: error instanceof RefusedError ? error.reason : null,
      }),
    );
  }

  /**
   * Carries out what makes several checks by itself, in the order of `names`. `failure` says which of them something
   * that was thrown is about, and what was found; those before it have passed.
   */
  async attemptAll<T>(
    names: readonly string[],
    work: () => Promise<T>,
    failure: (error: unknown) => { name: string; detail: string | null },
  ): Promise<T> {
    try {
      const result = await work();
      for (const name of names) this.note(name, true);
      return result;
    } catch (error) {
      const { name, detail } = failure(error);
      for (const before of names.slice(0, Math.max(0, names.indexOf(name)))) this.note(before, true);
      this.note(name, false, detail);
      throw error;
    }
  }
}

/** What was expected and what was there, for people who compare the two. */
export function mismatch(expected: string, found: string | null): string {
  return `expected ${expected}, found ${found === null ? "nothing" : found.slice(0, 300)}`;
}
