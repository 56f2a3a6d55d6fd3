import { agentOfApp, agentsOf } from "./agents.ts";
import { webClient } from "./openid-provider.ts";
import type { Org } from "./org.ts";
import type { ClientRegistration, OidcSignOn } from "./state.ts";
import { tokenExchangeGrant } from "./token-exchange.ts";

/** A client of the org authorization server as client metadata: an OIDC app, or an AI agent with a client ID of its own. */
export function clientOf(org: Org, id: string): Record<string, unknown> | undefined {
  const { apps } = org.store.state;
  const app = Object.hasOwn(apps, id) ? apps[id] : undefined;
  if (app?.signOn.kind === "oidc") {
    const registration = agentOfApp(org, id)?.registration ?? null;
    return { ...appClient(id, app.signOn), ...authenticationOf(registration) };
  }
  const agent = agentsOf(org).find((one) => one.id === id);
  if (!agent?.registration) return undefined;
  return {
    client_id: id,
    redirect_uris: [],
    response_types: [],
    grant_types: [tokenExchangeGrant],
    ...authenticationOf(agent.registration),
  };
}

function appClient(clientId: string, signOn: OidcSignOn): Record<string, unknown> {
  const { clientSecret: secret, redirectUris, postLogoutRedirectUris } = signOn;
  const client = webClient({ clientId, secret, redirectUris, postLogoutRedirectUris });
  const { refreshTokens, apiScopes = [] } = signOn;
  const further = [...(refreshTokens ? ["offline_access"] : []), ...apiScopes];
  return {
    ...client,
    grant_types: ["authorization_code", ...(refreshTokens ? ["refresh_token"] : []), tokenExchangeGrant],
    scope: ["openid profile email", ...further].join(" "),
    // A request for API scopes needs no openid, and oidc-provider refuses one without it from a client with auth_time.
    require_auth_time: apiScopes.length === 0,
  };
}

/** How the client proves its identity. oidc-provider accepts a secret in the header and in the body, as Okta does. */
function authenticationOf(registration: ClientRegistration | null): Record<string, unknown> {
  switch (registration?.method) {
    case "id-only":
      return { token_endpoint_auth_method: "none" };
    case "secret":
      return { client_secret: registration.secret, token_endpoint_auth_method: "client_secret_basic" };
    case "keys":
      return { jwks: { keys: registration.keys }, token_endpoint_auth_method: "private_key_jwt" };
    case "jwks-uri":
      return { jwks_uri: registration.jwksUri, token_endpoint_auth_method: "private_key_jwt" };
    default:
      return {};
  }
}
