import { rulesOf } from "./rule.ts";

const { must } = rulesOf("listing");
const fix = "Change config/integration.ts as the message says.";

/** The manifest, compared with the Wizard's limits (../../manifest.ts). */
export const listingRules = {
  "listing-name": must("The display name fits", ["wizardOidc", "Catalog properties"], fix),
  "listing-description": must(
    "The description fits, and names the capabilities",
    ["requirements", "App description guidelines"],
    fix,
  ),
  "listing-logo": must(
    "The logo can be uploaded: format, pixels, bytes and transparency",
    ["requirements", "Logo guidelines"],
    "Put a PNG of 200 × 200 pixels below 1 MB into public/, and name it in config/integration.ts.",
  ),
  "listing-use-cases": must(
    "The use cases are among the Wizard's",
    ["requirements", "Use case guidelines"],
    fix,
  ),
  "listing-contacts": must(
    "The support contacts are complete",
    ["requirements", "Customer support contact guidelines"],
    fix,
  ),
  "listing-variables": must(
    "The integration variables have names that Okta accepts, and the URLs use them",
    ["wizardOidc", "Tenant settings"],
    fix,
  ),
  "listing-urls": must(
    "The URLs of the Wizard are https and short enough",
    ["wizardOidc", "Integration properties"],
    fix,
  ),
  "listing-test-account": must(
    "The test account is complete",
    ["requirements", "Test account guidelines"],
    fix,
  ),
  "listing-unchanged": must(
    "Customers of the published integration keep the values that they rely on",
    ["updating", "Considerations"],
    "Keep published variables, URLs and the audience; add new ones in addition.",
  ),
  "listing-capabilities": must("The capabilities fit together", ["requirements", "OIN limitations"], fix),
} as const;
