import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("oidc");

/** Sign-in by OpenID Connect, and its start at Okta. */
export const oidcRules = {
  "oidc-connection": must(
    "A connection by OpenID Connect was checked, as the manifest declares it",
    ["requirements", "OIN multi-tenancy"],
    "Create a connection, and name it with --connection KEY. If the product has no OpenID Connect, set oidc to null in config/integration.ts.",
  ),
  "oidc-served": must(
    "The Wizard's sign-in, initiate and redirect URIs are served",
    ["wizardOidc", "Integration properties"],
    "Serve exactly the URLs of the submission package, for every connection key.",
  ),
  "oidc-sign-in": must(
    "The sign-in URL leads to the provider",
    ["wizardOidc", "SP Initiate URL"],
    "Switch the connection on, and redirect to its authorization endpoint without a page in between.",
  ),
  "oidc-sp-initiate-url": must(
    "The Wizard's SP Initiate URL leads to the provider",
    ["wizardOidc", "SP Initiate URL"],
    "Create the reviewers' tenant and its connection on this deployment before you submit: Okta's tester begins there.",
  ),
  "oidc-not-cached": must(
    "Browsers do not keep the redirects that begin a sign-in",
    ["rfc9111", "§4.2"],
    "Redirect with 302 or 303 and Cache-Control: no-store. A kept redirect sends the same state again, which works once.",
  ),
  "oidc-cookies": should(
    "Cookies of a sign-in are Secure, HttpOnly, and come back with the redirect from Okta",
    ["rfc6265", "§4.1.2"],
    "Set Secure, HttpOnly and SameSite=Lax: a Strict cookie is absent when Okta leads the browser back.",
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
  "oidc-request": must(
    "The request names the client, has each parameter once, and no secret",
    ["oidcReference", "/authorize"],
    "Send client_id, and every parameter once. Keep the client secret and the code verifier on the server.",
  ),
  "oidc-code-flow": must(
    "Sign-in asks for a code",
    ["requirements", "OIDC limitations"],
    "Send response_type=code, and redeem the code on the server.",
  ),
  "oidc-response-mode": must(
    "The code comes back to the server: in the query, or by a POST that the redirect URI accepts",
    ["oidcReference", "/authorize"],
    "Leave response_mode out, or send query. A fragment never reaches the server.",
  ),
  "oidc-scopes": must(
    "The scopes are among openid, profile, email, address and phone",
    ["requirements", "OIDC limitations"],
    "Ask for openid and what you need of the others: offline_access, groups and scopes of your own are not supported.",
  ),
  "oidc-scopes-profile": must(
    "The scopes include profile and email if a first sign-in creates accounts",
    ["requirements", "JIT"],
    "Ask for profile and email: Okta's tester looks for first name, last name and e-mail of the new account.",
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
  "oidc-state-random": must(
    "state is new and unguessable in each request",
    ["rfc6749", "§10.10 and §10.12"],
    "Make it of at least 128 random bits for each sign-in, and bind it to the browser.",
  ),
  "oidc-nonce": should(
    "nonce is sent",
    ["oidcCore", "§3.1.2.1"],
    "Send a random nonce, and compare it with the ID token's.",
  ),
  "oidc-nonce-random": must(
    "nonce is new and unguessable in each request",
    ["oidcCore", "§15.5.2"],
    "Make it of at least 128 random bits for each sign-in: a constant one does not stop a replayed ID token.",
  ),
  "oidc-pkce": should(
    "PKCE is used, with S256",
    ["rfc7636", "§4.2"],
    "Send code_challenge with code_challenge_method=S256: a customer can demand it.",
  ),
  "oidc-pkce-random": must(
    "code_challenge is new in each request",
    ["rfc7636", "§7.1"],
    "Make a random code verifier for each sign-in.",
  ),
  "oidc-prompt": must(
    "People who are signed in at Okta are not asked to sign in again",
    ["oidcCore", "§3.1.2.1"],
    "Leave prompt and max_age out: with prompt=login or max_age=0 each click on the tile asks for the password.",
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
  "oidc-login-hint": should(
    "login_hint is passed on to the provider",
    ["oidcCore", "§4"],
    "Copy login_hint from the initiate login request to the authorization request.",
  ),
  "oidc-initiate-target": must(
    "A tile that names a page of the product starts a sign-in, too",
    ["oidcCore", "§4"],
    "Keep target_link_uri on the server, begin the sign-in, and go there at its end.",
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
