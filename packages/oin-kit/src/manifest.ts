import { capabilityProblems } from "./manifest-capabilities.ts";
import { catalogProblems } from "./manifest-catalog.ts";
import type { Problem } from "./manifest-rules.ts";
import type { Product } from "./product.ts";

/**
 * Everything that keeps the manifest from being submitted, and what Okta's reviewers would remark on. The submission
 * package is built only when there is no error among them.
 */
export function manifestProblems(product: Product): Problem[] {
  return [...catalogProblems(product), ...capabilityProblems(product)];
}
