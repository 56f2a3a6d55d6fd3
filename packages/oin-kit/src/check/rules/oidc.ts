import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("oidc");

/** Sign-in by OpenID Connect, and its start at Okta. */
export const oidcRules = {
  "oidc-served": must(
    "The Wizard's sign-in, initiate and redirect URIs are served",
    ["wizardOidc", "Integration properties"],
    "Serve exactly the URLs of the submission package, for every connection key.",
  ),
  "oidc-callback-redirect": must(
    "The redirect URI answers without a redirect",
    ["wizardOidc", "Redirect URIs"],
    "Respond at the registered address itself: no other host, no added slash, no http to https. A redirect loses code and state.",
  ),
  "oidc-callback-refuses": must(
    "The redirect URI refuses a code that it did not ask for",
    ["rfc6749", "§10.12"],
    "Answer 4xx unless state belongs to a sign-in that this browser began.",
  ),
  "oidc-callback-error": must(
    "An error from Okta becomes an error page",
    ["rfc6749", "§4.1.2.1"],
    "Show one sentence and a reference for access_denied, with 4xx, and escape every parameter that the page prints.",
  ),
  "oidc-authorization-server": must(
    "Sign-in goes to the org authorization server",
    ["requirements", "OIDC limitations"],
    "Use the org's own issuer, https://{org}: not /oauth2/default, and no other custom authorization server.",
  ),
  "oidc-code-flow": must(
    "Sign-in asks for a code",
    ["requirements", "OIDC limitations"],
    "Send response_type=code, and redeem the code on the server.",
  ),
  "oidc-scopes": must(
    "The scopes are among openid, profile, email, address and phone",
    ["requirements", "OIDC limitations"],
    "Ask for openid and what you need of the others: offline_access, groups and scopes of your own are not supported.",
  ),
  "oidc-redirect-uri": must(
    "redirect_uri is the Wizard's",
    ["wizardOidc", "Redirect URIs"],
    "Send exactly the registered address: set BASE_URL to the public origin.",
  ),
  "oidc-state": must(
    "state is sent, with characters that Okta accepts",
    ["oidcReference", "/authorize"],
    "Send a random state of letters, digits, comma, period, underscore and hyphen.",
  ),
  "oidc-nonce": should(
    "nonce is sent",
    ["oidcCore", "§3.1.2.1"],
    "Send a random nonce, and compare it with the ID token's.",
  ),
  "oidc-pkce": should(
    "PKCE is used, with S256",
    ["rfc7636", "§4.2"],
    "Send code_challenge with code_challenge_method=S256: a customer can demand it.",
  ),
  "oidc-initiate": must(
    "The initiate login URI starts a sign-in at the issuer that it names",
    ["wizardOidc", "Initiate login URI"],
    "Compare iss with the connection's issuer, and redirect to its authorization endpoint: the dashboard tile depends on it.",
  ),
  "oidc-initiate-post": should(
    "The initiate login URI also accepts a POST",
    ["oidcCore", "§4"],
    "Read iss, login_hint and target_link_uri from a form as well as from the query.",
  ),
  "oidc-initiate-unknown": must(
    "The initiate login URI refuses an issuer that the connection does not have",
    ["oidcCore", "§4"],
    "Compare all of iss with the stored issuer; answer any other value with an error page.",
  ),
  "oidc-initiate-open-redirect": must(
    "The initiate login URI is not an open redirect",
    ["oidcCore", "§4"],
    "Never redirect to iss or target_link_uri: use the stored issuer, and your own paths.",
  ),
  "oidc-post-logout": should(
    "The post-logout redirect URI shows a page",
    ["wizardOidc", "Post-logout URI"],
    "Serve it to people who are signed out.",
  ),
  "oidc-token-checks": must(
    "ID tokens are validated, and names are read from /userinfo",
    ["oidcCore", "§3.1.3.7"],
    "Sign in as a test person through the OIN Submission Tester, and compare the first name, last name and e-mail.",
  ),
  "oidc-landing": must(
    "A sign-in never ends on a foreign address",
    ["oidcCore", "§4"],
    "Sign in from a tile whose target_link_uri names another site, and see where you land.",
  ),
} as const;
