import { InvalidError } from "../errors.ts";

/** Hosts whose issuers have accounts of many companies: any of them could get an account in this customer's tenant. */
const sharedHosts = new Set(["accounts.google.com", "login.microsoftonline.com"]);

/**
 * The issuer as tokens name it: an origin without a trailing slash. The OIN accepts Okta's org authorization server only,
 * whose issuer is the org's own address (Okta: "OIDC limitations"). Throws InvalidError with a sentence that says what is
 * wrong and what to enter instead.
 * @param allowPrivateNetwork accepts http, for development and tests.
 */
export function checkIssuer(issuer: string, allowPrivateNetwork: boolean): string {
  const text = issuer.trim();
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new InvalidError("Enter the address of the Okta org, like https://acme.okta.com.");
  }
  if (url.protocol !== "https:" && !allowPrivateNetwork)
    throw new InvalidError("The issuer must start with https://.");
  if (sharedHosts.has(url.hostname))
    throw new InvalidError(
      [
        "Many companies share this issuer.",
        "Connect this provider by SAML.", // SAML
      ].join(" "),
    );
  if (url.pathname.startsWith("/oauth2")) {
    throw new InvalidError(
      "This is a custom authorization server, which integrations of the Okta Integration Network may not use. " +
        `Enter the org itself: ${url.origin}.`,
    );
  }
  if (/-admin\.okta[a-z-]*\.(com|mil)$/.test(url.hostname)) {
    throw new InvalidError(
      `This is the address of the Admin Console. Enter the org itself: ${url.origin.replace("-admin.", ".")}.`,
    );
  }
  if (url.pathname !== "/" || url.search || url.hash || url.username || url.password) {
    throw new InvalidError(`The issuer of an org has no path. Enter ${url.origin}.`);
  }
  return url.origin;
}

/**
 * The classes of authentication to ask for, separated by spaces (OpenID Connect Core §3.1.2.1, acr_values). Throws
 * InvalidError with a sentence that says what to enter.
 */
export function checkAcrValues(text: string): string {
  const values = text.split(/\s+/).filter((value) => value !== "");
  if (values.length > 10 || values.some((value) => !/^[\x21-\x7e]{1,200}$/.test(value)))
    throw new InvalidError("Enter at most 10 classes, like urn:okta:loa:2fa:any, with spaces between them.");
  return values.join(" ");
}

/** 30 days, in minutes. */
const longestMaxAge = 43_200;

/**
 * The time in minutes after which people have to sign in at the provider again. Throws InvalidError with a sentence that
 * says what to enter.
 */
export function checkMaxAge(text: string): number {
  const minutes = Number(text);
  if (!/^\d{1,5}$/.test(text) || minutes < 1 || minutes > longestMaxAge)
    throw new InvalidError(`Enter a whole number of minutes, from 1 to ${longestMaxAge}.`);
  return minutes;
}
