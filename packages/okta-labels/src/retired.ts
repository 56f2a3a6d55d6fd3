import { okta } from "./labels.ts";

/** A label that Okta's consoles had once, or never had. A text that names it sends its reader to a place that does not exist. */
export interface RetiredLabel {
  /** As a reader sees it: a path is written with " > ". */
  was: string;
  now: string;
  /** The day on which Okta's documents changed; null if it is not known, or if they never had this label. */
  until: string | null;
}

/** Labels of earlier consoles and wrong ones, and what replaced them. */
export const retiredLabels: readonly RetiredLabel[] = [
  { was: "Applications > Applications", now: okta.menus.applications, until: "2026-07-21" },
  { was: "Applications > Your OIN Integrations", now: okta.menus.oinIntegrations, until: "2026-07-21" },
  {
    was: "Applications > Browse App Catalog",
    now: `${okta.menus.applications}, ${okta.catalog.browse}`,
    until: "2026-07-21",
  },
  {
    was: "Applications > Create App Integration",
    now: `${okta.menus.applications}, ${okta.catalog.createIntegration}`,
    until: "2026-07-21",
  },
  // The classic console, and the developer console before it.
  { was: "Add Application", now: okta.catalog.browse, until: null },
  { was: "Developer Console", now: "Admin Console", until: null },
  { was: "Classic UI", now: "Admin Console", until: null },
  // Okta's documents do not have these.
  { was: "Groups claim filter", now: okta.signOn.groupClaimsFilter, until: null },
  { was: "Group claim filter", now: okta.signOn.groupClaimsFilter, until: null },
  { was: "Logout Endpoint URL", now: okta.customApp.logoutEndpointUrl, until: null },
];

/** The retired labels that a text names, whether it is plain, Markdown or HTML. */
export function retiredIn(text: string): RetiredLabel[] {
  const plain = text
    .replace(/<[^>]*>|[*`“”"]/g, "")
    .replaceAll("&gt;", ">")
    .replace(/\s+/g, " ");
  return retiredLabels.filter(({ was }) => plain.includes(was));
}
