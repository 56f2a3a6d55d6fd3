import { outcomes, type Rule } from "policy-list/policy";
import type { BrokenRule } from "../../errors.ts";
import { failureText, type Message, type RecordedCheck } from "../../recording.ts";

/** The name and id of a rule are all that a description needs. */
export type NamedRule = Pick<Rule<never>, "id" | "name">;

/** The checks that were made, in order: rules before the broken one passed, and later ones were not reached. */
export function checksOf(rules: readonly NamedRule[], broken: BrokenRule | null): RecordedCheck[] {
  return outcomes(rules, isAmong(rules, broken) ? broken : null).flatMap(({ name, outcome, found }) =>
    outcome === "unread" ? [] : [{ name, verdict: outcome, detail: found }],
  );
}

export function isAmong(rules: readonly NamedRule[], broken: BrokenRule | null): boolean {
  return broken !== null && rules.some(({ id }) => id === broken.ruleId);
}

/** The check of a request whose error no rule explains: a fault of the program, or of what it depends on. */
export function unexplained(detail: string | null): RecordedCheck {
  return { name: "The request can be handled", verdict: "failed", detail };
}

/** The IDs of Okta's users, and UUIDs: a reader does not know who that is. */
const opaque = /^(?:00u\w{17}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i;

/** The first of some names that tells a reader who it is; null if none does. */
export function readableName(names: readonly unknown[]): string | null {
  const readable = names.find((name) => typeof name === "string" && name !== "" && !opaque.test(name));
  return typeof readable === "string" ? readable : null;
}

/** @param passed the summary if every check passed. */
export function verdictOf(
  checks: readonly RecordedCheck[],
  passed: string,
): Pick<Message, "checks" | "verdict" | "summary"> {
  const failed = checks.find(({ verdict }) => verdict === "failed");
  return { checks, verdict: failed ? "failed" : "passed", summary: failed ? failureText(failed) : passed };
}
