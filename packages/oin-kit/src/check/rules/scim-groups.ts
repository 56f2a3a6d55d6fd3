import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("scim");

/** Groups: group push and the import of groups. */
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
  "scim-group-create-members": must(
    "A group is created with its members",
    ["scimReference", "Create groups"],
    "Store the members that the POST holds.",
  ),
  "scim-group-characters": must(
    "A group's name may hold any character, and is found again",
    ["scimReference", "Retrieve groups"],
    "Store the name as it was sent, and read the value of displayName eq as a JSON string.",
  ),
  "scim-group-list": must(
    "Lists show groups as reading by id does",
    ["scimReference", "Retrieve groups"],
    "Return everything but the members in lists: an import reads nothing else.",
  ),
  "scim-group-unknown-id": must(
    "An unknown group is answered with 404",
    ["rfc7644", "§3.12"],
    "Answer 404 with a SCIM error body to GET, PATCH and DELETE: Okta then creates the group again.",
  ),
  "scim-group-patch-answer": must(
    "A PATCH of a group is answered with 200 and the group, or 204",
    ["rfc7644", "§3.5.2"],
    "Return the changed group with or without its members, or no body.",
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
  "scim-group-remove-value": should(
    "A removal that lists members removes only those",
    ["rfc7644", "§3.5.2.2"],
    'Read the value of {"op":"remove","path":"members","value":[{"value":"…"}]}; other clients than Okta send it.',
  ),
  "scim-group-unknown-member": should(
    "An unknown member is refused or ignored",
    ["rfc7644", "§3.12"],
    "Answer 400 or 404 and change nothing, or leave the unknown id out of the group.",
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
} as const;
