import { okta } from "okta-labels/labels";
import { rulesOf } from "./rule.ts";

const { must, should } = rulesOf("agents");

/** Cross App Access, with the app as resource app. An ID-JAG is the assertion by which an org sends an agent. */
export const agentRules = {
  "agents-metadata": must(
    "The authorization server publishes its metadata",
    ["rfc8414", "§3"],
    "Serve /.well-known/oauth-authorization-server as JSON, with 200, without a redirect and without authentication.",
  ),
  "agents-issuer": must(
    "The issuer in the metadata is the one of the submission, to the letter",
    ["rfc8414", "§3.3"],
    `Publish exactly the ${okta.resourceServer.issuerUrl} of the guide: no slash at its end, and no other host.`,
  ),
  "agents-token-endpoint": must(
    "The metadata names the token endpoint, on the issuer's host",
    ["rfc8414", "§2"],
    "Publish the address of the token endpoint as token_endpoint.",
  ),
  "agents-grant-type": must(
    "The metadata announces the JWT bearer grant",
    ["idJag", "Resource Authorization Server Metadata"],
    "Add urn:ietf:params:oauth:grant-type:jwt-bearer to grant_types_supported.",
  ),
  "agents-profile": must(
    "The metadata announces the ID-JAG profile",
    ["xaaMetadata", "Authorization server metadata"],
    "Add urn:ietf:params:oauth:grant-profile:id-jag to authorization_grant_profiles_supported.",
  ),
  "agents-scopes": must(
    "The metadata lists every scope of the manifest",
    ["xaaMetadata", "Authorization server metadata"],
    "List the scopes in scopes_supported.",
  ),
  "agents-client-authentication": must(
    "The metadata says how agents authenticate, and none comes without authentication",
    ["managedAuthorization", "§7.7"],
    "List client_secret_basic or private_key_jwt in token_endpoint_auth_methods_supported, and leave out none.",
  ),
  "agents-no-refresh-grant": must(
    "The metadata announces no refresh token grant, unless the server issues authorization codes, too",
    ["idJag", "Access Token Request, Response"],
    "Leave refresh_token out of grant_types_supported: the next ID-JAG takes its place. With authorization_code it is for other clients, and agents-no-refresh-token judges what an agent gets.",
  ),
  "agents-no-trusted-issuers": must(
    "The metadata names no customer's org",
    ["idJag", "Metadata Disclosure"],
    "Publish no list of trusted issuers: it tells a stranger who your customers are.",
  ),
  "agents-resource-metadata": must(
    "Each resource publishes its metadata",
    ["rfc9728", "§3"],
    "Serve /.well-known/oauth-protected-resource, followed by the path of the resource, as JSON.",
  ),
  "agents-resource-identifier": must(
    "The metadata of each resource names it to the letter",
    ["rfc9728", "§3.3"],
    `Publish exactly the ${okta.agents.resourceIndicator} of the guide as resource. A slash at its end is the commonest fault.`,
  ),
  "agents-resource-server": must(
    "The metadata of each resource names the authorization server",
    ["rfc9728", "§2"],
    "List the issuer in authorization_servers.",
  ),
  "agents-resource-scopes": should(
    "The metadata of each resource lists its scopes",
    ["rfc9728", "§2"],
    "List the scopes of the manifest in scopes_supported.",
  ),
  "agents-challenge": must(
    "A call without a token is refused with 401, and told where the metadata is",
    ["rfc9728", "§5.1"],
    'Send WWW-Authenticate: Bearer resource_metadata="…", with the address of the metadata of this resource.',
  ),
  "agents-unknown-token": must(
    "A call with an unknown token is refused with 401",
    ["rfc6750", "§3.1"],
    "Look the token up, and answer 401 with error=invalid_token if there is none.",
  ),
  "agents-checked": must(
    "Right and wrong ID-JAGs were sent, as the manifest declares Cross App Access",
    ["xaaMetadata", "Verify your discovery metadata URIs"],
    "Create an agent and a connection for the check, and pass --agent FILE and --org URL. The guide to the check has both commands. If the product has no Cross App Access, set crossAppAccess to null in config/integration.ts.",
  ),
  "agents-client": must(
    "A wrong secret and an unknown client are refused with 401",
    ["rfc6749", "§5.2"],
    "Authenticate the client before anything else, and answer invalid_client.",
  ),
  "agents-token": must(
    "A right ID-JAG gets a Bearer token",
    ["rfc7523", "§2.1"],
    "Answer 200 with token_type Bearer, an access_token and expires_in.",
  ),
  "agents-not-cached": must(
    "Responses with a token are not cached",
    ["rfc6749", "§5.1"],
    "Send Cache-Control: no-store.",
  ),
  "agents-no-refresh-token": must(
    "There is no refresh token",
    ["idJag", "Access Token Request, Response"],
    "Leave refresh_token out: a token that outlives the assertion escapes the org's decision.",
  ),
  "agents-granted-scope": must(
    "The response says which scopes were granted, and grants none that the ID-JAG lacks",
    ["rfc6749", "§5.1"],
    "Answer with scope: the intersection of what was asked for, granted in the ID-JAG, and allowed.",
  ),
  "agents-lifetime": should(
    "A token lives at most an hour",
    ["rfc6749", "§10.3"],
    "Set expires_in to an hour or less: the org decides again with the next ID-JAG.",
  ),
  "agents-scope-raised": must(
    "A request for a scope that the ID-JAG does not grant does not get it",
    ["managedAuthorization", "§7.2.1"],
    "Never grant more than the claim scope.",
  ),
  "agents-signature": must(
    "An ID-JAG that another key signed is refused",
    ["rfc7523", "§3"],
    "Verify the signature with the keys of the connection that the issuer names, and ignore keys in the header.",
  ),
  "agents-type": must(
    "An ID-JAG of another type is refused",
    ["rfc8725", "§3.11"],
    "Accept the header typ oauth-id-jag+jwt only: an ID token of the same org is not a grant.",
  ),
  "agents-algorithm-none": must(
    "An ID-JAG with the algorithm none is refused",
    ["rfc8725", "§3.2"],
    "Accept asymmetric algorithms from a fixed list only.",
  ),
  "agents-algorithm-hs256": must(
    "An ID-JAG that is signed with the org's public key as a shared secret is refused",
    ["rfc8725", "§3.1"],
    "Accept asymmetric algorithms from a fixed list only, such as RS256.",
  ),
  "agents-audience": must(
    "An ID-JAG for another authorization server is refused",
    ["idJag", "Access Token Request, Processing Rules"],
    "Compare aud with the issuer, to the letter.",
  ),
  "agents-audience-of-two": must(
    "An ID-JAG with two audiences is refused",
    ["idJag", "Access Token Request, Processing Rules"],
    "Accept aud as a text, or as a list with exactly this issuer.",
  ),
  "agents-client-id": must(
    "An ID-JAG of another client is refused",
    ["idJag", "Access Token Request, Processing Rules"],
    "Compare client_id with the client that authenticated.",
  ),
  "agents-foreign-issuer": must(
    "An ID-JAG of an unknown org is refused",
    ["managedAuthorization", "§7.4.1"],
    "Find the connection by the issuer before you fetch any key.",
  ),
  "agents-expired": must(
    "An expired ID-JAG is refused",
    ["rfc7523", "§3"],
    "Compare exp with the clock, with a minute of tolerance at most.",
  ),
  "agents-future": must(
    "An ID-JAG from the future is refused",
    ["rfc7523", "§3"],
    "Compare iat with the clock, with a minute of tolerance at most.",
  ),
  "agents-foreign-resource": must(
    "An ID-JAG for another resource is refused",
    ["managedAuthorization", "§7.6.2"],
    "Compare resource with your own identifiers, to the letter, and answer invalid_grant or invalid_target.",
  ),
  "agents-proof": must(
    "An ID-JAG that is bound to a key is refused without a proof",
    ["rfc9449", "§5"],
    "If the ID-JAG has cnf, demand a DPoP proof of that key.",
  ),
  "agents-replay": must(
    "The MCP server's ID-JAG works once",
    ["managedAuthorization", "§7.4.2"],
    "Remember jti for each issuer until the ID-JAG expires.",
  ),
  "agents-token-works": must(
    "The token opens its resource",
    ["rfc6750", "§2.1"],
    "Accept the token in the Authorization header of a request that its scopes allow.",
  ),
  "agents-token-resource": must(
    "The token opens no other resource",
    ["managedAuthorization", "§5.1"],
    "Bind each token to the resource of its ID-JAG, and answer 401 to any other.",
  ),
  "agents-logout": must(
    "Universal Logout ends the token",
    ["universalLogout", "Revocation details"],
    "End the access tokens of the person together with the sessions.",
  ),
  "agents-deactivated": must(
    "Deactivation ends the token",
    ["universalLogout", "Revocation details"],
    "End the access tokens of a person who is deactivated: the next call is 401.",
  ),
} as const;
