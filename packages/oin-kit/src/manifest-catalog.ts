import { imageSize } from "./image-size.ts";
import type { Integration } from "./integration.ts";
import { limits, logoSizes, riskyVariableNames, useCases, variableName } from "./limits.ts";
import { type ManifestRule, textRules } from "./manifest-rules.ts";
import type { Product } from "./product.ts";

const emailAddress = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/;

/** Rules about the Wizard's first two screens: the catalog entry, and the variables that an admin fills in. */
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

function descriptionRules({ description, displayName, oidc, saml, scim }: Integration): ManifestRule[] {
  const names = (pattern: RegExp, what: string): ManifestRule[] => [
    {
      field: "description",
      rule: "names-capabilities",
      should: pattern.test(description),
      otherwise: `does not name ${what}`,
      source: "catalog",
    },
  ];
  return [
    ...textRules("description", description, limits.description, "catalog"),
    {
      field: "description",
      rule: "names-product",
      should: description.includes(displayName),
      otherwise: `does not name the product, ${displayName}`,
      source: "catalog",
    },
    ...(oidc ? names(/OpenID Connect|OIDC/, "OpenID Connect") : []),
    ...(saml ? names(/SAML/, "SAML") : []),
    ...(scim ? names(/provision/i, "provisioning") : []),
  ];
}

function logoRules(logo: Uint8Array | null): ManifestRule[] {
  const field = "logo";
  const source = "logo";
  if (!logo) {
    const otherwise = "names a file that is not in public/";
    return [{ field, rule: "logo-file", must: false, otherwise, source }];
  }
  const size = imageSize(logo);
  if (!size) {
    const otherwise = "is not a PNG, GIF or JPEG picture";
    return [{ field, rule: "logo-format", must: false, otherwise, source }];
  }
  const pixels = `${size.width} × ${size.height}`;
  const sizes = logoSizes.map(([width, height]) => `${width} × ${height}`).join(", ");
  const uploadable = logoSizes.some(([width, height]) => width === size.width && height === size.height);
  const square = size.width === 200 && size.height === 200;
  return [
    {
      field,
      rule: "logo-bytes",
      must: logo.byteLength <= limits.logoBytes,
      otherwise: `has ${logo.byteLength} bytes, and at most ${limits.logoBytes} are allowed`,
      source,
    },
    {
      field,
      rule: "logo-size",
      must: uploadable,
      otherwise: `is ${pixels} pixels, and only ${sizes} can be uploaded`,
      source,
    },
    {
      field,
      rule: "logo-square",
      should: !uploadable || square,
      otherwise: `is ${pixels} pixels; 200 × 200 is preferred`,
      source,
    },
    {
      field,
      rule: "logo-png",
      should: size.format === "PNG",
      otherwise: `is ${size.format}; PNG is preferred`,
      source,
    },
  ];
}

function useCaseRules({ useCases: chosen }: Integration): ManifestRule[] {
  const unknown = chosen.filter((useCase) => !useCases.includes(useCase));
  return [
    {
      field: "useCases",
      rule: "use-case-count",
      must: chosen.length <= limits.useCases,
      otherwise: `has ${chosen.length} entries, and at most ${limits.useCases} are allowed`,
      source: "useCases",
    },
    {
      field: "useCases",
      rule: "use-case-name",
      must: unknown.length === 0,
      otherwise: `has ${unknown.join(", ")}, which the Wizard does not offer`,
      source: "useCases",
    },
    {
      field: "useCases",
      rule: "use-case-once",
      must: new Set(chosen).size === chosen.length,
      otherwise: "names one twice",
      source: "useCases",
    },
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
      must: !link || URL.canParse(link),
      otherwise: `is not an address: ${link}`,
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
  ];
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
