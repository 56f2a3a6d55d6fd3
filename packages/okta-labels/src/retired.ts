import { okta } from "./labels.ts";

/** A label that Okta's consoles had once. A guide that names it sends its reader to a menu that does not exist. */
export interface RetiredLabel {
  /** As a reader sees it: a path is written with " > ". */
  was: string;
  now: string;
}

/** Labels of earlier consoles, and what replaced them. */
export const retiredLabels: readonly RetiredLabel[] = [
  // Until 2026-07-21.
  { was: "Applications > Applications", now: okta.menus.applications },
  { was: "Applications > Your OIN Integrations", now: okta.menus.oinIntegrations },
  { was: "Applications > Browse App Catalog", now: `${okta.menus.applications}, ${okta.catalog.browse}` },
  // The classic console, and the developer console before it.
  { was: "Add Application", now: okta.catalog.browse },
  { was: "Developer Console", now: "Admin Console" },
  { was: "Classic UI", now: "Admin Console" },
];

/**
 * Labels that only an app has which an administrator builds by hand. An instance from the catalog has none of them, so a
 * guide for the catalog's app cannot be followed if it names one.
 */
export const customAppLabels: readonly string[] = [
  okta.catalog.createIntegration,
  "Create New App",
  "App Integration Wizard",
  "Use this for Recipient URL and Destination URL",
  "Assertion Signature",
  "Assertion Encryption",
  "Encryption Certificate",
  "Honor Force Authentication",
  "SAML Issuer ID",
  "Allow application to initiate Single Logout",
  "SCIM connector base URL",
  "Unique identifier field for users",
  "Supported provisioning actions",
];
