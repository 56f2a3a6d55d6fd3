import { compatibilityProblems, type WizardValues } from "../compatibility.ts";
import type { Integration } from "../integration.ts";
import { manifestProblems } from "../manifest.ts";
import type { Product } from "../product.ts";
import { submissionValues } from "../submission.ts";
import type { CheckReport } from "./report.ts";
import type { RuleId } from "./rules/all.ts";

/** Which rule a part of the manifest belongs to: the first one whose pattern fits the field. */
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

/** Says what the manifest's own validation finds; where it finds nothing, the rule holds. */
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

/** Against the values of the published integration, which customers' instances were made from. */
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
    // What is new is no break as long as every expression works without it.
    if (problem.includes("was published and is gone")) report.judge("listing-unchanged", false, problem);
    else report.warn("listing-unchanged", problem);
  }
  if (problems.length === 0) report.judge("listing-unchanged", true, "nothing that was published is gone");
}

function capabilitiesOf({ oidc, saml, scim, universalLogout }: Integration): string[] {
  const all = { OIDC: oidc, SAML: saml, SCIM: scim, "Universal Logout": universalLogout };
  return Object.entries(all).flatMap(([name, capability]) => (capability ? [name] : []));
}
