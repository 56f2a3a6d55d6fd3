import type { Integration } from "./integration.ts";
import type { ManifestRule } from "./manifest-rules.ts";
import type { Product, ProductAttribute } from "./product.ts";

/**
 * The attributes of every Okta profile (Okta: Management API, User, `profile`). Okta rejects others in a catalog app,
 * because a customer's own attributes exist in that customer's org only.
 */
const profileAttributes: readonly string[] =
  `login email secondEmail firstName lastName middleName honorificPrefix honorificSuffix title displayName nickName
   profileUrl primaryPhone mobilePhone streetAddress city state zipCode countryCode postalAddress preferredLanguage
   locale timezone userType employeeNumber costCenter organization division department managerId manager`.split(
    /\s+/,
  );

/** The only value with braces that the Wizard accepts: the person's user name in the app. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Okta's syntax
const userNameValue = "${user.userName}";

/** The rules for the SAML attribute statements and the group attribute. */
export function statementRules({ attributes, manifest }: Product): ManifestRule[] {
  const sent = attributes.filter(({ samlAttribute }) => samlAttribute != null);
  const { saml } = manifest;
  const names = [...sent.map(({ samlAttribute }) => samlAttribute), ...groupNames(saml)];
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    ...sent.flatMap(valueRules),
    {
      field: "saml.attributeStatements",
      rule: "attribute-once",
      must: repeated.length === 0,
      otherwise: `has ${repeated.join(", ")} twice; each statement needs a name of its own`,
      source: "saml",
    },
    {
      field: "saml.attributeStatements",
      rule: "attribute-name",
      must: names.every((name) => name?.trim()),
      otherwise: "has a statement without a name",
      source: "saml",
    },
    ...groupRules(saml),
  ];
}

const groupNames = (saml: Integration["saml"]) => (saml?.groupAttribute ? [saml.groupAttribute.name] : []);

function valueRules({ samlAttribute, oktaExpression }: ProductAttribute): ManifestRule[] {
  const values = (oktaExpression ?? "").split(",").map((value) => value.trim());
  const refused = values.filter((value) => !isAllowed(value));
  const allowed = `${userNameValue}, user.<attribute of every Okta profile> or appuser.<attribute of the app>`;
  const field = "saml.attributeStatements";
  const source = "saml";
  return [
    {
      field,
      rule: "attribute-expression",
      must: refused.length === 0,
      otherwise: `${samlAttribute} is taken from ${refused.join(", ") || "nothing"}; the Wizard accepts only ${allowed}`,
      source,
    },
    {
      field,
      rule: "attribute-user-name",
      should: !values.includes("user.login"),
      otherwise: `${samlAttribute} is taken from user.login; Okta names ${userNameValue} as the value for the user name`,
      source,
    },
  ];
}

function isAllowed(value: string): boolean {
  const [, profile, attribute = ""] = /^(user|appuser)\.([A-Za-z]\w*)$/.exec(value) ?? [];
  if (profile === "user") return profileAttributes.includes(attribute);
  return profile === "appuser" || value === userNameValue;
}

function groupRules(saml: Integration["saml"]): ManifestRule[] {
  if (!saml?.groupAttribute) return [];
  const { filter, value } = saml.groupAttribute;
  return [
    {
      field: "saml.groupAttribute",
      rule: "group-filter",
      must: value.trim() !== "" && (filter !== "Matches regex" || isPattern(value)),
      otherwise: `has the filter ${filter} with "${value}", which is not a ${filter === "Matches regex" ? "regular expression" : "value"}`,
      source: "saml",
    },
  ];
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
