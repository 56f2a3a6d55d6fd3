import { imageSize } from "./image-size.ts";
import type { Integration } from "./integration.ts";
import { limits, logoSizes, riskyVariableNames, useCases, variableName } from "./limits.ts";
import { must, type Problem, should, text } from "./manifest-rules.ts";
import type { Product } from "./product.ts";

const emailAddress = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/;

/** The Wizard's first two screens: how the integration looks in the catalog, and what an admin fills in. */
export function catalogProblems({ manifest, logo, variable }: Product): Problem[] {
  return [
    ...text("displayName", manifest.displayName, limits.displayName, "catalog"),
    ...descriptionProblems(manifest),
    ...logoProblems(logo),
    ...useCaseProblems(manifest),
    ...contactProblems(manifest),
    ...originProblems(manifest),
    ...variableProblems(manifest, variable),
  ];
}

function descriptionProblems({ description, displayName, oidc, saml, scim }: Integration): Problem[] {
  const names = (pattern: RegExp, what: string) =>
    should(
      pattern.test(description),
      "description",
      "names-capabilities",
      `does not name ${what}`,
      "catalog",
    );
  return [
    ...text("description", description, limits.description, "catalog"),
    ...should(
      description.includes(displayName),
      "description",
      "names-product",
      `does not name the product, ${displayName}`,
      "catalog",
    ),
    ...(oidc ? names(/OpenID Connect|OIDC/, "OpenID Connect") : []),
    ...(saml ? names(/SAML/, "SAML") : []),
    ...(scim ? names(/provision/i, "provisioning") : []),
  ];
}

function logoProblems(logo: Uint8Array | null): Problem[] {
  if (!logo) return must(false, "logo", "logo-file", "names a file that is not in public/", "logo");
  const size = imageSize(logo);
  if (!size) return must(false, "logo", "logo-format", "is not a PNG, GIF or JPEG picture", "logo");
  const pixels = `${size.width} × ${size.height}`;
  const sizes = logoSizes.map(([width, height]) => `${width} × ${height}`).join(", ");
  const uploadable = logoSizes.some(([width, height]) => width === size.width && height === size.height);
  const square = size.width === 200 && size.height === 200;
  return [
    ...must(
      logo.byteLength <= limits.logoBytes,
      "logo",
      "logo-bytes",
      `has ${logo.byteLength} bytes, and at most ${limits.logoBytes} are allowed`,
      "logo",
    ),
    ...must(
      uploadable,
      "logo",
      "logo-size",
      `is ${pixels} pixels, and only ${sizes} can be uploaded`,
      "logo",
    ),
    ...should(
      !uploadable || square,
      "logo",
      "logo-square",
      `is ${pixels} pixels; 200 × 200 is preferred`,
      "logo",
    ),
    ...should(size.format === "PNG", "logo", "logo-png", `is ${size.format}; PNG is preferred`, "logo"),
  ];
}

function useCaseProblems({ useCases: chosen }: Integration): Problem[] {
  const unknown = chosen.filter((useCase) => !useCases.includes(useCase));
  return [
    ...must(
      chosen.length <= limits.useCases,
      "useCases",
      "use-case-count",
      `has ${chosen.length} entries, and at most ${limits.useCases} are allowed`,
      "useCases",
    ),
    ...must(
      unknown.length === 0,
      "useCases",
      "use-case-name",
      `has ${unknown.join(", ")}, which the Wizard does not offer`,
      "useCases",
    ),
    ...must(
      new Set(chosen).size === chosen.length,
      "useCases",
      "use-case-once",
      "names one twice",
      "useCases",
    ),
  ];
}

function contactProblems({
  customerSupport: { link, email, phone },
  escalationEmail,
}: Integration): Problem[] {
  const field = "customerSupport";
  return [
    ...must(
      Boolean(link || email || phone),
      field,
      "support-contact",
      "needs a link, an e-mail address or a phone number",
      "support",
    ),
    ...must(
      !link || URL.canParse(link),
      `${field}.link`,
      "support-link",
      `is not an address: ${link}`,
      "support",
    ),
    ...must(
      !email || emailAddress.test(email),
      `${field}.email`,
      "email",
      `is not an e-mail address: ${email}`,
      "support",
    ),
    ...must(
      !phone || /^\+?[\d ()./-]{5,}$/.test(phone),
      `${field}.phone`,
      "phone",
      `is not a phone number: ${phone}`,
      "support",
    ),
    ...must(
      emailAddress.test(escalationEmail),
      "escalationEmail",
      "email",
      `must be an e-mail address, not "${escalationEmail}"`,
      "escalation",
    ),
    ...should(
      escalationEmail !== email,
      "escalationEmail",
      "escalation-mailbox",
      "is the public support address; Okta wants a mailbox that only it writes to",
      "escalation",
    ),
  ];
}

function originProblems({ origin }: Integration): Problem[] {
  const valid = URL.canParse(origin) && new URL(origin).origin === origin && origin.startsWith("https://");
  return must(
    valid,
    "origin",
    "origin",
    `must be https, a host and nothing else, like https://app.example.com, not ${origin}`,
    "oidc",
  );
}

function variableProblems({ variables }: Integration, variable: string): Problem[] {
  const names = variables.map(({ name }) => name);
  return [
    ...must(
      variables.length <= limits.variables,
      "variables",
      "variable-count",
      `has ${variables.length} entries, and at most ${limits.variables} are allowed`,
      "variables",
    ),
    ...should(
      variables.length <= limits.variablesAdvised,
      "variables",
      "variable-count-advised",
      `has ${variables.length} entries; above ${limits.variablesAdvised} Okta wants to be asked`,
      "variables",
    ),
    ...must(
      new Set(names).size === names.length,
      "variables",
      "variable-once",
      "uses a name twice",
      "variables",
    ),
    ...must(
      names.includes(variable),
      "variables",
      "variable-used",
      `lacks ${variable}, which the URLs of the integration need`,
      "variables",
    ),
    ...variables.flatMap(({ name, label }, index) => [
      ...must(
        variableName.test(name),
        `variables[${index}].name`,
        "variable-name",
        `"${name}" may only have lower-case letters, digits and underscores, and a letter first`,
        "variables",
      ),
      ...must(
        label.trim() !== "",
        `variables[${index}].label`,
        "required",
        "is required with the name",
        "variables",
      ),
      ...should(
        !riskyVariableNames.includes(name),
        `variables[${index}].name`,
        "variable-reserved",
        `"${name}" is likely to be reserved: Okta publishes no list, so type it into the Wizard first`,
        "reservedNames",
      ),
    ]),
  ];
}
