import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("scim");

/** Groups, entitlements and what the server says of itself. */
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
    "Answer POST /Groups with 201 and the group with its id, also when members is empty.",
  ),
  "scim-group-find": must(
    "displayName eq finds a group",
    ["scimReference", "Retrieve groups"],
    "Support displayName eq, and answer 200 with an empty list when there is none.",
  ),
  "scim-group-duplicate": should(
    "A second group with the same name is refused with 409",
    ["rfc7644", "§3.3"],
    "Answer 409 uniqueness: two groups of one name cannot be told apart by who links them.",
  ),
  "scim-group-rename": must(
    "PATCH without a path renames a group",
    ["scimReference", "Update a specific group name"],
    'Carry out {"op":"replace","value":{"id":"…","displayName":"…"}} and ignore the id.',
  ),
  "scim-group-rename-members": must(
    "A rename leaves the members alone",
    ["scimReference", "Update a specific group name"],
    "Change what the operation names and nothing else: Okta sends the name with every change of members.",
  ),
  "scim-group-add": must(
    "Members are added",
    ["testPlan", "C9332"],
    'Carry out {"op":"add","path":"members","value":[{"value":"…"}]}.',
  ),
  "scim-group-add-again": must(
    "Adding a member again changes nothing",
    ["rfc7644", "§3.5.2.1"],
    "Answer as before, and list nobody twice.",
  ),
  "scim-group-remove": must(
    "A member is removed by a filter",
    ["testPlan", "C9333"],
    'Carry out {"op":"remove","path":"members[value eq \\"…\\"]"}; with 200 and no effect, people keep their access.',
  ),
  "scim-group-remove-again": must(
    "Removing somebody who is no member is no error",
    ["scimReference", "Update specific group membership"],
    "Answer as if it had been done.",
  ),
  "scim-group-push": must(
    "Push now replaces all members",
    ["testPlan", "C9316"],
    'Carry out {"op":"replace","path":"members","value":[…]}.',
  ),
  "scim-group-push-empty": must(
    "Push now of an empty group removes all members",
    ["testPlan", "C9317"],
    'With "value": [] nobody is left.',
  ),
  "scim-group-put": should(
    "PUT replaces a group",
    ["scimReference", "Update specific group membership"],
    "Okta's private app integrations change groups by PUT.",
  ),
  "scim-group-delete": must(
    "A group is deleted, and its members stay people",
    ["testPlan", "C9318"],
    "Answer DELETE /Groups/{id} with 204, and 404 from then on.",
  ),
  "scim-resource-types": should(
    "/ResourceTypes names User",
    ["rfc7644", "§4"],
    "Serve it: Import User Schema and entitlements start there.",
  ),
  "scim-schemas": should(
    "/Schemas holds the core User schema",
    ["wizardScim", "Import User Schema"],
    "Serve it: Import User Schema offers what stands there and nothing else.",
  ),
  "scim-service-provider-config": should(
    "/ServiceProviderConfig says what is supported",
    ["rfc7643", "§5"],
    "Serve it: other clients than Okta's ask for it.",
  ),
  "scim-entitlement-paging": must(
    "A page of one role or entitlement has itemsPerPage 1",
    ["entitlementSuite", "its only step"],
    "Honour count and startIndex for roles and entitlements, and count what is returned.",
  ),
  "scim-entitlement-assigned": must(
    "A role or entitlement that PUT gives is there",
    ["entitlements", "User operations"],
    "Set exactly what the array holds, and return it with the person.",
  ),
  "scim-entitlement-kept": should(
    "A PUT without roles or entitlements leaves them alone",
    ["rfc7644", "§3.5.1"],
    "Change them only when the attribute is there: a profile push may come without.",
  ),
  "scim-entitlement-withdrawn": must(
    "An empty array takes roles or entitlements away",
    ["entitlements", "User operations"],
    "With [] nothing is left.",
  ),
  "scim-entitlement-resources": must(
    "Roles and entitlements have an id and a displayName",
    ["entitlements", "Endpoints for user schema discovery"],
    "Send both, and for an entitlement the type, which is the name of its resource type.",
  ),
} as const;
