import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("guides");

/** The configuration guides that customers and Okta's reviewers follow to the letter. */
export const guideRules = {
  "guide-public": must(
    "Every guide can be read by its URL without signing in",
    ["requirements", "Customer configuration document guidelines"],
    "Serve it at the URL of the submission package, as a page, without a redirect to a sign-in form.",
  ),
  "guide-separate": must(
    "Each capability has a guide of its own",
    ["requirements", "Customer configuration document guidelines"],
    "Write one guide for OpenID Connect, one for SAML, one for SCIM, with titles that say so.",
  ),
  "guide-headings": must(
    "The guide has every heading that reviewers look for",
    ["testPlan", "C9299"],
    "Add the section in views/guide/, with N/A in it when there is nothing to say.",
  ),
  "guide-heading-order": should(
    "The headings are in the usual order",
    ["requirements", "Configuration guide content"],
    "Supported features, requirements, configuration steps, attributes and mapping, troubleshooting.",
  ),
  "guide-links": must(
    "Links within the deployment lead somewhere",
    ["testPlan", "C9299"],
    "Mend the link or the heading that it names in views/guide/.",
  ),
  "guide-images": must(
    "Pictures are served, and say in words what they show",
    ["testPlan", "C9299"],
    "Put the picture beside the guides, and give it a text.",
  ),
  "guide-current": must(
    "Pictures and PDFs are those that the product and its guides make today",
    ["testPlan", "C9299"],
    "Write the guides again, look at them, commit and deploy what was written.",
  ),
  "guide-okta-links": should(
    "Links to other sites lead somewhere",
    ["testPlan", "C9299"],
    "Open each of them.",
  ),
} as const;
