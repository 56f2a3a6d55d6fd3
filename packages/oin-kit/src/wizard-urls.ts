import { bareExpression, oidcExpression, samlExpression, urlTemplate } from "./expressions.ts";
import type { Product } from "./product.ts";

/** Stands for a customer's connection key where a URL is written for all customers. */
export function keyPlaceholder({ variable }: Product): string {
  return `{${variable}}`;
}

/**
 * Every URL of the submission, in the dialect of its field. What Okta's reviewers open themselves (the sign-in URLs,
 * the account URL) is written out for the test account's own connection: those fields take no expressions.
 */
export function wizardUrls(product: Product) {
  const { addresses } = product;
  const { origin, testAccount } = product.manifest;
  const oidc = addresses.oidc(origin, keyPlaceholder(product));
  const saml = addresses.saml(origin, keyPlaceholder(product));
  const inOidc = (url: string) => oidcExpression(urlTemplate(url));
  const inSaml = (url: string) => samlExpression(urlTemplate(url));
  const bare = (url: string) => bareExpression(urlTemplate(url));
  return {
    oidc: {
      redirectUri: inOidc(oidc.redirectUri),
      initiateLoginUri: inOidc(oidc.initiateLoginUri),
      postLogoutRedirectUri: inOidc(oidc.postLogoutRedirectUri),
      spInitiateUrl: addresses.oidc(origin, testAccount.tenant).signInUrl,
      guideUrl: origin + addresses.guide("oidc"),
    },
    saml: {
      acsUrl: inSaml(saml.acsUrl),
      entityId: inSaml(saml.entityId),
      spInitiateUrl: addresses.saml(origin, testAccount.tenant).signInUrl,
      guideUrl: origin + addresses.guide("saml"),
    },
    scim: { baseUrl: bare(origin + addresses.scim), guideUrl: origin + addresses.guide("scim") },
    universalLogout: { endpoint: bare(origin + addresses.universalLogout) },
    accountUrl: origin + addresses.passwordLogin(testAccount.tenant),
  };
}
