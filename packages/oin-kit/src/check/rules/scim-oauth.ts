import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("scim-oauth");

/** OAuth 2.0 for SCIM: an owner lets Okta provision, and Okta gets its tokens by a code. */
export const scimOAuthRules = {
  "scim-oauth-served": must(
    "The Wizard's authorization endpoint and token endpoint are served",
    ["wizardScim", "Provisioning properties"],
    "Serve exactly the URLs of the submission package, the first for GET and the second for POST, without a redirect to another host.",
  ),
  "scim-oauth-metadata": should(
    "The metadata, if there is any, names the Wizard's endpoints",
    ["rfc8414", "§2"],
    "Publish them as authorization_endpoint and token_endpoint, and authorization_code among grant_types_supported.",
  ),
  "scim-oauth-sign-in": must(
    "A request of the client for one of Okta's redirect URIs leads to a sign-in",
    ["rfc6749", "§3.1"],
    "Pass the client ID with --scim-client. Answer with the sign-in page, or with a redirect to it on the same host.",
  ),
  "scim-oauth-unknown-client": must(
    "A request of an unknown client gets a page, and the browser is sent nowhere",
    ["rfc6749", "§4.1.2.1"],
    "Compare client_id before anything else, and answer 400 with a page.",
  ),
  "scim-oauth-redirect-uri": must(
    "A redirect URI that is not Okta's gets a page, and the browser is sent nowhere",
    ["testPlan", "C21902"],
    "Pass the client ID with --scim-client. Compare redirect_uri with Okta's list as text: no prefixes, no decoding, no other host.",
  ),
  "scim-oauth-client": must(
    "A client that does not authenticate is refused with 401 invalid_client",
    ["rfc6749", "§5.2"],
    "Authenticate the client before you look at the code or the refresh token.",
  ),
  "scim-oauth-not-cached": must(
    "Responses of the token endpoint are not cached",
    ["rfc6749", "§5.1"],
    "Send Cache-Control: no-store, also with refusals.",
  ),
} as const;
