import { clickPath, okta } from "okta-labels/labels";
import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("universal-logout");

/** Universal Logout. Only Okta holds the key for a valid call, so the effect of one cannot be checked. */
export const universalLogoutRules = {
  "ul-served": must(
    "The Wizard's endpoint is served without a redirect",
    ["universalLogout", "Universal Logout endpoint"],
    "Serve exactly the URL of the submission package: the token's audience is that URL.",
  ),
  "ul-no-token": must(
    "A call without a token is refused with 401",
    ["universalLogout", "401 and 403"],
    "Authenticate before you do anything else.",
  ),
  "ul-forged-token": must(
    "A forged token is refused with 401",
    ["universalLogout", "401 and 403"],
    "Verify typ, signature, issuer, audience and times with the keys of the connection that the token names.",
  ),
  "ul-known-org": must(
    "A token that names a connection's org and client ID is refused with 401 unless the org's key signed it",
    ["universalLogout", "401 and 403"],
    "Verify the signature with the keys of the org, not only the claims: issuer and client ID are public.",
  ),
  "ul-www-authenticate": should(
    "A refusal says which authentication is asked for",
    ["rfc6750", "§3"],
    "Send WWW-Authenticate: Bearer with each 401.",
  ),
  "ul-malformed": must(
    "A broken body is refused with 400, or with 401 before it is read",
    ["universalLogout", "400"],
    "Answer a body that cannot be parsed with 4xx, never with 2xx or 5xx.",
  ),
  "ul-media-type": must(
    "A body of another type is refused with 415 or 400, or with 401 before it is read",
    ["rfc9110", "§15.5.16"],
    "Accept application/json only.",
  ),
  "ul-method": should(
    "Methods other than POST are refused with 405",
    ["rfc9110", "§15.5.6"],
    "Answer 405 with Allow: POST.",
  ),
  "ul-success": must(
    "A valid call ends every session of the person, with 204",
    ["universalLogout", "204"],
    `In a test org: ${clickPath(okta.menus.people, "the person", okta.person.moreActions, okta.person.clearSessions)}, with logout-enabled apps.`,
  ),
  "ul-unknown-person": must(
    "A valid call is answered with 404 for an unknown person, and with 400 for an unknown format",
    ["universalLogout", "404"],
    "Run the tests of test/universal-logout/, or call with a token of your test org.",
  ),
  "ul-tenant": must(
    "A valid call ends sessions of its own tenant only",
    ["universalLogout", "Revocation details"],
    "Look up the person in the tenant of the connection that the token names.",
  ),
} as const;
