import { type RuleId, ruleIds, rules } from "./rules/all.ts";
import { type Area, documents } from "./rules/rule.ts";

export type RuleVerdict = "pass" | "fail" | "warning" | "not-checkable";

/** The result of one rule: an entry of `results` in the JSON of `oin:check`. */
export interface RuleResult {
  rule: RuleId;
  area: Area;
  title: string;
  verdict: RuleVerdict;
  /** The observation in words; for `not-checkable`, the reason. */
  seen: string;
  fix: string;
  source: { document: string; section: string; url: string };
}

/** A verdict and what it is based on. */
interface Finding {
  verdict: RuleVerdict;
  seen: string;
}

const longestSeen = 240;
/** How many different observations of a broken rule are shown. */
const shownObservations = 3;

/** Collects observations. A rule without any observation never passes. */
export class CheckReport {
  readonly #findings = new Map<RuleId, Finding[]>();
  readonly #reasons = new Map<Area, string>();
  readonly #secrets: readonly string[];

  /** @param secrets texts that no observation may show, even if a server echoes them. */
  constructor(secrets: readonly string[] = []) {
    this.#secrets = secrets.filter((secret) => secret !== "");
  }

  /** Records whether a rule holds here, and returns that. A rule passes only if all its observations hold. */
  judge(rule: RuleId, holds: boolean, seen: string): boolean {
    const broken = rules[rule].level === "must" ? "fail" : "warning";
    this.#add(rule, holds ? "pass" : broken, seen);
    return holds;
  }

  /** Records a warning, even for a rule of the level `must`. */
  warn(rule: RuleId, seen: string): void {
    this.#add(rule, "warning", seen);
  }

  /** Records why a rule cannot be checked from outside. */
  notCheckable(rule: RuleId, why: string): void {
    this.#add(rule, "not-checkable", why);
  }

  /** Records why the remaining rules of an area have no observations. The first reason counts. */
  gaveUp(area: Area, why: string): void {
    if (!this.#reasons.has(area)) this.#reasons.set(area, this.#readable(why));
  }

  results(chosen: readonly Area[]): RuleResult[] {
    return ruleIds
      .filter((id) => chosen.includes(rules[id].area))
      .map((id) => {
        const { area, title, fix, document, section } = rules[id];
        const [name, url] = documents[document];
        return {
          rule: id,
          area,
          title,
          ...this.verdictOf(id),
          fix,
          source: { document: name, section, url },
        };
      });
  }

  /** The text without the secrets. */
  redacted(text: string): string {
    return this.#secrets.reduce((shown, secret) => shown.replaceAll(secret, "[token]"), text);
  }

  #add(rule: RuleId, verdict: RuleVerdict, seen: string): void {
    const findings = this.#findings.get(rule) ?? [];
    findings.push({ verdict, seen: this.#readable(seen) });
    this.#findings.set(rule, findings);
  }

  /** The worst verdict of a rule, with its observations. */
  verdictOf(id: RuleId): Finding {
    const findings = this.#findings.get(id) ?? [];
    for (const verdict of ["fail", "warning", "pass", "not-checkable"] as const) {
      const seen = [...new Set(findings.filter((one) => one.verdict === verdict).map((one) => one.seen))];
      if (seen.length === 0) continue;
      const shown = verdict === "pass" ? seen.slice(0, 1) : seen.slice(0, shownObservations);
      const more =
        verdict !== "pass" && seen.length > shown.length ? [`and ${seen.length - shown.length} more`] : [];
      return { verdict, seen: [...shown, ...more].join("; ") };
    }
    const why = this.#reasons.get(rules[id].area) ?? "the check did not get that far: an earlier step failed";
    return { verdict: "not-checkable", seen: why };
  }

  /** Servers control much of this text: removes secrets and control characters, and limits its length. */
  #readable(text: string): string {
    const plain = this.redacted(text).replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
    return plain.length > longestSeen ? `${plain.slice(0, longestSeen)}…` : plain;
  }
}
