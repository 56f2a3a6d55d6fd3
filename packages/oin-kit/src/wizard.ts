import { wizard } from "okta-labels/wizard";
import type { Integration } from "./integration.ts";
import { limits } from "./limits.ts";
import type { Product } from "./product.ts";
import {
  choice,
  later,
  optionalChoice,
  optionalText,
  section,
  text,
  type WizardScreen,
  type WizardSection,
  yesOrNo,
} from "./wizard-fields.ts";
import { entitlementSections, oidcSections, samlSections, scimSections } from "./wizard-protocols.ts";
import { resultSections, testSections } from "./wizard-tests.ts";
import { wizardUrls } from "./wizard-urls.ts";

const { screens, sections, fields } = wizard;

/** Every screen of the OIN Wizard, in order, with every field (Okta: submit-oin-app). */
export function wizardScreens(product: Product): WizardScreen[] {
  const { manifest } = product;
  return [
    { title: screens.capabilities, sections: [capabilities(manifest)] },
    { title: screens.details, sections: detailSections(product) },
    {
      title: screens.configure,
      sections: [
        supportContact(manifest),
        ...oidcSections(product),
        ...samlSections(product),
        ...scimSections(product),
        ...entitlementSections(manifest),
        ...universalLogoutSections(product),
      ],
    },
    { title: screens.testInformation, sections: testSections(product) },
    { title: screens.test, sections: resultSections(manifest) },
    { title: screens.submit, sections: [certification()] },
  ];
}

function capabilities({ oidc, saml, scim, universalLogout }: Integration): WizardSection {
  const signOn = [oidc && "OpenID Connect (OIDC)", saml && "SAML 2.0"].filter((name) => name != null);
  const assigns = (scim?.entitlements.length ?? 0) > 0;
  return section(
    sections.capabilities,
    [
      (signOn.length > 0 ? choice : optionalChoice)(fields.signOn, signOn.length > 0 ? signOn : null),
      optionalChoice(fields.provisioning, scim ? "SCIM 2.0" : null),
      optionalChoice(fields.entitlements, yesOrNo(assigns), { note: "Under Identity Lifecycle Management" }),
      optionalChoice(fields.universalLogout, universalLogout ? "Global Token Revocation" : null),
    ].map((field) => ({ ...field, stored: { section: screens.capabilities } })),
    "If you start on the Home page, Okta asks here for the display name and the description as well. They are in the next table.",
  );
}

function detailSections(product: Product): WizardSection[] {
  const { manifest } = product;
  return [
    catalog(manifest),
    publicContact(manifest),
    ...(manifest.variables.length > 0 ? [tenantSettings(manifest)] : []),
    ...(manifest.scim ? [authentication(product, manifest.scim.authentication)] : []),
  ];
}

function catalog({ displayName, description, logo, useCases }: Integration): WizardSection {
  return section(sections.catalog, [
    text(fields.displayName, displayName, { limit: limits.displayName }),
    text(fields.description, description, { limit: limits.description }),
    choice(fields.logo, `public/${logo}`, {
      note: "PNG with a transparent background and sharp corners, 200 × 200 pixels, below 1 MB",
    }),
    optionalChoice(fields.useCases, useCases, {
      note: `At most ${limits.useCases}; with those that Okta adds at most ${limits.categories}`,
      stored: { label: "Use cases" },
    }),
  ]);
}

/** Okta's guide describes these contacts, but no screen of the Wizard on which they are entered. */
function publicContact({ customerSupport: { link, email, phone } }: Integration): WizardSection {
  return section(
    sections.publicContact,
    [
      optionalText(fields.supportLink, link, { note: "One of the three contacts is required" }),
      optionalText(fields.supportEmail, email, { note: "Shown to customers" }),
      optionalText(fields.supportPhone, phone, { stored: { label: "Support phone" } }),
    ].map((field) => ({ ...field, stored: { ...field.stored, section: sections.catalog } })),
    "The catalog shows these contacts to customers. Okta's guide demands at least one, but describes no field for them. Enter them where the Wizard asks; if it does not ask, send them to oin@okta.com with the name of the submission.",
  );
}

function tenantSettings({ variables }: Integration): WizardSection {
  return section(
    sections.tenantSettings,
    variables.flatMap(({ label, name }) => [
      text(fields.variableLabel, label, { note: "What the customer's administrator reads" }),
      text(fields.variableName, name, {
        limit: limits.variableName,
        note: "Type it first: some names are reserved. Never rename it.",
      }),
    ]),
  );
}

function authentication(
  product: Product,
  mode: NonNullable<Integration["scim"]>["authentication"],
): WizardSection {
  if (mode === "OAuth 2") return oauthAuthentication(product);
  return section(sections.authentication, [
    choice(fields.authenticationMode, mode, {
      note: "The customer types the provisioning token as the API token. Only the mode OAuth 2 has more fields.",
      stored: { section: sections.scim },
    }),
  ]);
}

/** The client is the same for all customers, so its secret is not part of this repository. */
function oauthAuthentication(product: Product): WizardSection {
  const { authorizeEndpoint, tokenEndpoint } = wizardUrls(product).authorization;
  const byOperator = "From the operator of the product. Okta knows it, and no file of the submission has it.";
  return section(sections.authentication, [
    choice(fields.authenticationMode, "OAuth 2", { stored: { section: sections.scim } }),
    text(fields.authorizeEndpoint, authorizeEndpoint, {
      limit: limits.url,
      stored: { section: sections.scim },
    }),
    text(fields.tokenEndpoint, tokenEndpoint, { limit: limits.url, stored: { section: sections.scim } }),
    optionalText(fields.oauthClientId, null, { note: byOperator, stored: { section: sections.scim } }),
    optionalText(fields.oauthClientSecret, null, { note: byOperator, stored: { section: sections.scim } }),
    optionalText(fields.oauthScopes, null, { note: "May stay empty", stored: { section: sections.scim } }),
  ]);
}

function supportContact({ escalationEmail }: Integration): WizardSection {
  return section(sections.supportContact, [
    text(fields.supportEmail, escalationEmail, {
      note: "Private: Okta writes to it in emergencies. A mailbox that people read.",
      stored: { section: "Test information" },
    }),
  ]);
}

function universalLogoutSections(product: Product): WizardSection[] {
  const { universalLogout } = product.manifest;
  if (!universalLogout) return [];
  const { endpoint } = wizardUrls(product).universalLogout;
  return [
    section(sections.universalLogout, [
      text(fields.revocationEndpoint, endpoint, { limit: limits.url, note: "With its quotes" }),
      choice(fields.authenticationMethod, "SIGNED_JWT", { note: "The only one" }),
      choice(fields.subjectFormat, universalLogout.subjectFormat),
      optionalChoice(fields.partialSupport, yesOrNo(universalLogout.partial)),
    ]),
  ];
}

/** A declaration: the package leaves it to the person who ran the tests. */
function certification(): WizardSection {
  return section(sections.certification, [
    choice(fields.certification, null, {
      ...later("Yours to declare: select it only after every required test has passed in the last 48 hours"),
      stored: { section: "Submit" },
    }),
  ]);
}
