import { bold, okta } from "okta-labels/labels";
import type { Integration } from "./integration.ts";
import type { PlannedCase } from "./test-cases.ts";

const { person } = okta;
const names = "First name, last name and email are shown.";
const clearSessions = `${bold(person.moreActions)} > ${bold(person.clearSessions)}, with ${bold(person.includeApps)}`;

/** The journeys of Okta's Submission Tester, and its manual test of Universal Logout, for each protocol. */
export function signOnCases({ oidc, saml, universalLogout }: Integration): PlannedCase[] {
  const protocols = [
    ...(oidc ? [{ area: "OIDC", ...oidc, spInitiated: true }] : []),
    ...(saml ? [{ area: "SAML", ...saml }] : []),
  ];
  return protocols.flatMap(({ area, idpInitiated, spInitiated, justInTime }) => [
    journey(area, idpInitiated, {
      id: "IdP flow",
      title: "The tile signs in",
      step: "Clicks the tile on the dashboard, then signs out",
      answer: "The person is signed in, and after signing out no longer.",
    }),
    journey(area, spInitiated, {
      id: "SP flow",
      title: "The product's sign-in page leads to Okta and back",
      step: "Opens the SP Initiate URL and signs in to Okta, then signs out",
      answer: "The person is signed in, and after signing out no longer.",
    }),
    journey(area, justInTime, {
      id: "Just-In-Time",
      title: "A new person signs in",
      step: "Signs in as a person whom the product does not know",
      answer: `The product creates the user. ${names}`,
    }),
    journey(area, universalLogout !== null, {
      id: "Universal Logout",
      title: "Okta ends the session",
      step: clearSessions,
      answer: "204. The next click leads to the sign-in page.",
    }),
  ]);
}

function journey(
  area: string,
  isOffered: boolean,
  told: Pick<PlannedCase, "id" | "title" | "step" | "answer">,
): PlannedCase {
  const notSupported = isOffered ? null : `${told.id} is switched off in the manifest.`;
  const title = `following the guides literally leads from nothing to everything, with ${area}`;
  const tests = isOffered ? [{ file: "browser/guides.test.ts", title }] : [];
  return { area, ...told, expected: null, inOrgOnly: null, tests, notSupported };
}
