import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("site");

/** The deployment as a whole. */
export const siteRules = {
  "site-reachable": must(
    "The deployment is reachable",
    ["requirements", "Test account guidelines"],
    "Start it, and open it to Okta's network: it must stay reachable during the whole review.",
  ),
  "site-https": must(
    "The deployment is served over https",
    ["requirements", "OIN limitations"],
    "Put a proxy with a certificate in front, and set BASE_URL to its https address.",
  ),
  "site-certificate": must(
    "The certificate is valid for the host, and does not expire soon",
    ["scimPrepare", "API endpoints"],
    "Install a certificate of a public authority with its whole chain, and renew it automatically.",
  ),
  "site-tls-version": must(
    "The connection uses TLS 1.2 or later",
    ["scimPrepare", "API endpoints"],
    "Enable TLS 1.2 and 1.3 at the proxy, and disable older versions.",
  ),
  "site-hsts": should(
    "Browsers are told to use https only",
    ["rfc6797", "§6.1"],
    "Send Strict-Transport-Security with a max-age of months, at the proxy or in the application.",
  ),
  "site-cookies": should(
    "Cookies of the sign-in form are Secure and HttpOnly, and say where they are sent",
    ["rfc6265", "§4.1.2"],
    "Set Secure, HttpOnly and SameSite on every cookie.",
  ),
  "site-origin": should(
    "The Wizard's URLs name this deployment",
    ["wizardOidc", "Integration properties"],
    "Set origin in config/integration.ts to the production address before you submit.",
  ),
  "site-account-url": must(
    "The account URL of the test account opens a sign-in form",
    ["requirements", "Test account guidelines"],
    "Create the reviewers' tenant on this deployment, and keep the account alive during the review.",
  ),
} as const;
