/**
 * A security policy as data: a list of rules, in the order in which they are applied. Code, documents and tests use the
 * same list, so a reader of the list has read the whole policy.
 */

/** One rule. It sees only `Facts`: a rule never reads the clock, a database or the network. */
export interface Rule<Facts, Reason extends string = string> {
  /** Identifies the rule in logs, the inspector, documents and tests. Never change it. */
  readonly id: string;
  /** The requirement in words: "The audience is this application". */
  readonly name: string;
  /** The source of the rule: the section of a specification, or an attack. */
  readonly citation: string;
  /** The reason of a refusal by this rule. */
  readonly reason: Reason;
  holds(facts: Facts): boolean;
  /** Expected and actual values, for the log. Called only if the rule does not hold. */
  found?(facts: Facts): string | null;
}

/** A rule does not hold. */
export class RuleBrokenError<Reason extends string = string> extends Error {
  readonly rule: Omit<Rule<never, Reason>, "holds" | "found">;
  /** Expected and actual values; null if the rule's name is enough. */
  readonly found: string | null;

  constructor(rule: Omit<Rule<never, Reason>, "holds" | "found">, found: string | null) {
    super(found === null ? rule.name : `${rule.name}: ${found}`);
    this.name = "RuleBrokenError";
    this.rule = rule;
    this.found = found;
  }
}

/** Applies the rules in order, because later rules rely on earlier ones. Throws RuleBrokenError at the first broken one. */
export function judge<Facts, Reason extends string>(
  rules: readonly Rule<Facts, Reason>[],
  facts: Facts,
): void {
  for (const rule of rules) {
    if (!rule.holds(facts)) throw new RuleBrokenError(rule, rule.found?.(facts) ?? null);
  }
}

/** Runs `work`. Returns the rule that it broke; null if it broke none. Throws any other error. */
export async function ruleBrokenBy(work: () => void | Promise<void>): Promise<RuleBrokenError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof RuleBrokenError) return error;
    throw error;
  }
}

/** The outcome of a rule; `unread` means that an earlier rule refused, so this one was never applied. */
export interface RuleOutcome {
  readonly id: string;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "unread";
  readonly found: string | null;
}

/**
 * The outcome of each rule of a policy. Rules are applied in order, so all rules before the broken one have passed.
 * @param broken the broken rule; null if every rule holds.
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
