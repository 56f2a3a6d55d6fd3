import { readFileSync } from "node:fs";
import type { WizardValues } from "oin-kit/compatibility";
import type { CatalogApp } from "okta-stand-in/state";
import { integration } from "../../config/integration.ts";

/** The app in Okta's catalog that was built from the committed submission package, for a deployment with another origin. */
export function submittedApp(origin: string): CatalogApp {
  const text = readFileSync("docs/oin/values.json", "utf8").replaceAll(integration.origin, origin);
  return catalogApp(JSON.parse(text) as WizardValues);
}

/** Reads the values of the OIN Wizard as Okta does. Throws Error if one is missing. */
function catalogApp(values: WizardValues): CatalogApp {
  const all = (section: string, label: string) => [values[section]?.[label] ?? []].flat();
  const of = (section: string, label: string) => {
    const [value] = all(section, label);
    if (value === undefined) throw new Error(`the package has no ${label} in ${section}`);
    return value;
  };
  const oidc = "OIDC properties";
  const saml = "SAML properties";
  const scim = "SCIM properties";
  const logout = "Universal Logout properties";
  const guide = "Link to configuration guide";
  const label = of("OIN catalog properties", "Display name");
  const operations = all(scim, "User operations");
  return {
    name: label.toLowerCase().replace(/\W+/g, "_"),
    label,
    description: of("OIN catalog properties", "Description"),
    variables: all("Tenant settings", "Name").map((name) => ({
      name,
      label: of("Tenant settings", "Label"),
    })),
    oidc: values[oidc]
      ? {
          redirectUris: all(oidc, "Redirect URIs"),
          postLogoutRedirectUris: all(oidc, "Post-logout URIs"),
          initiateLoginUri: all(oidc, "Initiate login URI")[0] ?? null,
          guideUrl: of(oidc, guide),
        }
      : null,
    saml: values[saml]
      ? {
          acsUrl: of(saml, "Default ACS URL"),
          audience: of(saml, "Entity ID"),
          attributeStatements: statementsIn(values[saml]),
          guideUrl: of(saml, guide),
        }
      : null,
    scim: values[scim]
      ? {
          baseUrl: of(scim, "Base URL"),
          mode: of(scim, "Authentication mode") === "Header" ? "Header" : "Bearer",
          updates: operations.includes("Support PATCH for User") ? "patch" : "put",
          changePassword: operations.includes("Change password"),
          guideUrl: of(scim, guide),
        }
      : null,
    universalLogout: values[logout]
      ? {
          url: of(logout, "Global token revocation endpoint"),
          subjectFormat: of(logout, "Subject format") === "Email" ? "email" : "iss_sub",
        }
      : null,
  };
}

function statementsIn(section: NonNullable<WizardValues[string]>): { name: string; expression: string }[] {
  return Object.entries(section).flatMap(([label, value]) => {
    const [, name] = /^Attribute statements: (.+)$/.exec(label) ?? [];
    return name && typeof value === "string" ? [{ name, expression: value }] : [];
  });
}
