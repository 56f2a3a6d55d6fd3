import { capabilityRules } from "./manifest-capabilities.ts";
import { catalogRules } from "./manifest-catalog.ts";
import { brokenRules, type Problem } from "./manifest-rules.ts";
import type { Product } from "./product.ts";

/**
 * The errors for which Okta would reject the manifest, and the warnings that its reviewers would raise. The submission
 * package is built only if there are no errors.
 */
export function manifestProblems(product: Product): Problem[] {
  return brokenRules([...catalogRules(product), ...capabilityRules(product)]);
}
