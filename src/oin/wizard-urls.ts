import { connectionVariable, type Integration } from "../../config/integration.ts";
import { oidcUrls, paths, samlUrls } from "../endpoints.ts";
import { bareExpression, oidcExpression, samlExpression, urlTemplate } from "./expressions.ts";

/** Stands for a customer's connection key where a URL is written for all customers. */
export const keyPlaceholder = `{${connectionVariable.name}}`;

/**
 * Every URL of the submission, in the dialect of its field. What Okta's reviewers open themselves (the sign-in URLs,
 * the account URL) is written out for the test account's own connection: those fields take no expressions.
 */
export function wizardUrls({ origin, testAccount }: Integration) {
  const oidc = oidcUrls(origin, keyPlaceholder);
  const saml = samlUrls(origin, keyPlaceholder);
  const inOidc = (url: string) => oidcExpression(urlTemplate(url));
  const inSaml = (url: string) => samlExpression(urlTemplate(url));
  const bare = (url: string) => bareExpression(urlTemplate(url));
  return {
    oidc: {
      redirectUri: inOidc(oidc.redirectUri),
      initiateLoginUri: inOidc(oidc.initiateLoginUri),
      postLogoutRedirectUri: inOidc(oidc.postLogoutRedirectUri),
      spInitiateUrl: oidcUrls(origin, testAccount.tenant).signInUrl,
      guideUrl: origin + paths.guide("oidc"),
    },
    saml: {
      acsUrl: inSaml(saml.acsUrl),
      entityId: inSaml(saml.entityId),
      spInitiateUrl: samlUrls(origin, testAccount.tenant).signInUrl,
      guideUrl: origin + paths.guide("saml"),
    },
    scim: { baseUrl: bare(origin + paths.scim), guideUrl: origin + paths.guide("scim") },
    universalLogout: { endpoint: bare(origin + paths.globalTokenRevocation) },
    accountUrl: origin + paths.passwordLoginOf(testAccount.tenant),
  };
}
