import type { Request } from "express";
import { outcomes, type Rule } from "policy-list/policy";
import type { BrokenRule } from "../../errors.ts";
import { failureText, type Message, type Protocol, type RecordedCheck } from "../../recording.ts";
import { checkGroups } from "./groups.ts";
import { statusLine } from "./parts.ts";

/** The members of a rule that a description needs. */
export type NamedRule = Pick<Rule<never>, "id" | "name" | "citation" | "reason">;

/** The checks that were made, in order: rules before the broken one passed, and later ones were not reached. */
export function checksOf(
  protocol: Protocol,
  rules: readonly NamedRule[],
  broken: BrokenRule | null,
): RecordedCheck[] {
  return outcomes(rules, isAmong(rules, broken) ? broken : null).flatMap(
    ({ id, name, outcome, found }, index) => {
      const { citation = "", reason = "" } = rules[index] ?? {};
      const group = groupOf(protocol, id);
      if (outcome === "unread") return [];
      const check: RecordedCheck = { name, verdict: outcome, detail: found, group, citation };
      return [outcome === "failed" ? { ...check, reason } : check];
    },
  );
}

/** The heading of a rule's check. test/inspector/groups.test.ts requires that every rule has one. */
function groupOf(protocol: Protocol, ruleId: string): string {
  return checkGroups[protocol].find(([, ids]) => ids.includes(ruleId))?.[0] ?? "Checks";
}

export function isAmong(rules: readonly NamedRule[], broken: BrokenRule | null): boolean {
  return broken !== null && rules.some(({ id }) => id === broken.ruleId);
}

/** The check of a request whose error no rule explains: a fault of the program, or of what it depends on. */
export function unexplained(detail: string | null): RecordedCheck {
  return { name: "The request can be handled", verdict: "failed", detail, group: "Request" };
}

/**
 * The directory's decision about a person whom the provider has identified.
 * @param refusal its reason to refuse them; null if it has none, or failed.
 */
export function directoryCheck(isAdmitted: boolean, refusal: string | null): RecordedCheck {
  const check = { name: "The directory lets the person in", detail: refusal, group: "Directory" };
  if (isAdmitted) return { ...check, verdict: "passed" };
  return { ...check, verdict: "failed", reason: refusal ?? "" };
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

/**
 * The status line of a call's response, and the checks behind it. A failure that no rule explains gets the check of a fault.
 */
export function verdictOfCall(
  { res }: Request,
  protocol: Protocol,
  rules: readonly NamedRule[],
  broken: BrokenRule | null,
): Pick<Message, "checks" | "verdict" | "summary"> & { status: string } {
  const statusCode = res?.statusCode ?? 0;
  const status = statusLine(statusCode);
  const isExplained = broken !== null || statusCode < 400;
  const checks = isExplained ? checksOf(protocol, rules, broken) : [unexplained(null)];
  const { verdict, summary } = verdictOf(checks, "");
  return { status, checks, verdict, summary: verdict === "failed" ? `${status}. ${summary}` : status };
}
