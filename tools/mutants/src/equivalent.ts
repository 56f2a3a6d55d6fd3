import type { Mutant } from "./mutations.ts";

/** A change that no test can see, because the application behaves the same. */
interface Equivalent extends Pick<Mutant, "path" | "inside" | "code" | "change"> {
  reason: string;
}

/** They are not tried. An entry that no place in the code fits any more has to go. */
export const equivalents: readonly Equivalent[] = [];

export function isSame(mutant: Mutant, known: Equivalent): boolean {
  return (
    mutant.path === known.path &&
    mutant.inside === known.inside &&
    mutant.code === known.code &&
    mutant.change === known.change
  );
}
