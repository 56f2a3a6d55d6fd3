import { compatibilityProblems, type WizardValues } from "../compatibility.ts";
import type { Integration } from "../integration.ts";
import { manifestProblems } from "../manifest.ts";
import type { Product } from "../product.ts";
import { submissionValues } from "../submission.ts";
import type { CheckReport } from "./report.ts";
import type { RuleId } from "./rules/all.ts";

/** The rule of each part of the manifest. The first row whose pattern matches the field counts. */
const ruleOfField: readonly (readonly [
  pattern: RegExp,
  rule: RuleId,
  seen: (manifest: Integration) => string,
])[] = [
  [/^displayName/, "listing-name", ({ displayName }) => `${displayName.length} characters`],
  [/^description/, "listing-description", ({ description }) => `${description.length} characters`],
  [/^logo/, "listing-logo", ({ logo }) => logo],
  [/^useCases/, "listing-use-cases", ({ useCases }) => useCases.join(", ")],
  [/^(customerSupport|escalationEmail)/, "listing-contacts", () => "complete"],
  [/^variables/, "listing-variables", ({ variables }) => variables.map(({ name }) => name).join(", ")],
  [/(Url|Uri|endpoint|entityId|^origin)$/, "listing-urls", ({ origin }) => origin],
  [/^testAccount/, "listing-test-account", ({ testAccount }) => testAccount.username],
  [/./, "listing-capabilities", (manifest) => capabilitiesOf(manifest).join(", ")],
];

/** Reports the problems of the manifest. A rule without a problem passes. */
export function checkListing(product: Product, published: WizardValues | null, report: CheckReport): void {
  const { manifest } = product;
  judgeChanges(product, published, report);
  const problems = manifestProblems(product);
  const broken = new Set<RuleId>();
  for (const { field, level, message } of problems) {
    const rule = ruleOfField.find(([pattern]) => pattern.test(field))?.[1] ?? "listing-capabilities";
    broken.add(rule);
    if (level === "error") report.judge(rule, false, message);
    else report.warn(rule, message);
  }
  for (const [, rule, seen] of ruleOfField) if (!broken.has(rule)) report.judge(rule, true, seen(manifest));
}

/** Compares the Wizard's values with the published ones, which customers' app instances use. */
function judgeChanges(product: Product, published: WizardValues | null, report: CheckReport): void {
  if (published === null) {
    report.notCheckable(
      "listing-unchanged",
      "nothing was published yet: there is no docs/oin/published.json",
    );
    return;
  }
  const problems = compatibilityProblems(published, submissionValues(product));
  for (const problem of problems) {
    // A new value breaks no one as long as every expression works without it.
    if (problem.includes("was published and is gone")) report.judge("listing-unchanged", false, problem);
    else report.warn("listing-unchanged", problem);
  }
  if (problems.length === 0) report.judge("listing-unchanged", true, "nothing that was published is gone");
}

function capabilitiesOf({ oidc, saml, scim, universalLogout }: Integration): string[] {
  const all = { OIDC: oidc, SAML: saml, SCIM: scim, "Universal Logout": universalLogout };
  return Object.entries(all).flatMap(([name, capability]) => (capability ? [name] : []));
}
