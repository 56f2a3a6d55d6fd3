import type { Integration } from "./integration.ts";
import { limits } from "./limits.ts";
import type { Product } from "./product.ts";
import { choice, optionalChoice, optionalText, text, type WizardScreen, yesOrNo } from "./wizard-fields.ts";
import { wizardUrls } from "./wizard-urls.ts";

/** The Wizard's screens for the manifest's capabilities. */
export function protocolScreens(product: Product): WizardScreen[] {
  return [
    ...oidcScreens(product),
    ...samlScreens(product),
    ...universalLogoutScreens(product),
    ...scimScreens(product),
    ...entitlementScreens(product.manifest),
  ];
}

function oidcScreens(product: Product): WizardScreen[] {
  if (!product.manifest.oidc) return [];
  const { oidc: urls } = wizardUrls(product);
  const { idpInitiated, signOutOfOkta } = product.manifest.oidc;
  const limit = limits.url;
  return [
    {
      title: "OIDC properties",
      fields: [
        text("Redirect URIs", [urls.redirectUri], { limit }),
        optionalText("Initiate login URI", idpInitiated ? urls.initiateLoginUri : null, { limit }),
        optionalText("Post-logout URIs", signOutOfOkta ? [urls.postLogoutRedirectUri] : null, { limit }),
        text("Link to configuration guide", urls.guideUrl, { note: "Public during the review, too" }),
      ],
    },
  ];
}

function samlScreens(product: Product): WizardScreen[] {
  if (!product.manifest.saml) return [];
  const { saml: urls } = wizardUrls(product);
  const { groupAttribute } = product.manifest.saml;
  const statements = product.attributes.flatMap(({ samlAttribute, oktaExpression }) =>
    samlAttribute ? [optionalText(`Attribute statements: ${samlAttribute}`, oktaExpression)] : [],
  );
  const groups =
    groupAttribute && `${groupAttribute.name}, ${groupAttribute.filter}: ${groupAttribute.value}`;
  return [
    {
      title: "SAML properties",
      fields: [
        text("Default ACS URL", urls.acsUrl, { limit: limits.url }),
        optionalText("ACS URLs", null, { note: "None besides the default" }),
        text("Entity ID", urls.entityId, { limit: limits.url, note: "Also called Audience URI" }),
        ...statements,
        optionalText("Group attributes", groups),
        text("Link to configuration guide", urls.guideUrl, { note: "Public during the review, too" }),
      ],
    },
  ];
}

function universalLogoutScreens(product: Product): WizardScreen[] {
  const { universalLogout } = product.manifest;
  if (!universalLogout) return [];
  const { endpoint } = wizardUrls(product).universalLogout;
  return [
    {
      title: "Universal Logout properties",
      fields: [
        text("Global token revocation endpoint", endpoint, { limit: limits.url, note: "With its quotes" }),
        choice("Authentication method", "SIGNED_JWT"),
        choice("Subject format", universalLogout.subjectFormat),
        optionalChoice("Partial support", yesOrNo(universalLogout.partial)),
      ],
    },
  ];
}

function scimScreens(product: Product): WizardScreen[] {
  const { scim } = product.manifest;
  if (!scim) return [];
  const { baseUrl, guideUrl } = wizardUrls(product).scim;
  const { users, groups } = scim;
  const names = (operations: [string, boolean][]) =>
    operations.flatMap(([name, chosen]) => (chosen ? [name] : []));
  return [
    {
      title: "SCIM properties",
      fields: [
        choice("Authentication mode", scim.authentication, { note: "The token is typed as the API token" }),
        text("Base URL", baseUrl, { limit: limits.url, note: "With its quotes; no underscore" }),
        choice("Objects", groups ? ["Users", "Groups"] : ["Users"]),
        choice(
          "User operations",
          names([
            ["Create", users.create],
            ["Read", true],
            ["Update", users.update],
            ["Change password", users.changePassword],
            ["Deactivate", users.deactivate],
            ["Support PATCH for User", users.patch],
            ["Import User Schema", users.importUserSchema],
          ]),
        ),
        optionalChoice(
          "Group operations",
          groups &&
            names([
              ["Create", groups.create],
              ["Read", true],
              ["Update", groups.update],
              ["Delete", groups.delete],
            ]),
        ),
        choice("Import", ["Users", "Groups"], { note: "Always on" }),
        text("Link to configuration guide", guideUrl, { note: "Public during the review, too" }),
      ],
    },
  ];
}

function entitlementScreens({ scim }: Integration): WizardScreen[] {
  return (scim?.entitlements ?? []).map(
    ({ resourceType, endpoint, required, multiValued, description }): WizardScreen => ({
      title: `Entitlement Management properties: ${resourceType}`,
      fields: [
        text("Resource type", resourceType),
        text("Endpoint", endpoint),
        optionalChoice("Required", yesOrNo(required)),
        optionalChoice("Multi-valued", yesOrNo(multiValued)),
        optionalText("Description", description),
        text("ID", "id", { note: "Schema mapping" }),
        text("Display Name", "displayName", { note: "Schema mapping" }),
        optionalText("Description of the value", "description", { note: "Schema mapping" }),
      ],
    }),
  );
}

/** The part of the test screens about how people sign in. */
export function flowScreens(product: Product): WizardScreen[] {
  const { oidc, saml } = product.manifest;
  const urls = wizardUrls(product);
  const limit = limits.spInitiateUrl;
  const flows = (idp: boolean, sp: boolean) => [...(idp ? ["IdP"] : []), ...(sp ? ["SP"] : [])];
  const forOidc: WizardScreen | null = oidc && {
    title: "Test your OIDC integration",
    fields: [
      choice("Supported sign-in flows", flows(oidc.idpInitiated, true), { note: "Set by the Wizard" }),
      choice("Just-In-Time provisioning", yesOrNo(oidc.justInTime)),
      text("SP Initiate URL", urls.oidc.spInitiateUrl, { limit }),
    ],
  };
  const forSaml: WizardScreen | null = saml && {
    title: "Test your SAML integration",
    fields: [
      choice("Supported sign-in flows", flows(saml.idpInitiated, saml.spInitiated)),
      choice("Just-In-Time provisioning", yesOrNo(saml.justInTime)),
      optionalText("SP Initiate URL", saml.spInitiated ? urls.saml.spInitiateUrl : null, { limit }),
      optionalText("SP Initiate flow description", saml.spInitiated ? saml.spFlowDescription : null, {
        limit: limits.spFlowDescription,
      }),
    ],
  };
  return [forOidc, forSaml].filter((screen) => screen !== null);
}
