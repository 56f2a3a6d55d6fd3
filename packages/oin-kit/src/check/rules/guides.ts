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
    "The guide has every heading that reviewers look for",
    ["testPlan", "C9299"],
    "Add the section in views/guide/, with N/A in it if it does not apply.",
  ),
  "guide-heading-order": should(
    "The headings are in the usual order",
    ["requirements", "Configuration guide content"],
    "Supported features, requirements, configuration steps, attributes and mapping, troubleshooting.",
  ),
  "guide-links": must(
    "Links within the deployment work",
    ["testPlan", "C9299"],
    "Fix the link, or the heading that it names, in views/guide/.",
  ),
  "guide-images": must(
    "Pictures are served and have an alt text",
    ["testPlan", "C9299"],
    "Put the picture next to the guides, and give it an alt text.",
  ),
  "guide-current": must(
    "Pictures and PDFs are up to date with the product and its guides",
    ["testPlan", "C9299"],
    "Write the guides again, review them, then commit and deploy them.",
  ),
  "guide-drawings": should(
    "Pictures of Okta's Admin Console are screenshots, not drawings",
    ["requirements", "Configuration guide content"],
    "Take the pictures in your Integrator org, and save them under the names of the drawings, then write the guides again.",
  ),
  "guide-okta-links": should("Links to other sites work", ["testPlan", "C9299"], "Open each link."),
} as const;
