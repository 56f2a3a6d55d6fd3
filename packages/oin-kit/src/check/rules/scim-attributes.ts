import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("scim");

/** The attributes of people in every operation, and numbers of people and groups for which Okta needs several requests. */
export const scimAttributeRules = {
  "scim-create-attributes": must(
    "POST stores every attribute that is published",
    ["testPlan", "C9334"],
    "Store optional attributes and extensions, or take them out of /Schemas and of the guide.",
  ),
  "scim-put-attributes": must(
    "PUT stores every attribute that is published",
    ["testPlan", "C9345"],
    "Store what the body holds, including optional attributes and extensions: Okta sends back all that GET returned.",
  ),
  "scim-put-clears": must(
    "PUT with an empty value clears an attribute",
    ["testPlan", "C9337"],
    'Treat "" as the removal of the value: Okta does not send the attribute in another way.',
  ),
  "scim-patch-profile": must(
    "PATCH without a path changes names, e-mail address and userName",
    ["scimFaqs", "PUT and PATCH"],
    "Carry out the replace, and merge the parts of name. Or do not declare Support PATCH for User.",
  ),
  "scim-patch-attributes": must(
    "PATCH without a path changes every attribute that is published",
    ["scimFaqs", "PUT and PATCH"],
    "Read optional attributes and the objects of extensions in the value of a replace.",
  ),
  "scim-patch-path": should(
    "PATCH with a path changes that attribute",
    ["rfc7644", "§3.5.2.3"],
    'Carry out paths such as name.familyName and emails[type eq "work"].value.',
  ),
  "scim-list-whole": must(
    "Lists and filters show people as reading by id does",
    ["testPlan", "C9303"],
    "Return all attributes, extensions, externalId, roles and entitlements in lists: an import reads nothing else.",
  ),
  "scim-page-size": must(
    "A page holds the 100 people that Okta asks for",
    ["scimReference", "Retrieve users"],
    "Return up to 100 people: Okta continues at startIndex + 100, and loses those that a smaller page left out.",
  ),
  "scim-import-complete": must(
    "An import meets each person exactly once",
    ["scimReference", "Retrieve users"],
    "Order the list by a unique key that never changes, and count all people in totalResults.",
  ),
  "scim-group-page-size": must(
    "A page holds the 100 groups that Okta asks for",
    ["scimReference", "Retrieve groups"],
    "Return up to 100 groups: Okta continues at startIndex + 100.",
  ),
  "scim-group-import-complete": must(
    "An import meets each group exactly once",
    ["scimReference", "Retrieve groups"],
    "Order the list by a unique key that never changes, and count all groups in totalResults.",
  ),
  "scim-group-batch": must(
    "One PATCH adds, replaces or removes 100 members",
    ["scimReference", "Update specific group membership"],
    "Accept at least 100 members or operations in a request: Okta's batches are of that size.",
  ),
  "scim-body-size": should(
    "A body of 150 kB is accepted",
    ["scimReference", "Update specific group membership"],
    "Raise the limit of the body parser: Okta can be set to 1,000 members for each request.",
  ),
} as const;
