/**
 * A security policy as data: a list of rules in the order in which they are applied. The same list decides, documents
 * and is tested: reading it is reading the whole policy, and nothing outside it refuses.
 */

/** One rule. `Facts` is everything that it may look at; a rule never reads the clock, a database or the network. */
export interface Rule<Facts, Reason extends string = string> {
  /** Names the rule for good: in logs, in the inspector, in the documents and in the tests. */
  readonly id: string;
  /** What holds when the rule does, in words: "The audience is this application". */
  readonly name: string;
  /** Why it is there: the section of a specification, or an attack. */
  readonly citation: string;
  /** What a refusal by this rule is called. */
  readonly reason: Reason;
  holds(facts: Facts): boolean;
  /** What was expected and what was there, for the log. Called only when the rule does not hold. */
  found?(facts: Facts): string | null;
}

/** Says that a rule does not hold. */
export class RuleBrokenError<Reason extends string = string> extends Error {
  readonly rule: Omit<Rule<never, Reason>, "holds" | "found">;
  /** What was there instead; null when the rule's name says it all. */
  readonly found: string | null;

  constructor(rule: Omit<Rule<never, Reason>, "holds" | "found">, found: string | null) {
    super(found === null ? rule.name : `${rule.name}: ${found}`);
    this.name = "RuleBrokenError";
    this.rule = rule;
    this.found = found;
  }
}

/** Applies the rules in their order. Throws RuleBrokenError at the first that does not hold: later rules rely on it. */
export function judge<Facts, Reason extends string>(
  rules: readonly Rule<Facts, Reason>[],
  facts: Facts,
): void {
  for (const rule of rules) {
    if (!rule.holds(facts)) throw new RuleBrokenError(rule, rule.found?.(facts) ?? null);
  }
}

/** How a rule ended: `unread` when an earlier rule refused, so that nobody asked. */
export interface RuleOutcome {
  readonly id: string;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "unread";
  readonly found: string | null;
}

/**
 * How each rule of a policy ended, from nothing but the error that ended it (null when all held): rules are applied in
 * order, so every rule before the broken one held.
 */
export function outcomes(
  rules: readonly Pick<Rule<never>, "id" | "name">[],
  broken: { ruleId: string; found: string | null } | null,
): RuleOutcome[] {
  const failedAt = broken === null ? rules.length : rules.findIndex(({ id }) => id === broken.ruleId);
  return rules.map(({ id, name }, index) => {
    if (index < failedAt) return { id, name, outcome: "passed", found: null };
    if (index > failedAt) return { id, name, outcome: "unread", found: null };
    return { id, name, outcome: "failed", found: broken?.found ?? null };
  });
}
