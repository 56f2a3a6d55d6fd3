import assert from "node:assert/strict";
import type { Integration } from "../src/integration.ts";
import { manifestProblems } from "../src/manifest.ts";
import type { Product } from "../src/product.ts";
import { sample } from "./sample.ts";

/** A change of the sample's manifest that breaks a rule. */
export interface ManifestFault {
  title: string;
  change: Partial<Integration>;
  /** What the problem names, as `field rule`. */
  names: string;
  message: RegExp;
}

/** The problems of the sample with a change. */
export const problemsOf = (change: Partial<Product>) => manifestProblems({ ...sample, ...change });

/** Expects an error of each fault that names the field, the rule and the page of Okta's documents. */
export function refusesEach(faults: readonly ManifestFault[]): void {
  for (const { title, change, names, message } of faults) {
    it(`refuses ${title}`, () => {
      const found = problemsOf({ manifest: { ...sample.manifest, ...change } });
      const problem = found.find(({ field, rule }) => `${field} ${rule}` === names);
      assert.equal(problem?.level, "error", JSON.stringify(found));
      assert.match(problem.message, message);
      assert.ok(problem.message.startsWith(problem.field) && problem.message.includes(problem.source));
      assert.match(problem.source, /^Okta: /);
    });
  }
}

/** Expects a warning of each change. */
export function remarksOnEach(changes: readonly [title: string, Partial<Integration>, rule: string][]): void {
  for (const [title, change, rule] of changes) {
    it(`remarks on ${title}`, () => {
      const found = problemsOf({ manifest: { ...sample.manifest, ...change } }).find(
        (problem) => problem.rule === rule,
      );
      assert.equal(found?.level, "warning");
    });
  }
}
