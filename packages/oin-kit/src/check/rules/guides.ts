import { okta } from "okta-labels/labels";
import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("guides");

/** The configuration guides, which customers and Okta's reviewers follow literally. */
export const guideRules = {
  "guide-public": must(
    "Every guide can be read by its URL without signing in",
    ["requirements", "Customer configuration document guidelines"],
    "Serve it at the URL of the submission package, as a page, without a redirect to a sign-in form.",
  ),
  "guide-separate": must(
    "Each capability has its own guide",
    ["requirements", "Customer configuration document guidelines"],
    "Write one guide each for OpenID Connect, SAML and SCIM, with titles that say so.",
  ),
  "guide-headings": must(
    "The guide has every heading that reviewers look for, with words below it",
    ["testPlan", "C9299"],
    "Add the section in views/guide/, with N/A in it if it does not apply.",
  ),
  "guide-heading-order": should(
    "The headings are in the usual order",
    ["requirements", "Configuration guide content"],
    "Supported features, requirements, configuration steps, attributes and mapping, troubleshooting.",
  ),
  "guide-menus": must(
    "Menus have the names of Okta's console of today",
    ["requirements", "Customer configuration document guidelines"],
    "Take every label from packages/okta-labels, and read Okta's release notes before you submit.",
  ),
  "guide-catalog-app": must(
    "The guide adds the catalog's app, and names no setting of an app that is built by hand",
    ["testPlan", "C9298"],
    `Begin with ${okta.catalog.browse} and ${okta.catalog.add}. Okta's reviewers follow the guide literally.`,
  ),
  "guide-values": must(
    "Addresses in the guide are those of the Wizard",
    ["testPlan", "C9298"],
    "Print redirect URI, ACS URL, entity ID and base URL from the same source as the submission package.",
  ),
  "guide-features": must(
    "Supported features are those that the manifest declares",
    ["requirements", "Configuration guide content"],
    "List each declared capability under Okta's name for it, and no other.",
  ),
  "guide-requirements": must(
    "Requirements name the Okta products that each capability needs",
    ["requirements", "Configuration guide content"],
    "Name Identity Engine, and Adaptive MFA or Identity Threat Protection, for Universal Logout; Lifecycle Management for provisioning; Identity Governance for entitlements.",
  ),
  "guide-entitlements-first": must(
    "Entitlement Management is enabled before provisioning",
    ["testPlan", "C9298"],
    `Put these steps before ${okta.provisioning.configure}: Okta refuses them on an instance that has provisioning enabled.`,
  ),
  "guide-finished": must(
    "The guide is finished",
    ["testPlan", "C9299"],
    "Remove notes, placeholders, and addresses of your machine or org: reviewers return a draft.",
  ),
  "guide-support": should(
    "The guide names a support contact",
    ["requirements", "Customer support contact guidelines"],
    "Print a contact of config/integration.ts.",
  ),
  "guide-indexed": should(
    "Search engines may list the guide",
    ["requirements", "Customer configuration document guidelines"],
    "Leave noindex out: customers' administrators search for the guide.",
  ),
  "guide-links": must(
    "Links within the deployment work",
    ["testPlan", "C9299"],
    "Fix the link, or the heading that it names, in views/guide/.",
  ),
  "guide-images": must(
    "Pictures are served, can be read as pictures, and have an alt text",
    ["testPlan", "C9299"],
    "Put the picture next to the guides, and give it an alt text.",
  ),
  "guide-okta-pictures": must(
    "Each guide shows Okta's console",
    ["testPlan", "C9299"],
    "Add pictures of the screens that the steps name, with Okta in their file name or alt text.",
  ),
  "guide-pdf": must(
    "A linked PDF is a PDF",
    ["testPlan", "C9299"],
    "Write the PDFs with npm run guide, commit and deploy them.",
  ),
  "guide-secure-links": should(
    "Links and pictures use https",
    ["testPlan", "C9299"],
    "Link to the https address.",
  ),
  "guide-current": must(
    "Pictures and PDFs are up to date with the product and its guides",
    ["testPlan", "C9299"],
    "Write the guides again with npm run guide, review them, then commit and deploy them.",
  ),
  "guide-drawings": should(
    "Pictures of Okta's Admin Console are screenshots, not drawings",
    ["requirements", "Configuration guide content"],
    "Take the pictures in your Integrator org, and save them under the names of the drawings, then write the guides again.",
  ),
  "guide-okta-links": should("Links to other sites work", ["testPlan", "C9299"], "Open each link."),
} as const;
