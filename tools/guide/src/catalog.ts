import type { CatalogApp } from "okta-stand-in/state";
import { brand } from "../../../config/brand.ts";
import { connectionVariable, integration } from "../../../config/integration.ts";
import {
  oidcUrls,
  paths,
  samlUrls, // SAML
} from "../../../src/endpoints.ts";
import { attributeStatements } from "./attribute-statements.ts"; // SAML

/** The product in the stand-in's app catalog, as Okta would publish it for a deployment with this address. */
export function catalogApp(baseUrl: string): CatalogApp {
  const { description, oidc, scim, universalLogout } = integration;
  const { saml } = integration; // SAML
  const forOidc = oidcUrls(baseUrl, `{app.${connectionVariable.name}}`);
  const forSaml = samlUrls(baseUrl, `\${org.${connectionVariable.name}}`); // SAML
  const guideUrl = (capability: Parameters<typeof paths.guide>[0]) => baseUrl + paths.guide(capability);
  return {
    name: brand.productName.toLowerCase().replaceAll(/[^a-z0-9]+/g, ""),
    label: integration.displayName,
    description,
    variables: [connectionVariable],
    oidc: oidc && {
      redirectUris: [forOidc.redirectUri],
      postLogoutRedirectUris: [forOidc.postLogoutRedirectUri],
      initiateLoginUri: oidc.idpInitiated ? forOidc.initiateLoginUri : null,
      guideUrl: guideUrl("oidc"),
    },
    // SAML {
    saml: saml && {
      acsUrl: forSaml.acsUrl,
      audience: forSaml.entityId,
      attributeStatements: attributeStatements(),
      guideUrl: guideUrl("saml"),
    },
    // SAML }
    scim: scim && {
      baseUrl: `'${baseUrl}${paths.scim}'`,
      mode: scim.authentication === "OAuth 2" ? "Bearer" : scim.authentication,
      updates: scim.users.patch ? "patch" : "put",
      changePassword: scim.users.changePassword,
      guideUrl: guideUrl("scim"),
    },
    universalLogout: universalLogout && {
      url: `'${baseUrl}${paths.globalTokenRevocation}'`,
      subjectFormat: universalLogout.subjectFormat === "Email" ? "email" : "iss_sub",
    },
  };
}
