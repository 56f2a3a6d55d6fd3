import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { WizardValues } from "oin-kit/compatibility";
import { samlSignOn } from "okta-stand-in/saml-app";
import type { OrgApp, OrgPerson } from "okta-stand-in/state";
import { addApp, type TestOrg } from "okta-stand-in/testing";
import { integration } from "../../config/integration.ts";

/** The values in the committed submission package and a deployment's guides, which is all that people need to read. */
export interface SubmittedValues {
  /** A value of the Wizard, for a deployment with another origin. */
  of(screen: string, label: string): string;
  /** The values of a label with several, by name. */
  named(screen: string, label: string): [name: string, value: string][];
}

export function submittedValues(origin: string): SubmittedValues {
  const text = readFileSync("docs/oin/values.json", "utf8").replaceAll(integration.origin, origin);
  const values = JSON.parse(text) as WizardValues;
  const of = (screen: string, label: string) => {
    const [value] = [values[screen]?.[label] ?? []].flat();
    assert.ok(value, `the package has no ${label} on ${screen}`);
    return value;
  };
  return {
    of,
    named: (screen, label) =>
      Object.keys(values[screen] ?? {})
        .filter((name) => name.startsWith(`${label}: `))
        .map((name) => [name.slice(label.length + 2), of(screen, name)]),
  };
}

/** Evaluates the Wizard's expressions as Okta does once a customer enters the integration variable. */
function evaluated(expression: string, values: SubmittedValues, filledIn: string): string {
  const name = values.of("Tenant settings", "Name");
  if (!expression.startsWith("'"))
    return expression.replaceAll(`{app.${name}}`, filledIn).replaceAll(`\${org.${name}}`, filledIn);
  return expression
    .split(" + ")
    .map((part) => (part === `app.${name}` ? filledIn : part.slice(1, -1)))
    .join("");
}

/** The base URL of every instance of the integration, which the customer does not enter. */
export function baseUrlOf(values: SubmittedValues): string {
  const expression = values.of("SCIM properties", "Base URL");
  assert.match(expression, /^'[^']+'$/, "a static URL is quoted in the Wizard");
  return evaluated(expression, values, "");
}

/** "Add Integration": adds the catalog's app in the stand-in, enters the variable and assigns people. */
export async function addFromCatalog(
  org: TestOrg,
  protocol: "oidc" | "saml",
  values: SubmittedValues,
  filledIn: string,
  people: readonly OrgPerson[],
): Promise<OrgApp> {
  const value = (screen: string, label: string) => evaluated(values.of(screen, label), values, filledIn);
  const signOn: OrgApp["signOn"] =
    protocol === "oidc"
      ? {
          kind: "oidc",
          clientSecret: randomBytes(30).toString("base64url"),
          redirectUris: [value("OIDC properties", "Redirect URIs")],
          postLogoutRedirectUris: [value("OIDC properties", "Post-logout URIs")],
          initiateLoginUri: value("OIDC properties", "Initiate login URI"),
        }
      : await samlSignOn(org.name, {
          acsUrl: value("SAML properties", "Default ACS URL"),
          audience: value("SAML properties", "Entity ID"),
          attributeStatements: values
            .named("SAML properties", "Attribute statements")
            .map(([name, expression]) => ({ name, expression })),
        });
  const app = addApp(org, signOn, people);
  app.label = values.of("OIN catalog properties", "Display name");
  const logout = "Universal Logout properties";
  app.universalLogout = {
    url: value(logout, "Global token revocation endpoint"),
    subjectFormat: values.of(logout, "Subject format") === "Email" ? "email" : "iss_sub",
  };
  org.store.changed();
  return app;
}
