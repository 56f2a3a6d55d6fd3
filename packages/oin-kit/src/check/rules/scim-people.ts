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
  "scim-id-stable": must(
    "The id of a person never changes",
    ["scimPrepare", "Unique ID"],
    "Return the id of the creation in every answer: after PUT, after PATCH, and in lists.",
  ),
  "scim-meta": should(
    "meta.resourceType is User",
    ["rfc7643", "§3.1"],
    'Send "meta": {"resourceType": "User"} with every person.',
  ),
  "scim-user-name-characters": must(
    "A userName may have an apostrophe and a plus sign, and is found again",
    ["scimReference", "Determine if the user already exists"],
    "Accept o'brien+test@example.com: both characters are valid in e-mail addresses (RFC 5322 §3.2.3).",
  ),
  "scim-unicode": must(
    "Names keep every character",
    ["rfc7644", "§3.8"],
    "Read, store and answer UTF-8: a name may hold any letter of any script.",
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
    "A created resource has a Location that leads to it",
    ["rfc7644", "§3.3"],
    "Send the URL of the new resource as Location, and the same URL as meta.location in the body.",
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
  "scim-duplicate-case": must(
    "A userName in other case is a duplicate, too",
    ["rfc7643", "§4.1.1"],
    "Compare userName without case when you create a person, as in filters.",
  ),
  "scim-duplicate-type": should(
    "The refusal of a duplicate has the scimType uniqueness",
    ["rfc7644", "§3.12"],
    'Send "scimType": "uniqueness" with the 409.',
  ),
  "scim-put-duplicate": should(
    "A change to the userName of another person is refused with 409",
    ["testPlan", "C9336"],
    "Answer 409 uniqueness to the PUT, and change nothing.",
  ),
  "scim-put": must(
    "PUT changes a person",
    ["scimReference", "Update a specific user (PUT)"],
    "Accept the whole resource as GET returned it, with changes, and answer 200 with the result.",
  ),
  "scim-put-answer": must(
    "A PUT returns the whole changed person",
    ["scimReference", "Update a specific user (PUT)"],
    "Answer 200 with the person as they are now, in the form of GET.",
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
  "scim-reactivated-whole": must(
    "A reactivated person still has their attributes",
    ["testPlan", "C9293"],
    "Change nothing but active when a person is deactivated.",
  ),
  "scim-password-change": must(
    "A new password is accepted by PATCH",
    ["scimReference", "Update a specific user (PATCH)"],
    'Carry out {"op":"replace","value":{"password":"…"}}, or do not declare Change password.',
  ),
  "scim-password-effective": must(
    "The new password signs the person in, and the old one does not",
    ["testPlan", "C9302"],
    "Test it by hand: change a person's password in Okta, and sign in to the application with both.",
  ),
  "scim-delete": should(
    "DELETE removes a person",
    ["rfc7644", "§3.6"],
    "Answer 204, and later requests with 404. Okta does not use it, but without it this check leaves deactivated people behind.",
  ),
} as const;
