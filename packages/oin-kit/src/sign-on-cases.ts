import type { Integration } from "./integration.ts";
import type { PlannedCase } from "./test-cases.ts";

/** The journeys of Okta's Submission Tester, and its manual test of Universal Logout, for each protocol. */
export function signOnCases({ oidc, saml, universalLogout }: Integration): PlannedCase[] {
  const protocols = [
    ...(oidc ? [{ area: "OIDC", ...oidc, spInitiated: true }] : []),
    ...(saml ? [{ area: "SAML", ...saml }] : []),
  ];
  return protocols.flatMap(({ area, idpInitiated, spInitiated, justInTime }) => [
    journey(area, "IdP flow", "The tile signs in; signing out works", idpInitiated),
    journey(area, "SP flow", "The SP Initiate URL leads to Okta and back; signing out works", spInitiated),
    journey(
      area,
      "Just-In-Time",
      "A new person signs in, and first name, last name and e-mail are shown",
      justInTime,
    ),
    journey(
      area,
      "Universal Logout",
      "Clear User Sessions in Okta; the next click leads to the sign-in page",
      universalLogout !== null,
    ),
  ]);
}

function journey(area: string, id: string, what: string, isOffered: boolean): PlannedCase {
  if (!isOffered)
    return { id, area, what, tests: [], notSupported: `${id} is switched off in the manifest.` };
  const title = `following the guides sets ${area} up: sign-in from here, from the tile, and Universal Logout`;
  return { id, area, what, tests: [{ file: "browser/guides.test.ts", title }], notSupported: null };
}
