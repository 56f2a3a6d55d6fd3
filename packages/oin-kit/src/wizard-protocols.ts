import { wizard } from "okta-labels/wizard";
import type { Integration } from "./integration.ts";
import { limits } from "./limits.ts";
import type { Product } from "./product.ts";
import {
  choice,
  optionalChoice,
  optionalText,
  section,
  text,
  type WizardField,
  type WizardSection,
  yesOrNo,
} from "./wizard-fields.ts";
import { wizardUrls } from "./wizard-urls.ts";

const { sections, fields } = wizard;
const guideNote = "Public during the review, too";
const withQuotes = "With its quotes";

/** Okta renamed the guide's field for sign-in, and kept the old name for provisioning. */
const guideUrl = (url: string) =>
  text(fields.guideUrl, url, { note: guideNote, stored: { label: fields.guideLink } });

export function oidcSections(product: Product): WizardSection[] {
  if (!product.manifest.oidc) return [];
  const { oidc: urls } = wizardUrls(product);
  const { idpInitiated, signOutOfOkta } = product.manifest.oidc;
  return [
    section(sections.oidc, [
      text(fields.redirectUris, [urls.redirectUri], { limit: limits.url }),
      optionalText(fields.initiateLoginUri, idpInitiated ? urls.initiateLoginUri : null),
      optionalText(fields.postLogoutUri, signOutOfOkta ? [urls.postLogoutRedirectUri] : null, {
        stored: { label: "Post-logout URIs" },
      }),
      guideUrl(urls.guideUrl),
    ]),
  ];
}

export function samlSections(product: Product): WizardSection[] {
  if (!product.manifest.saml) return [];
  const { saml: urls } = wizardUrls(product);
  const none = "None besides the default";
  return [
    section(sections.saml, [
      text(fields.defaultAcsUrl, urls.acsUrl, { limit: limits.url }),
      optionalText(fields.acsUrl, null, { limit: limits.url, note: none, stored: { label: "ACS URLs" } }),
      optionalText(fields.acsIndex, null, { note: none, stored: null }),
      text(fields.entityId, urls.entityId, { stored: { label: "Entity ID" } }),
      ...statements(product),
      ...groupAttributes(product.manifest.saml),
      guideUrl(urls.guideUrl),
    ]),
  ];
}

/** Each statement has a name and its values. */
function statements({ attributes }: Product): WizardField[] {
  const { attributeStatements, attributeName, attributeValues } = fields;
  return attributes
    .flatMap(({ samlAttribute, oktaExpression }) =>
      samlAttribute ? [{ samlAttribute, oktaExpression }] : [],
    )
    .flatMap(({ samlAttribute, oktaExpression }, index) => [
      text(`${attributeStatements} ${index + 1}: ${attributeName}`, samlAttribute, { stored: null }),
      text(`${attributeStatements} ${index + 1}: ${attributeValues}`, oktaExpression, {
        stored: { label: `Attribute statements: ${samlAttribute}` },
      }),
    ]);
}

function groupAttributes({ groupAttribute }: NonNullable<Integration["saml"]>): WizardField[] {
  const { groupAttributes: label } = fields;
  if (!groupAttribute) return [optionalText(label, null)];
  const { name, filter, value } = groupAttribute;
  return [
    optionalText(`${label}: Name`, name, {
      stored: { label: "Group attributes", value: `${name}, ${filter}: ${value}` },
    }),
    optionalChoice(`${label}: Filter`, filter, { stored: null }),
    optionalText(`${label}: Value`, value, { stored: null }),
  ];
}

export function scimSections(product: Product): WizardSection[] {
  const { scim } = product.manifest;
  if (!scim) return [];
  const { baseUrl, guideUrl: guide } = wizardUrls(product).scim;
  return [
    section(sections.scim, [
      text(fields.baseUrl, baseUrl, { limit: limits.url, note: `${withQuotes}; no underscore` }),
      choice(fields.objects, scim.groups ? ["Users", "Groups"] : ["Users"], { stored: { label: "Objects" } }),
      choice(fields.userOperations, userOperations(scim.users), {
        note: "Read cannot be cleared",
      }),
      ...groupOperations(scim.groups),
      choice(fields.imports, scim.groups ? ["Users", "Groups"] : ["Users"], {
        note: "Always on: a note on the screen, not a field",
        stored: { label: "Import" },
      }),
      text(fields.guideLink, guide, { note: guideNote }),
    ]),
  ];
}

function userOperations(users: NonNullable<Integration["scim"]>["users"]): string[] {
  return named([
    ["Create", users.create],
    ["Read", true],
    ["Update", users.update],
    ["Change password", users.changePassword],
    ["Deactivate", users.deactivate],
    ["Support PATCH for User", users.patch],
    ["Import User Schema", users.importUserSchema],
  ]);
}

function groupOperations(groups: NonNullable<Integration["scim"]>["groups"]): WizardField[] {
  const { groupOperations: label } = fields;
  if (!groups) return [optionalChoice(label, null)];
  const operations = (update: string) =>
    named([
      ["Create", groups.create],
      ["Read", true],
      [update, groups.update],
      ["Delete", groups.delete],
    ]);
  return [
    optionalChoice(label, operations("Update (Uses PATCH)"), {
      note: "Read cannot be cleared",
      stored: { value: operations("Update") },
    }),
  ];
}

const named = (operations: [string, boolean][]) =>
  operations.flatMap(([name, chosen]) => (chosen ? [name] : []));

export function entitlementSections({ scim }: Integration): WizardSection[] {
  return (scim?.entitlements ?? []).map(
    ({ resourceType, endpoint, required, multiValued, description }): WizardSection =>
      section(
        `${sections.entitlements}: ${resourceType}`,
        [
          text(fields.resourceType, resourceType),
          text(fields.endpoint, endpoint),
          optionalChoice(fields.required, yesOrNo(required)),
          optionalChoice(fields.multiValued, yesOrNo(multiValued)),
          optionalText(fields.description, description),
          text(fields.valueId, "id", { note: "Schema mapping" }),
          text(fields.valueDisplayName, "displayName", { note: "Schema mapping" }),
          optionalText(fields.description, "description", {
            note: "Schema mapping",
            stored: { label: "Description of the value" },
          }),
        ].map((field) => ({
          ...field,
          stored: { ...field.stored, section: `Entitlement Management properties: ${resourceType}` },
        })),
      ),
  );
}
