import { destinationOf } from "./destination.ts";
import type { SiteCheck } from "./site.ts";
import { shown } from "./web.ts";

/**
 * Judges the Wizard's SP Initiate URL, which names the reviewers' own connection. Okta's Submission Tester begins there, but
 * the connection exists only once the reviewers' tenant is set up.
 */
export async function judgeReviewersUrl(protocol: "oidc" | "saml", site: SiteCheck): Promise<void> {
  const { url, product, web, report } = site;
  const { tenant } = product.manifest.testAccount;
  const rule = `${protocol}-sp-initiate-url` as const;
  const address = product.addresses[protocol]?.(url, tenant).signInUrl;
  if (!address) return;
  const answer = await web.send(address);
  if (answer.status === 404) {
    report.notCheckable(rule, `the reviewers' connection ${tenant} does not exist yet: ${shown(answer)}`);
    return;
  }
  const target = destinationOf(answer, address);
  // The POST binding shows a page with a form that leaves.
  const leaves = target ? target.origin !== url : answer.text.includes("SAMLRequest");
  report.judge(rule, leaves, shown(answer));
}
