import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("scim");

/** The server as a whole: authentication, errors, lists and filters. */
export const scimRules = {
  "scim-token-given": must(
    "Provisioning was checked with a token, as the manifest declares it",
    ["wizardScim", "Provisioning properties"],
    "Create a provisioning token, and pass it with --scim-token-stdin. To check other areas only, name them with --only.",
  ),
  "scim-url-https": must(
    "The base URL is https",
    ["scimPrepare", "API endpoints"],
    "Serve SCIM over https and give that URL.",
  ),
  "scim-url-underscore": must(
    "The base URL has no underscore",
    ["scimPrepare", "Base URL"],
    "Choose a host and a path without the character _.",
  ),
  "scim-url-length": must(
    "The base URL has at most 1024 characters",
    ["wizardScim", "Provisioning properties"],
    "Shorten it.",
  ),
  "scim-reachable": must(
    "Every request is answered",
    ["scimFaqs", "What is the timeout"],
    "Look at the server's log: the connection failed, broke off or took longer than 60 seconds.",
  ),
  "scim-no-redirect": must(
    "No request is redirected",
    ["rfc7644", "§3"],
    "Respond at the Wizard's URL, with or without a slash at its end: Okta appends /Users to it.",
  ),
  "scim-no-server-error": must(
    "No request is answered with 500, 502 or 504",
    ["rfc7644", "§3.12"],
    "Look at the server's log. Answer a client's mistake with 4xx, and an outage with 503.",
  ),
  "scim-answer-time": must(
    "Answers come within 60 seconds",
    ["scimFaqs", "What is the timeout"],
    "Okta closes the socket after 60 seconds. Use pages and indexes, or do the work later.",
  ),
  "scim-retry-after": must(
    "Retry-After of a 429 or 503 is a whole number of seconds",
    ["scimConcepts", "rate limits"],
    "Send seconds, not a date: for any other value Okta waits five minutes.",
  ),
  "scim-media-type": must(
    "Answers have the media type of JSON",
    ["rfc7644", "§3.1"],
    "Send Content-Type: application/scim+json.",
  ),
  "scim-media-type-exact": should(
    "The media type is application/scim+json",
    ["rfc7644", "§3.1"],
    "Send Content-Type: application/scim+json.",
  ),
  "scim-anonymous": must(
    "A request without a token is refused with 401",
    ["scimPrepare", "Authentication"],
    "Authenticate before you do anything else.",
  ),
  "scim-wrong-token": must(
    "A wrong token is refused with 401 and a SCIM error body",
    ["specSuite", "step 21"],
    "Answer 401 as JSON with schemas, a detail that is not empty, and status, even if a proxy refuses the request.",
  ),
  "scim-www-authenticate": should(
    "A 401 says how to authenticate",
    ["rfc9110", "§11.6.1"],
    'Send WWW-Authenticate: Bearer realm="scim".',
  ),
  "scim-token-accepted": must(
    "The provisioning token is accepted",
    ["testPlan", "C9341"],
    "Use a valid token of a tenant that the check may write to, and the base URL without /Users.",
  ),
  "scim-token-raw": should(
    "The token is also accepted without the word Bearer",
    ["wizardScim", "Authentication properties"],
    "Accept both forms, or choose Bearer as the authentication mode in the Wizard.",
  ),
  "scim-token-mode": must(
    "The token is accepted as the manifest's authentication mode sends it",
    ["wizardScim", "Authentication properties"],
    'In the mode Header Okta sends the token alone. Accept that, or declare "Bearer" in config/integration.ts.',
  ),
  "scim-strangers": must(
    "A wrong token is refused with 401 at every resource, for every method",
    ["scimPrepare", "Authentication"],
    "Authenticate before the routes of users and groups, also for changes and for ids that do not exist.",
  ),
  "scim-accept": should(
    "Answers do not depend on the form of the Accept header",
    ["rfc7644", "§3.8"],
    "Answer JSON for application/json, application/scim+json with a charset, */* and a missing header.",
  ),
  "scim-error-body": must(
    "Errors are SCIM error bodies with a detail",
    ["rfc7644", "§3.12"],
    "Send schemas, status and a detail that is not empty: Okta shows it to the customer's admin.",
  ),
  "scim-error-status": must(
    "status in an error body is text, and equals the HTTP status",
    ["specSuite", "steps 21 and 23"],
    'Send "status": "404", not 404.',
  ),
  "scim-bad-request": must(
    "A body that is not JSON is refused with 400",
    ["rfc7644", "§3.12"],
    "Answer 400 invalidSyntax with a SCIM error body.",
  ),
  "scim-test-data": should(
    "There is at least one person",
    ["scimPrepare", "Run Okta SPEC tests against your SCIM server"],
    "Create one before you run Okta's suite: its first step reads one.",
  ),
  "scim-first-user": must(
    "The first person of the list is active and has the required attributes",
    ["specSuite", "step 1"],
    "Okta's suite reads only the first person: give them names and an e-mail address, and activate them.",
  ),
  "scim-list": must(
    "Lists are ListResponses with Resources",
    ["specSuite", "step 1"],
    "Answer 200 with schemas, totalResults, startIndex, itemsPerPage and Resources: always an array, even an empty one.",
  ),
  "scim-list-counters": must(
    "totalResults, startIndex and itemsPerPage are numbers",
    ["specSuite", "step 1"],
    "Send JSON numbers without quotes.",
  ),
  "scim-items-per-page": must(
    "itemsPerPage is the number of resources on the page",
    ["rfc7644", "§3.4.2"],
    "Count the resources that you return, not those that were asked for.",
  ),
  "scim-paging": must(
    "startIndex and count choose a page of the list",
    ["scimReference", "Retrieve users"],
    "Return at most count resources, beginning at startIndex; otherwise an import never ends.",
  ),
  "scim-total-results": must(
    "totalResults is the number of all matches, on every page",
    ["rfc7644", "§3.4.2"],
    "Count all matches, not those on the page: an import stops at this number.",
  ),
  "scim-beyond-end": must(
    "A page after the last one is an empty list",
    ["rfc7644", "§3.4.2.4"],
    "Answer 200 with Resources [] and the true totalResults.",
  ),
  "scim-count-zero": should(
    "count=0 returns only the total",
    ["rfc7644", "§3.4.2.4"],
    "Return no resources if count is 0.",
  ),
  "scim-start-index": should(
    "startIndex=0 means 1, and a negative count means 0",
    ["rfc7644", "§3.4.2.4"],
    "Raise a startIndex below 1 to 1, and a count below 0 to 0.",
  ),
  "scim-filter-empty": must(
    "A filter without a match is answered with 200 and an empty list",
    ["specSuite", "steps 5 and 9"],
    "Answer 200 with totalResults 0 and Resources [], not 404.",
  ),
  "scim-filter": must(
    "userName eq finds the one person with that name",
    ["scimReference", "Determine if the user already exists"],
    "Support userName eq, and answer with exactly that person.",
  ),
  "scim-filter-exact": must(
    "userName eq finds no one by a part of the name, or by a pattern",
    ["rfc7644", "§3.4.2.2"],
    "Compare whole values, and escape % and _ in a LIKE: a part of a name would link another person's account.",
  ),
  "scim-filter-case": must(
    "userName is also found in upper case",
    ["specSuite", "step 17"],
    "Ignore case in userName (RFC 7643 §4.1.1): otherwise Okta creates a person who exists.",
  ),
  "scim-filter-characters": must(
    "Any character may be in the value of a filter",
    ["rfc7644", "§3.4.2.2"],
    "Decode the URL once, read the value as a JSON string, and bind it as a parameter of the query.",
  ),
  "scim-filter-invalid": must(
    "An invalid filter is refused with 400",
    ["rfc7644", "§3.4.2.2"],
    "Answer 400 invalidFilter. An ignored filter finds everyone.",
  ),
  "scim-unknown-id": must(
    "An unknown id is answered with 404",
    ["specSuite", "steps 7 and 23"],
    "Answer 404 with a SCIM error body.",
  ),
  "scim-unknown-id-changes": must(
    "A change of an unknown person is answered with 404",
    ["rfc7644", "§3.12"],
    "Answer 404 to PUT, PATCH and DELETE, and create no one: after another answer Okta believes that it was done.",
  ),
} as const;
