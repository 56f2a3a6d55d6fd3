import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("scim");

/** People: create, read, change, deactivate. */
export const scimPeopleRules = {
  "scim-create": must(
    "A person is created with 201",
    ["specSuite", "step 11"],
    "Answer POST /Users with 201 for a body of application/json and of application/scim+json.",
  ),
  "scim-create-body": must(
    "A POST returns the whole person",
    ["specSuite", "step 11"],
    "Return id, schemas, userName, name, emails and active: true.",
  ),
  "scim-id": must(
    "Ids are text, not empty, and do not contain bulkId",
    ["scimPrepare", "Unique ID"],
    "Give every resource a unique id that never changes: a UUID is best.",
  ),
  "scim-user-name-case": must(
    "userName comes back exactly as it was sent",
    ["specSuite", "step 11"],
    "Keep the case that was sent, but ignore case when you compare.",
  ),
  "scim-external-id": should(
    "externalId is kept",
    ["scimReference", "Create the user"],
    "Store it and return it: it is Okta's id of the person.",
  ),
  "scim-password": must(
    "A password is accepted and never returned",
    ["rfc7643", "§4.1.1"],
    "Accept password, and leave it out of every answer.",
  ),
  "scim-location": should(
    "A created resource has a Location",
    ["rfc7644", "§3.3"],
    "Send Location, and meta.location in the body.",
  ),
  "scim-read": must(
    "A created person can be read by id, unchanged",
    ["specSuite", "step 13"],
    "Return everything that is stored: Okta's next update starts from this response.",
  ),
  "scim-duplicate": must(
    "A second person with the same userName is refused with 409",
    ["specSuite", "step 15"],
    "Answer 409 uniqueness and change nothing: Okta repeats a POST after a timeout.",
  ),
  "scim-put": must(
    "PUT changes a person",
    ["scimReference", "Update a specific user (PUT)"],
    "Accept the whole resource as GET returned it, with changes, and answer 200 with the result.",
  ),
  "scim-put-read-only": must(
    "PUT ignores id, meta and groups that are sent back",
    ["rfc7644", "§3.5.1"],
    "Ignore read-only attributes: an empty groups array does not remove the person from a group.",
  ),
  "scim-put-empty": must(
    "Empty values are accepted",
    ["testPlan", "C9337"],
    'Treat "" as an attribute without a value.',
  ),
  "scim-patch-pathless": must(
    "PATCH without a path deactivates",
    ["scimReference", "Update a specific user (PATCH)"],
    'Carry out {"op":"replace","value":{"active":false}}: this is how Okta deactivates.',
  ),
  "scim-patch-answer": must(
    "PATCH is answered with 200 and the resource, or 204",
    ["rfc7644", "§3.5.2"],
    "Return the changed resource, or no body.",
  ),
  "scim-patch-unknown": must(
    "An unknown operation is refused with 400",
    ["rfc7644", "§3.5.2"],
    "Answer 400. After a 200, Okta believes that it was done.",
  ),
  "scim-put-deactivates": should(
    "PUT with active: false deactivates",
    ["scimReference", "Delete users"],
    "Support it: Okta's private app integrations deactivate by PUT.",
  ),
  "scim-deactivated-readable": must(
    "A deactivated person can be read by id",
    ["crudSuite", "unassign"],
    "Keep the person, with active: false. Okta never sends DELETE /Users.",
  ),
  "scim-deactivated-found": must(
    "A deactivated person is found by userName",
    ["scimReference", "Determine if the user already exists"],
    "Search deactivated people, too: otherwise Okta creates them again, and gets 409.",
  ),
  "scim-reactivated": must(
    "A reactivated person has the same id",
    ["testPlan", "C9293"],
    "Set active to true on the existing person.",
  ),
  "scim-delete": should(
    "DELETE removes a person",
    ["rfc7644", "§3.6"],
    "Answer 204, and later requests with 404. Okta does not use it, but without it this check leaves deactivated people behind.",
  ),
} as const;
