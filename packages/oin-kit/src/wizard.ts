import type { Integration } from "./integration.ts";
import { limits } from "./limits.ts";
import type { Product } from "./product.ts";
import {
  choice,
  later,
  optionalChoice,
  optionalText,
  text,
  type WizardScreen,
  yesOrNo,
} from "./wizard-fields.ts";
import { flowScreens, protocolScreens } from "./wizard-protocols.ts";
import { wizardUrls } from "./wizard-urls.ts";

/** Every screen of the OIN Wizard, in order, with every field (Okta: submit-oin-app). */
export function wizardScreens(product: Product): WizardScreen[] {
  const { manifest } = product;
  return [
    capabilityScreen(manifest),
    catalogScreen(manifest),
    variableScreen(manifest),
    ...protocolScreens(product),
    testScreen(product),
    ...flowScreens(product),
    submitScreen(manifest),
  ];
}

function capabilityScreen({ oidc, saml, scim, universalLogout }: Integration): WizardScreen {
  const signOn = [oidc && "OpenID Connect (OIDC)", saml && "SAML 2.0"].filter((name) => name !== null);
  return {
    title: "Add integration capabilities",
    fields: [
      choice("Single sign-on", signOn.length > 0 ? signOn : null),
      optionalChoice("Provisioning", scim ? "SCIM 2.0" : null),
      optionalChoice("Entitlement Management", yesOrNo((scim?.entitlements.length ?? 0) > 0)),
      optionalChoice("Universal Logout", universalLogout ? "Global Token Revocation" : null),
    ],
  };
}

function catalogScreen({
  displayName,
  description,
  logo,
  useCases,
  customerSupport,
}: Integration): WizardScreen {
  return {
    title: "OIN catalog properties",
    fields: [
      text("Display name", displayName, { limit: limits.displayName }),
      text("Description", description, { limit: limits.description }),
      choice("Logo", `public/${logo}`, { note: "PNG, 200 × 200 pixels, below 1 MB" }),
      optionalChoice("Use cases", useCases, { note: `At most ${limits.useCases}` }),
      optionalText("Support link", customerSupport.link, { note: "One of the three contacts is required" }),
      optionalText("Support email", customerSupport.email, { note: "Shown to customers" }),
      optionalText("Support phone", customerSupport.phone),
    ],
  };
}

function variableScreen({ variables }: Integration): WizardScreen {
  return {
    title: "Tenant settings",
    fields: variables.flatMap(({ label, name }) => [
      text("Label", label, { note: "What the customer's administrator reads" }),
      text("Name", name, {
        limit: limits.variableName,
        note: "Type it first: some names are reserved. Never rename it.",
      }),
    ]),
  };
}

function testScreen(product: Product): WizardScreen {
  const { manifest } = product;
  return {
    title: "Test information",
    fields: [
      text("Account URL", wizardUrls(product).accountUrl, { note: "Takes no expressions" }),
      text("Username", manifest.testAccount.username),
      text("Password", null, later("The one that you gave on the command line below")),
      text("Support email", manifest.escalationEmail, { note: "For Okta alone; not shown to customers" }),
      optionalText("Testing instructions", null, later("The section below, unchanged")),
    ],
  };
}

function submitScreen({ scim }: Integration): WizardScreen {
  const result = "The address of the result (runscope.com/radar/…/history/…), after you set it to Shareable";
  const scimResults = [
    text("Link to Runscope spec test results", null, later(result)),
    text("Link to Runscope CRUD test results", null, later(result)),
    ...(scim?.entitlements.length
      ? [text("Link to Runscope entitlement test results", null, later(result))]
      : []),
  ];
  return {
    title: "Submit",
    fields: [
      ...(scim ? scimResults : []),
      choice("I certify that I have successfully completed required tests", "Yes"),
    ],
  };
}
