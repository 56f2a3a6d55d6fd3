import { outcomes, type Rule } from "policy-list/policy";
import type { BrokenRule } from "../../errors.ts";
import type { Check } from "../../recording.ts";

/** The name and id of a rule are all that a description needs. */
export type NamedRule = Pick<Rule<never>, "id" | "name">;

/** The checks that were made, in order: rules before the broken one passed, and later ones were not reached. */
export function checksOf(rules: readonly NamedRule[], broken: BrokenRule | null): Check[] {
  return outcomes(rules, isAmong(rules, broken) ? broken : null).flatMap(({ name, outcome, found }) =>
    outcome === "unread" ? [] : [{ name, verdict: outcome, detail: found }],
  );
}

export function isAmong(rules: readonly NamedRule[], broken: BrokenRule | null): boolean {
  return broken !== null && rules.some(({ id }) => id === broken.ruleId);
}
