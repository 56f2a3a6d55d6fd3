import type { UseCase } from "./integration.ts";

/**
 * The OIN Wizard's limits, in characters unless said otherwise (Okta: submit-oin-app, submit-app-prereq). The manifest's
 * rules check them, and the submission package prints them next to each value.
 */
export const limits = {
  displayName: 64,
  description: 1023,
  /** Bytes: the file must be smaller than 1 MB. */
  logoBytes: 999_999,
  /** The use cases that an ISV may choose. */
  useCases: 3,
  /** The use cases and collections of one listing, those that Okta adds included. */
  categories: 5,
  /** The number of variables that the Wizard accepts; the requirements page still says three. */
  variables: 8,
  variablesAdvised: 3,
  variableName: 1024,
  url: 1024,
  spInitiateUrl: 512,
  spFlowDescription: 2048,
} as const;

/** Width and height in pixels; no other size can be uploaded. */
export const logoSizes: readonly (readonly [number, number])[] = [
  [200, 200],
  [244, 244],
  [244, 156],
  [156, 244],
];

export const useCases: readonly UseCase[] = [
  "Automation",
  "Centralized Logging",
  "Directory and HR Sync",
  "Identity Governance and Administration (IGA)",
  "Identity Verification",
  "Multifactor Authentication (MFA)",
  "Zero Trust",
];

/** A variable's name: lower-case letters, digits and underscores, beginning with a letter. */
export const variableName = new RegExp(`^[a-z][a-z0-9_]{0,${limits.variableName - 1}}$`);

/** Okta refuses some names and publishes no list; these are likely to be on it. */
export const riskyVariableNames: readonly string[] =
  "domain issuer client_id client_secret scim_base_url base_url name label status id audience entity_id".split(
    " ",
  );
