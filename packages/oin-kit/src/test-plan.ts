import type { Integration } from "./integration.ts";
import { type CaseId, oktaCases } from "./okta-test-plan.ts";
import { signOnCases } from "./sign-on-cases.ts";
import type { CaseCoverage, CaseNeed, PlannedCase } from "./test-cases.ts";
import { groupCases } from "./test-cases-groups.ts";
import { setupCases } from "./test-cases-setup.ts";
import { userCases } from "./test-cases-users.ts";

/** The product's side of every case. The type demands all 61. */
const coverage: Record<CaseId, CaseCoverage> = { ...setupCases, ...userCases, ...groupCases };

/** The reviewers' tests: the journeys of the Submission Tester, and the cases of Okta's SCIM plan in its order. */
export function testPlan(manifest: Integration): PlannedCase[] {
  return [...signOnCases(manifest), ...(manifest.scim ? scimCases(manifest.scim, manifest.saml) : [])];
}

function scimCases(scim: NonNullable<Integration["scim"]>, saml: Integration["saml"]): PlannedCase[] {
  const missing: Record<CaseNeed, string | null> = {
    provisioning: null,
    groups: scim.groups ? null : "Group push is switched off in the manifest.",
    passwords: scim.users.changePassword ? null : "Password sync is switched off in the manifest.",
    saml: saml ? null : "There is no SAML in this integration.",
    "OAuth 2":
      scim.authentication === "OAuth 2"
        ? null
        : "The provisioning token is sent as an API token; there is no OAuth redirect.",
    SWA: "People sign in by OpenID Connect or SAML. The OIN Wizard does not offer SWA.",
    "profile sourcing": "The product is not a source of profiles, and the OIN Wizard does not offer it.",
  };
  return oktaCases.map(({ id, section, title, expected }) => {
    const { needs, step, answer, tests, inOrgOnly = null } = coverage[id];
    const notSupported = missing[needs];
    const shown =
      notSupported === null ? { answer, inOrgOnly, tests } : { answer: "", inOrgOnly: null, tests: [] };
    return { id, area: section, title, expected, step, ...shown, notSupported };
  });
}
