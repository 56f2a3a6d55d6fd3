import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("scim");

/** What happens to people: create, read, change, deactivate. */
export const scimPeopleRules = {
  "scim-create": must(
    "A person is created with 201",
    ["specSuite", "step 11"],
    "Answer POST /Users with 201, whatever of application/json and application/scim+json the body is.",
  ),
  "scim-create-body": must(
    "The answer to a POST is the whole person",
    ["specSuite", "step 11"],
    "Return id, schemas, userName, name, emails and active: true.",
  ),
  "scim-id": must(
    "Ids are text, not empty, and do not hold bulkId",
    ["scimPrepare", "Unique ID"],
    "Give every resource an id of its own for ever: a UUID is best.",
  ),
  "scim-user-name-case": must(
    "userName comes back exactly as it was sent",
    ["specSuite", "step 11"],
    "Keep the case that was sent, and compare without it.",
  ),
  "scim-external-id": should(
    "externalId is kept",
    ["scimReference", "Create the user"],
    "Store it and return it: Okta sends its own id of the person.",
  ),
  "scim-password": must(
    "A password is accepted and never returned",
    ["rfc7643", "§4.1.1"],
    "Accept password, and leave it out of every answer.",
  ),
  "scim-location": should(
    "A created resource says where it is",
    ["rfc7644", "§3.3"],
    "Send Location, and meta.location in the body.",
  ),
  "scim-read": must(
    "What was created can be read by id, unchanged",
    ["specSuite", "step 13"],
    "Return everything that is stored: Okta's next update starts from this answer.",
  ),
  "scim-duplicate": must(
    "A second person with the same userName is refused with 409",
    ["specSuite", "step 15"],
    "Answer 409 uniqueness and change nothing: Okta sends a POST again after a time-out.",
  ),
  "scim-put": must(
    "PUT changes a person",
    ["scimReference", "Update a specific user (PUT)"],
    "Take the whole resource as GET returned it, with what changed, and answer 200 with the result.",
  ),
  "scim-put-read-only": must(
    "PUT ignores id, meta and groups that are sent back",
    ["rfc7644", "§3.5.1"],
    "Ignore read-only attributes; an empty groups array takes nobody out of a group.",
  ),
  "scim-put-empty": must(
    "Empty values are accepted",
    ["testPlan", "C9337"],
    'Take "" for an attribute without a value.',
  ),
  "scim-patch-pathless": must(
    "PATCH without a path deactivates",
    ["scimReference", "Update a specific user (PATCH)"],
    'Carry out {"op":"replace","value":{"active":false}}: this is how Okta deactivates.',
  ),
  "scim-patch-answer": must(
    "PATCH is answered with 200 and the resource, or 204",
    ["rfc7644", "§3.5.2"],
    "Return the resource as it is after the change, or nothing.",
  ),
  "scim-patch-unknown": must(
    "An operation that is not understood is refused with 400",
    ["rfc7644", "§3.5.2"],
    "Answer 400. With 200, Okta believes that it was done.",
  ),
  "scim-put-deactivates": should(
    "PUT with active: false deactivates",
    ["scimReference", "Delete users"],
    "Okta's private app integrations deactivate by PUT.",
  ),
  "scim-deactivated-readable": must(
    "A deactivated person can be read by id",
    ["crudSuite", "unassign"],
    "Keep the person, with active: false. Okta never sends DELETE /Users.",
  ),
  "scim-deactivated-found": must(
    "A deactivated person is found by userName",
    ["scimReference", "Determine if the user already exists"],
    "Search among deactivated people, too: else Okta creates them again, and gets 409.",
  ),
  "scim-reactivated": must(
    "A person who is activated again has the same id",
    ["testPlan", "C9293"],
    "Set active to true on the person who is there.",
  ),
  "scim-delete": should(
    "DELETE removes a person",
    ["rfc7644", "§3.6"],
    "Answer 204, and 404 from then on. Okta does not use it; this check leaves deactivated people behind without it.",
  ),
} as const;
