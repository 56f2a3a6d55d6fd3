import type { Integration } from "./integration.ts";
import { limits, riskyVariableNames, variableName } from "./limits.ts";
import { logoRules } from "./manifest-logo.ts";
import { type ManifestRule, textRules } from "./manifest-rules.ts";
import { useCaseRules } from "./manifest-use-cases.ts";
import type { Product } from "./product.ts";

const emailAddress = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/;

/** Rules about the Wizard's screen Integration details, and about the contacts. */
export function catalogRules({ manifest, logo, variable }: Product): ManifestRule[] {
  return [
    ...textRules("displayName", manifest.displayName, limits.displayName, "catalog"),
    ...descriptionRules(manifest),
    ...logoRules(logo),
    ...useCaseRules(manifest),
    ...contactRules(manifest),
    ...originRules(manifest),
    ...variableRules(manifest, variable),
  ];
}

function descriptionRules(manifest: Integration): ManifestRule[] {
  const { description, displayName, oidc, saml, scim, universalLogout, crossAppAccess } = manifest;
  /** The description should name each capability of the manifest, and promise no other. */
  const names = (offered: boolean, pattern: RegExp, what: string): ManifestRule => ({
    field: "description",
    rule: "names-capabilities",
    should: pattern.test(description) === offered,
    otherwise: offered ? `does not name ${what}` : `names ${what}, which this manifest leaves out`,
    source: "catalog",
  });
  const promises = (offered: boolean, pattern: RegExp, what: string): ManifestRule[] =>
    offered ? [] : [names(false, pattern, what)];
  return [
    ...textRules("description", description, limits.description, "catalog"),
    {
      field: "description",
      rule: "names-product",
      should: description.includes(displayName),
      otherwise: `does not name the product, ${displayName}`,
      source: "catalog",
    },
    names(oidc !== null, /OpenID Connect|OIDC/, "OpenID Connect"),
    names(Boolean(saml), /SAML/, "SAML"),
    names(scim !== null, /provision/i, "provisioning"),
    ...promises(Boolean(scim?.entitlements.length), /entitlement/i, "entitlements"),
    ...promises(universalLogout !== null, /Universal Logout/i, "Universal Logout"),
    ...promises(crossAppAccess !== null, /Cross App Access|\bXAA\b/, "Cross App Access"),
  ];
}

function contactRules({
  customerSupport: { link, email, phone },
  escalationEmail,
}: Integration): ManifestRule[] {
  const field = "customerSupport";
  return [
    {
      field,
      rule: "support-contact",
      must: Boolean(link || email || phone),
      otherwise: "needs a link, an e-mail address or a phone number",
      source: "support",
    },
    {
      field: `${field}.link`,
      rule: "support-link",
      must: !link || /^https?:\/\/[^/]/.test(link),
      otherwise: `is not a web address: ${link}`,
      source: "support",
    },
    {
      field: `${field}.email`,
      rule: "email",
      must: !email || emailAddress.test(email),
      otherwise: `is not an e-mail address: ${email}`,
      source: "support",
    },
    {
      field: `${field}.phone`,
      rule: "phone",
      must: !phone || /^\+?[\d ()./-]{5,}$/.test(phone),
      otherwise: `is not a phone number: ${phone}`,
      source: "support",
    },
    {
      field: "escalationEmail",
      rule: "email",
      must: emailAddress.test(escalationEmail),
      otherwise: `must be an e-mail address, not "${escalationEmail}"`,
      source: "escalation",
    },
    {
      field: "escalationEmail",
      rule: "escalation-mailbox",
      should: escalationEmail !== email,
      otherwise: "is the public support address; Okta wants a mailbox that only it writes to",
      source: "escalation",
    },
  ];
}

function originRules({ origin }: Integration): ManifestRule[] {
  const valid = URL.canParse(origin) && new URL(origin).origin === origin && origin.startsWith("https://");
  return [
    {
      field: "origin",
      rule: "origin",
      must: valid,
      otherwise: `must be https, a host and nothing else, like https://app.example.com, not ${origin}`,
      source: "oidc",
    },
    {
      field: "origin",
      rule: "origin-public",
      must: !valid || isPublicHost(new URL(origin).hostname),
      otherwise: `must be a host that Okta and its customers can reach, not ${origin}`,
      source: "testAccount",
    },
  ];
}

/** A name with a dot that is neither an IP address nor reserved for private use (RFC 6761, RFC 6762, RFC 8375). */
function isPublicHost(host: string): boolean {
  const isAddress = host.startsWith("[") || /^[\d.]+$/.test(host);
  return host.includes(".") && !isAddress && !/\.(localhost|local|internal|home\.arpa|invalid)$/.test(host);
}

function variableRules({ variables }: Integration, variable: string): ManifestRule[] {
  const names = variables.map(({ name }) => name);
  return [
    {
      field: "variables",
      rule: "variable-count",
      must: variables.length <= limits.variables,
      otherwise: `has ${variables.length} entries, and at most ${limits.variables} are allowed`,
      source: "variables",
    },
    {
      field: "variables",
      rule: "variable-count-advised",
      should: variables.length <= limits.variablesAdvised,
      otherwise: `has ${variables.length} entries; above ${limits.variablesAdvised} Okta wants to be asked`,
      source: "variables",
    },
    {
      field: "variables",
      rule: "variable-once",
      must: new Set(names).size === names.length,
      otherwise: "uses a name twice",
      source: "variables",
    },
    {
      field: "variables",
      rule: "variable-used",
      must: names.includes(variable),
      otherwise: `lacks ${variable}, which the URLs of the integration need`,
      source: "variables",
    },
    ...variables.flatMap(({ name, label }, index): ManifestRule[] => [
      {
        field: `variables[${index}].name`,
        rule: "variable-name",
        must: variableName.test(name),
        otherwise: `"${name}" may only have lower-case letters, digits and underscores, and a letter first`,
        source: "variables",
      },
      {
        field: `variables[${index}].label`,
        rule: "required",
        must: label.trim() !== "",
        otherwise: "is required with the name",
        source: "variables",
      },
      {
        field: `variables[${index}].name`,
        rule: "variable-reserved",
        should: !riskyVariableNames.includes(name),
        otherwise: `"${name}" is likely to be reserved: Okta publishes no list, so type it into the Wizard first`,
        source: "reservedNames",
      },
    ]),
  ];
}
