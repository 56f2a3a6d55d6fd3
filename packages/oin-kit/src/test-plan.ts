import type { Integration } from "./integration.ts";
import { signOnCases } from "./sign-on-cases.ts";
import { cases, type PlanCase, type PlannedCase } from "./test-cases.ts";

/**
 * The test plan of Okta's reviewers: the journeys of the Submission Tester, and the manual SCIM test plan
 * (okta-scim-test-plan-v2). Every case has tests or does not apply.
 */
export function testPlan(manifest: Integration): PlannedCase[] {
  return [...signOnCases(manifest), ...(manifest.scim ? scimCases(manifest.scim, manifest.saml) : [])];
}

function scimCases(scim: NonNullable<Integration["scim"]>, saml: Integration["saml"]): PlannedCase[] {
  const missing: Record<PlanCase["needs"], string | null> = {
    provisioning: null,
    groups: scim.groups ? null : "Group push is switched off in the manifest.",
    passwords: scim.users.changePassword ? null : "Password sync is switched off in the manifest.",
    saml: saml ? null : "There is no SAML in this integration.",
    "OAuth 2": "The provisioning token is sent as an API token; there is no OAuth redirect.",
    "profile sourcing": "The product is not a source of profiles, and the OIN Wizard does not offer it.",
  };
  return cases.map(({ id, area, what, needs, tests }) => {
    const notSupported = missing[needs];
    return { id, area, what, tests: notSupported === null ? tests : [], notSupported };
  });
}
