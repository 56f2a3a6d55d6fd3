import { defineSchemas, urns } from "../src/schema.ts";

const core = [
  ...["userName", "displayName", "active", "emails", "phoneNumbers", "addresses", "title", "nickName"],
  ...[
    "profileUrl",
    "userType",
    "preferredLanguage",
    "locale",
    "timezone",
    "name.givenName",
    "name.familyName",
  ],
  ...["name.formatted", "name.middleName", "name.honorificPrefix", "name.honorificSuffix"],
];
const enterprise = ["employeeNumber", "costCenter", "organization", "division", "department", "manager"];
const value = (id: string) => ({ id, displayName: id, description: `The ${id}` });

/** An application that stores most of RFC 7643. */
export const schemas = defineSchemas({
  attributes: [...core, ...enterprise.map((name) => `${urns.enterprise}:${name}`)].map((scim) => ({ scim })),
  roles: [value("member"), value("admin")],
  entitlements: [value("export")],
});

export const userSchema = schemas.user;
