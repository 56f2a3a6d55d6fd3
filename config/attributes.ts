/**
 * The attribute table: what we know about a person, and what everybody else calls it. SCIM's schemas, the mapping of
 * claims and SAML attributes, the guides and the submission package all read it, so a fact stands here and nowhere else.
 *
 * A new custom attribute is one entry with `custom`; it is stored and returned without a migration.
 */
export interface AttributeEntry {
  /** Our own column, for what the program uses; null for what is only kept and returned as it was sent. */
  field: "loginName" | "givenName" | "familyName" | "displayName" | "email" | "active" | null;
  /** Path in SCIM: a core attribute, or an extension's URN, a colon and the attribute (RFC 7644 §3.10). */
  scim: string;
  /** Claim of the ID token or of /userinfo. */
  oidcClaim: string | null;
  /** Name of the SAML attribute. */
  samlAttribute: string | null;
  /** Where Okta takes the value from, in its expression language. */
  oktaExpression: string | null;
  /** What people call it, in guides and messages. */
  label: string;
  required: boolean;
  /** Set for attributes of our own extension: their definition (RFC 7643 §7). */
  custom?: {
    type: "string" | "boolean" | "integer";
    multiValued: boolean;
    caseExact: boolean;
    description: string;
  };
}

/** The URN of our own extension of User. It is there when at least one entry below belongs to it. */
export const customExtension = {
  urn: "urn:tasklane:scim:schemas:extension:tasklane:1.0:User",
  name: "Tasklane User",
  description: "Attributes of Tasklane's own",
};

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const kept = (scim: string, label: string, oktaExpression: string | null = null): AttributeEntry => ({
  field: null,
  scim,
  oidcClaim: null,
  samlAttribute: null,
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
    oidcClaim: "preferred_username",
    samlAttribute: null,
    oktaExpression: "user.login",
  },
  {
    field: "givenName",
    scim: "name.givenName",
    label: "First name",
    required: true,
    oidcClaim: "given_name",
    samlAttribute: "firstName",
    oktaExpression: "user.firstName",
  },
  {
    field: "familyName",
    scim: "name.familyName",
    label: "Last name",
    required: true,
    oidcClaim: "family_name",
    samlAttribute: "lastName",
    oktaExpression: "user.lastName",
  },
  {
    field: "email",
    scim: "emails",
    label: "E-mail",
    required: true,
    oidcClaim: "email",
    samlAttribute: "email",
    oktaExpression: "user.email",
  },
  {
    field: "displayName",
    scim: "displayName",
    label: "Display name",
    required: false,
    oidcClaim: "name",
    samlAttribute: "displayName",
    oktaExpression: "user.displayName",
  },
  {
    field: "active",
    scim: "active",
    label: "Active",
    required: false,
    oidcClaim: null,
    samlAttribute: null,
    oktaExpression: null,
  },
  kept("name.formatted", "Full name"),
  kept("name.middleName", "Middle name", "user.middleName"),
  kept("name.honorificPrefix", "Honorific prefix", "user.honorificPrefix"),
  kept("name.honorificSuffix", "Honorific suffix", "user.honorificSuffix"),
  kept("nickName", "Nickname", "user.nickName"),
  kept("profileUrl", "Profile URL", "user.profileUrl"),
  kept("title", "Title", "user.title"),
  kept("userType", "User type", "user.userType"),
  kept("preferredLanguage", "Preferred language", "user.preferredLanguage"),
  kept("locale", "Locale", "user.locale"),
  kept("timezone", "Time zone", "user.timezone"),
  kept("phoneNumbers", "Phone numbers", "user.primaryPhone"),
  kept("addresses", "Addresses", "user.streetAddress"),
  kept(`${enterprise}:employeeNumber`, "Employee number", "user.employeeNumber"),
  kept(`${enterprise}:costCenter`, "Cost centre", "user.costCenter"),
  kept(`${enterprise}:organization`, "Organisation", "user.organization"),
  kept(`${enterprise}:division`, "Division", "user.division"),
  kept(`${enterprise}:department`, "Department", "user.department"),
  kept(`${enterprise}:manager`, "Manager", "user.manager"),
];
