import { bareExpression, oidcExpression, samlExpression, urlTemplate } from "./expressions.ts";
import type { Product } from "./product.ts";

/** The placeholder for a customer's connection key in URLs for all customers. */
export function keyPlaceholder({ variable }: Product): string {
  return `{${variable}}`;
}

/**
 * Every URL of the submission, in the dialect of its field. The URLs that Okta's reviewers open (the sign-in URLs, the
 * account URL) are those of the test account's connection, because these fields take no expressions.
 */
export function wizardUrls(product: Product) {
  const { addresses } = product;
  const { origin, testAccount } = product.manifest;
  const oidc = addresses.oidc(origin, keyPlaceholder(product));
  const saml = addresses.saml?.(origin, keyPlaceholder(product));
  const inOidc = (url: string) => oidcExpression(urlTemplate(url));
  const inSaml = (url: string) => samlExpression(urlTemplate(url));
  const bare = (url: string) => bareExpression(urlTemplate(url));
  const { authorizeEndpoint, tokenEndpoint } = addresses.authorization(origin);
  return {
    oidc: {
      redirectUri: inOidc(oidc.redirectUri),
      initiateLoginUri: inOidc(oidc.initiateLoginUri),
      postLogoutRedirectUri: inOidc(oidc.postLogoutRedirectUri),
      spInitiateUrl: addresses.oidc(origin, testAccount.tenant).signInUrl,
      guideUrl: origin + addresses.guide("oidc"),
    },
    saml: {
      acsUrl: inSaml(saml?.acsUrl ?? ""),
      entityId: inSaml(saml?.entityId ?? ""),
      spInitiateUrl: addresses.saml?.(origin, testAccount.tenant).signInUrl ?? "",
      guideUrl: origin + addresses.guide("saml"),
    },
    authorization: { authorizeEndpoint: bare(authorizeEndpoint), tokenEndpoint: bare(tokenEndpoint) },
    scim: { baseUrl: bare(origin + addresses.scim), guideUrl: origin + addresses.guide("scim") },
    universalLogout: { endpoint: bare(origin + addresses.universalLogout) },
    accountUrl: origin + addresses.passwordLogin(testAccount.tenant),
  };
}
