import { brand } from "./brand.ts";

/**
 * The attribute table: what we know about a person, and its name in each protocol. SCIM's schemas, the mapping of claims
 * and attributes at sign-in, the guides and the submission package all read this table, so each fact is written once.
 *
 * To add a custom attribute, add one entry with `custom`. It is stored and returned without a migration.
 */
export interface AttributeEntry {
  /** Our own column, for attributes that the program uses; null for those that it only stores and returns. */
  field: "loginName" | "givenName" | "familyName" | "displayName" | "email" | "active" | null;
  /** Path in SCIM: a core attribute, or an extension's URN, a colon and the attribute (RFC 7644 §3.10). */
  scim: string;
  /** Claim of the ID token or of /userinfo. */
  oidcClaim: string | null;
  // SAML {
  /** Name of the SAML attribute, if there is one. */
  samlAttribute?: string | undefined;
  // SAML }
  /** The source of the value in Okta, in its expression language. */
  oktaExpression: string | null;
  /** The name for people, in guides and messages. */
  label: string;
  /** Whether a provisioning client has to send it: `required` in /Schemas (RFC 7643 §7). */
  required: boolean;
  /** Whether a sign-in fails without it. Names are optional there: some people have no last name. */
  requiredAtSignIn?: boolean;
  /** Set for attributes of our own extension: their definition (RFC 7643 §7). */
  custom?: {
    type: "string" | "boolean" | "integer";
    multiValued: boolean;
    caseExact: boolean;
    description: string;
  };
}

/** Our own extension of User. It exists if at least one entry below belongs to it. */
export const customExtension = {
  urn: `urn:${brand.slug}:scim:schemas:extension:${brand.slug}:1.0:User`,
  name: `${brand.productName} User`,
  description: `Attributes of ${brand.productName} itself`,
};

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const storedOnly = (scim: string, label: string, oktaExpression: string | null = null): AttributeEntry => ({
  field: null,
  scim,
  oidcClaim: null,
  oktaExpression,
  label,
  required: false,
});

export const attributes: readonly AttributeEntry[] = [
  {
    field: "loginName",
    scim: "userName",
    label: "Login name",
    required: true,
    requiredAtSignIn: true,
    oidcClaim: "preferred_username",
    oktaExpression: "user.login",
  },
  {
    field: "givenName",
    scim: "name.givenName",
    label: "First name",
    required: true,
    oidcClaim: "given_name",
    samlAttribute: "firstName", // SAML
    oktaExpression: "user.firstName",
  },
  {
    field: "familyName",
    scim: "name.familyName",
    label: "Last name",
    required: true,
    oidcClaim: "family_name",
    samlAttribute: "lastName", // SAML
    oktaExpression: "user.lastName",
  },
  {
    field: "email",
    scim: "emails",
    label: "E-mail",
    required: true,
    requiredAtSignIn: true,
    oidcClaim: "email",
    samlAttribute: "email", // SAML
    oktaExpression: "user.email",
  },
  {
    field: "displayName",
    scim: "displayName",
    label: "Display name",
    required: false,
    oidcClaim: "name",
    samlAttribute: "displayName", // SAML
    oktaExpression: "user.displayName",
  },
  {
    field: "active",
    scim: "active",
    label: "Active",
    required: false,
    oidcClaim: null,
    oktaExpression: null,
  },
  storedOnly("name.formatted", "Full name"),
  storedOnly("name.middleName", "Middle name", "user.middleName"),
  storedOnly("name.honorificPrefix", "Honorific prefix", "user.honorificPrefix"),
  storedOnly("name.honorificSuffix", "Honorific suffix", "user.honorificSuffix"),
  storedOnly("nickName", "Nickname", "user.nickName"),
  storedOnly("profileUrl", "Profile URL", "user.profileUrl"),
  storedOnly("title", "Title", "user.title"),
  storedOnly("userType", "User type", "user.userType"),
  storedOnly("preferredLanguage", "Preferred language", "user.preferredLanguage"),
  storedOnly("locale", "Locale", "user.locale"),
  storedOnly("timezone", "Time zone", "user.timezone"),
  storedOnly("phoneNumbers", "Phone numbers", "user.primaryPhone"),
  storedOnly("addresses", "Addresses", "user.streetAddress"),
  storedOnly(`${enterprise}:employeeNumber`, "Employee number", "user.employeeNumber"),
  storedOnly(`${enterprise}:costCenter`, "Cost center", "user.costCenter"),
  storedOnly(`${enterprise}:organization`, "Organization", "user.organization"),
  storedOnly(`${enterprise}:division`, "Division", "user.division"),
  storedOnly(`${enterprise}:department`, "Department", "user.department"),
  storedOnly(`${enterprise}:manager`, "Manager", "user.manager"),
];
