import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("scim");

/** Groups, entitlements and discovery. */
export const scimGroupRules = {
  "scim-groups": must(
    "Groups are listed",
    ["specSuite", "step 19"],
    "Answer GET /Groups with 200 and a ListResponse.",
  ),
  "scim-groups-time": must(
    "Groups are listed within 600 ms",
    ["specSuite", "step 19"],
    "Leave members out of lists, page them, and use an index.",
  ),
  "scim-group-create": must(
    "A group is created with 201",
    ["scimReference", "Create groups"],
    "Answer POST /Groups with 201 and the group with its id, even if members is empty.",
  ),
  "scim-group-find": must(
    "displayName eq finds a group",
    ["scimReference", "Retrieve groups"],
    "Support displayName eq, and answer 200 with an empty list if there is no match.",
  ),
  "scim-group-duplicate": should(
    "A second group with the same name is refused with 409",
    ["rfc7644", "§3.3"],
    "Answer 409 uniqueness: Okta links groups by name and cannot tell two of one name apart.",
  ),
  "scim-group-rename": must(
    "PATCH without a path renames a group",
    ["scimReference", "Update a specific group name"],
    'Carry out {"op":"replace","value":{"id":"…","displayName":"…"}} and ignore the id.',
  ),
  "scim-group-rename-members": must(
    "A rename leaves the members alone",
    ["scimReference", "Update a specific group name"],
    "Change only what the operation names: Okta sends the name with every change of members.",
  ),
  "scim-group-add": must(
    "Members are added",
    ["testPlan", "C9332"],
    'Carry out {"op":"add","path":"members","value":[{"value":"…"}]}.',
  ),
  "scim-group-add-again": must(
    "Adding a member again changes nothing",
    ["rfc7644", "§3.5.2.1"],
    "Answer as before, and list no one twice.",
  ),
  "scim-group-remove": must(
    "A member is removed by a filter",
    ["testPlan", "C9333"],
    'Carry out {"op":"remove","path":"members[value eq \\"…\\"]"}; if you answer 200 without doing it, people keep their access.',
  ),
  "scim-group-remove-again": must(
    "Removing a person who is not a member is not an error",
    ["scimReference", "Update specific group membership"],
    "Answer as for a member.",
  ),
  "scim-group-push": must(
    "Push now replaces all members",
    ["testPlan", "C9316"],
    'Carry out {"op":"replace","path":"members","value":[…]}.',
  ),
  "scim-group-push-empty": must(
    "Push now of an empty group removes all members",
    ["testPlan", "C9317"],
    'Remove every member for "value": [].',
  ),
  "scim-group-put": should(
    "PUT replaces a group",
    ["scimReference", "Update specific group membership"],
    "Support PUT: Okta's private app integrations change groups with it.",
  ),
  "scim-group-delete": must(
    "A group is deleted, and its members stay users",
    ["testPlan", "C9318"],
    "Answer DELETE /Groups/{id} with 204, and every later request for it with 404.",
  ),
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
  "scim-service-provider-config": should(
    "/ServiceProviderConfig says what is supported",
    ["rfc7643", "§5"],
    "Serve it: clients other than Okta ask for it.",
  ),
  "scim-entitlement-paging": must(
    "A page of one role or entitlement has itemsPerPage 1",
    ["entitlementSuite", "its only step"],
    "Honour count and startIndex for roles and entitlements, and set itemsPerPage to the number returned.",
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
