import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("scim");

/** Discovery, and what Okta finds there: the schema of users, roles and entitlements. */
export const scimDiscoveryRules = {
  "scim-resource-types": should(
    "/ResourceTypes names User",
    ["rfc7644", "§4"],
    "Serve it: Import User Schema and entitlements start there.",
  ),
  "scim-schemas": should(
    "/Schemas has the core User schema",
    ["wizardScim", "Import User Schema"],
    "Serve it: Import User Schema offers only the attributes that it lists.",
  ),
  "scim-resource-type-fields": must(
    "Every resource type has a name, a schema, and the endpoint that Okta calls",
    ["rfc7643", "§6"],
    "Send all three: Okta reads the roles and entitlements at the endpoint, and people and groups at /Users and /Groups.",
  ),
  "scim-schema-attributes": must(
    "Every schema lists its attributes",
    ["rfc7643", "§7"],
    "Send the array attributes, each with a name and a type.",
  ),
  "scim-schema-extensions": must(
    "/Schemas has every extension that /ResourceTypes announces",
    ["wizardScim", "Import User Schema"],
    "Serve the schema of each URN in schemaExtensions, or do not announce it.",
  ),
  "scim-import-user-schema": must(
    "Import User Schema finds the attributes of the manifest's product",
    ["wizardScim", "Import User Schema"],
    "Serve /ResourceTypes with User and /Schemas with all attributes of your guide, or do not declare it.",
  ),
  "scim-schema-required": must(
    "/Schemas marks userName, both names and the e-mail address as required",
    ["wizardScim", "Import User Schema"],
    "Set required: true: Okta fills only the attributes that are marked.",
  ),
  "scim-service-provider-config": should(
    "/ServiceProviderConfig says what is supported, and denies nothing that Okta uses",
    ["rfc7643", "§5"],
    "Serve it: clients other than Okta ask for it.",
  ),
  "scim-entitlement-paging": must(
    "A page of one role or entitlement has itemsPerPage 1",
    ["entitlementSuite", "its only step"],
    "Honour count and startIndex for roles and entitlements, and set itemsPerPage to the number returned.",
  ),
  "scim-entitlement-pages": must(
    "The pages of roles and entitlements show each one once",
    ["entitlements", "Endpoints for user schema discovery"],
    "Begin the page at startIndex, in a stable order, and count all of them in totalResults.",
  ),
  "scim-entitlement-declared": must(
    "/ResourceTypes announces the manifest's entitlements",
    ["wizardScim", "Entitlement management properties"],
    "Announce every declared resource type with its name and endpoint, and list at least one resource there.",
  ),
  "scim-entitlement-type": must(
    "An entitlement's type is the name of its resource type",
    ["entitlements", "Endpoints for user schema discovery"],
    "Send the name that /ResourceTypes gives.",
  ),
  "scim-entitlement-created": must(
    "POST assigns a role or entitlement",
    ["entitlements", "User operations"],
    "Assign what the array holds when you create the person.",
  ),
  "scim-entitlement-patched": should(
    "PATCH assigns a role or entitlement",
    ["rfc7644", "§3.5.2.3"],
    "Read roles and entitlements in a PATCH as in a PUT.",
  ),
  "scim-entitlement-unknown": should(
    "An unknown role or entitlement is refused or ignored",
    ["rfc7644", "§3.12"],
    "Answer 400 invalidValue with a detail that names the value, and do not return it with the person.",
  ),
  "scim-entitlement-assigned": must(
    "PUT assigns a role or entitlement",
    ["entitlements", "User operations"],
    "Assign exactly what the array holds, and return it with the person.",
  ),
  "scim-entitlement-kept": should(
    "A PUT without roles or entitlements leaves them alone",
    ["rfc7644", "§3.5.1"],
    "Change them only if the attribute is present: a profile push may omit it.",
  ),
  "scim-entitlement-withdrawn": must(
    "An empty array removes roles or entitlements",
    ["entitlements", "User operations"],
    "Remove all of them for [].",
  ),
  "scim-entitlement-resources": must(
    "Roles and entitlements have an id and a displayName",
    ["entitlements", "Endpoints for user schema discovery"],
    "Send both. For an entitlement also send the type: the name of its resource type.",
  ),
} as const;
