import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { decodeJwt, importJWK, type JWK, SignJWT } from "jose";
import type { Account, Context, default as Provider, TokenContext } from "oidc-provider";
import type { providerMemory } from "./provider-memory.ts";
import { type TokenExchangeAnswer, type TokenExchangeRequest, tokenExchangeGrant } from "./token-exchange.ts";
import { TokenRefusal } from "./token-refusal.ts";

/** The parts of a provider: the stand-in's, or one of a test. */
export interface ProviderParts {
  /** The org's public origin. */
  issuer: string;
  /** Private keys; the first one signs. */
  keys: readonly JWK[];
  memory: ReturnType<typeof providerMemory>;
  /** The claims about a person; undefined if there is no such person. */
  claimsOf(
    sub: string,
    use: "id_token" | "userinfo",
    scope: string,
  ): (Record<string, unknown> & { sub: string }) | undefined;
  /** Further claims of an ID token, by the person and the client. */
  idTokenClaims?(sub: string, clientId: string): Record<string, unknown>;
  /** Answers a token exchange (RFC 8693); without it, the grant is not supported. Throws TokenRefusal. */
  exchange?(request: TokenExchangeRequest): Promise<TokenExchangeAnswer>;
  /** Scopes of the org's APIs; each client may request those that it was granted. */
  apiScopes?: readonly string[];
  /** Whether the client's refresh tokens are replaced at each use. */
  rotatesRefreshTokens?(clientId: string): boolean;
  features: Record<string, unknown>;
}

const v1 = "/oauth2/v1";

/** The paths of an org authorization server (Okta: OpenID Connect & OAuth 2.0 API). */
export const oauthPaths = {
  authorization: `${v1}/authorize`,
  token: `${v1}/token`,
  userinfo: `${v1}/userinfo`,
  jwks: `${v1}/keys`,
  introspection: `${v1}/introspect`,
  revocation: `${v1}/revoke`,
  end_session: `${v1}/logout`,
};

/** Claims by scope. Like Okta's, the ID token has only the claims of `openid`; /userinfo has all of them. */
const claims = {
  openid: ["sub", "email", "name", "preferred_username", "groups", "ver", "jti", "idp", "amr"],
  profile: ["given_name", "family_name", "locale", "zoneinfo", "updated_at"],
  email: ["email_verified"],
};

/** Loads oidc-provider and returns a factory. Both silence the production advice that it writes to the console. */
export async function loadProviders(): Promise<(parts: ProviderParts) => Provider> {
  const unsilence = silence();
  const { default: ProviderOf, errors } = await import("oidc-provider").finally(unsilence);
  return (parts) => {
    const restore = silence();
    try {
      const provider = new ProviderOf(parts.issuer, configuration(parts));
      provider.proxy = true;
      provider.use(completeIdToken(parts));
      if (parts.exchange) supportExchange(provider, parts.exchange, errors.CustomOIDCProviderError);
      return provider;
    } finally {
      restore();
    }
  };
}

const exchangeParameters = [
  "subject_token",
  "subject_token_type",
  "requested_token_type",
  "audience",
  "resource",
  "scope",
  "actor_token",
  "actor_token_type",
];

/** Adds the token exchange. oidc-provider authenticates the client before it. */
function supportExchange(
  provider: Provider,
  exchange: NonNullable<ProviderParts["exchange"]>,
  ErrorOf: new (error: string, description: string) => Error,
): void {
  const answer = async (ctx: Context): Promise<void> => {
    const { client, params } = ctx.oidc;
    const findRefreshToken = (value: string) => provider.RefreshToken.find(value);
    try {
      ctx.body = await exchange({ clientId: client.clientId, params, findRefreshToken });
    } catch (error) {
      throw error instanceof TokenRefusal ? new ErrorOf(error.code, error.message) : error;
    }
  };
  provider.registerGrantType(tokenExchangeGrant, answer, exchangeParameters);
}

/**
 * Adds the further claims and at_hash to the ID token (OpenID Connect Core §3.1.3.6). Okta's token endpoint sends at_hash;
 * oidc-provider's does not.
 */
function completeIdToken({ keys: [key], idTokenClaims }: ProviderParts) {
  return async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    await next();
    const { access_token: accessToken, id_token: idToken } = objectOf(ctx.body);
    if (typeof accessToken !== "string" || typeof idToken !== "string" || !key) return;
    const digest = createHash("sha256").update(accessToken).digest();
    const issued = decodeJwt(idToken);
    const further = idTokenClaims?.(String(issued.sub), String(issued.aud)) ?? {};
    const payload = { ...further, ...issued, at_hash: digest.subarray(0, 16).toString("base64url") };
    const signed = await new SignJWT(payload)
      .setProtectedHeader({ alg: "RS256", ...(key.kid ? { kid: key.kid } : {}) })
      .sign(await importJWK(key, "RS256"));
    ctx.body = { ...objectOf(ctx.body), id_token: signed };
  };
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function silence(): () => void {
  const { info, warn, error } = console;
  Object.assign(console, { info: () => {}, warn: () => {}, error: () => {} });
  return () => void Object.assign(console, { info, warn, error });
}

function configuration(parts: ProviderParts): Record<string, unknown> {
  const { keys, memory, claimsOf, features, apiScopes = [] } = parts;
  return {
    adapter: memory,
    routes: oauthPaths,
    scopes: ["openid", "profile", "email", "groups", "offline_access", ...apiScopes],
    rotateRefreshToken: ({ oidc }: TokenContext) =>
      parts.rotatesRefreshTokens?.(oidc.entities.Client.clientId) ?? false,
    claims,
    conformIdTokenClaims: true,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, ...features },
    renderError: (ctx: Context, problem: Record<string, string>) => {
      ctx.body = JSON.stringify(problem);
    },
    interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    jwks: { keys },
    cookies: { keys: ["of a provider for one machine"] },
    // In seconds, as in Okta: 5 minutes for a code, an hour for the tokens of an org authorization server, 7 days for
    // refresh tokens.
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 300,
      IdToken: 3600,
      Interaction: 600,
      Session: 3600,
      Grant: 7 * 86_400,
      RefreshToken: 7 * 86_400,
    },
    clientBasedCORS: () => false,
    // The provider's dispatcher refuses loopback addresses. The stand-in and its agents run on one machine.
    fetch: (url: string, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown }) =>
      fetch(url, options),
    findAccount: (_ctx: unknown, sub: string): Account | undefined =>
      claimsOf(sub, "userinfo", "") && {
        accountId: sub,
        claims: (use, scope) => claimsOf(sub, use, scope) ?? { sub },
      },
    async loadExistingGrant(this: unknown, ctx: Context & { oidc: { provider: Provider } }) {
      const { client, session, provider } = ctx.oidc;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(["openid profile email offline_access", ...apiScopes].join(" "));
      await grant.save();
      return grant;
    },
  };
}

/** A web application as client metadata. oidc-provider then refuses other scopes, as Okta does. */
export function webClient(client: {
  clientId: string;
  secret: string;
  redirectUris: string[];
  postLogoutRedirectUris: string[];
}): Record<string, unknown> {
  return {
    client_id: client.clientId,
    client_secret: client.secret,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    grant_types: ["authorization_code"],
    response_types: ["code"],
    scope: "openid profile email",
    token_endpoint_auth_method: "client_secret_basic",
    id_token_signed_response_alg: "RS256",
    require_auth_time: true,
  };
}

/** Responds like an Okta org: with its discovery document, and without the `iss` parameter of RFC 9207. */
export function answerLikeOkta(
  provider: Provider,
  issuer: string,
  req: IncomingMessage,
  res: ServerResponse,
): void {
  const [path = ""] = (req.url ?? "").split("?");
  if (discoveryPaths.includes(path)) {
    res.setHeader("content-type", "application/json");
    res.setHeader("cache-control", "max-age=86400, must-revalidate");
    res.end(JSON.stringify(discoveryDocument(issuer)));
    return;
  }
  const setHeader = res.setHeader.bind(res);
  res.setHeader = (name, value) => {
    const isAnswer = name.toLowerCase() === "location" && /[?&](code|error)=/.test(String(value));
    return setHeader(name, isAnswer ? String(value).replace(/&iss=[^&]*/, "") : value);
  };
  provider.callback()(req, res);
}

export const discoveryPaths = [
  "/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server",
];

const claimNames = `
  iss ver sub aud iat exp jti auth_time amr idp nonce name nickname preferred_username given_name
  middle_name family_name email email_verified profile zoneinfo locale address phone_number
  picture website gender birthdate updated_at at_hash c_hash
`
  .trim()
  .split(/\s+/);

/** The document that Okta publishes, including features that an OIN integration may not use. */
function discoveryDocument(issuer: string): Record<string, unknown> {
  const methods = [
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "none",
  ];
  return {
    issuer,
    authorization_endpoint: issuer + oauthPaths.authorization,
    token_endpoint: issuer + oauthPaths.token,
    userinfo_endpoint: issuer + oauthPaths.userinfo,
    registration_endpoint: `${issuer}${v1}/clients`,
    jwks_uri: issuer + oauthPaths.jwks,
    response_types_supported: [
      "code",
      "id_token",
      "code id_token",
      "code token",
      "id_token token",
      "code id_token token",
    ],
    response_modes_supported: ["query", "fragment", "form_post", "okta_post_message"],
    grant_types_supported: [
      "authorization_code",
      "implicit",
      "refresh_token",
      "password",
      tokenExchangeGrant,
    ],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid", "email", "profile", "address", "phone", "offline_access", "groups"],
    token_endpoint_auth_methods_supported: methods,
    claims_supported: claimNames,
    code_challenge_methods_supported: ["S256"],
    introspection_endpoint: issuer + oauthPaths.introspection,
    introspection_endpoint_auth_methods_supported: methods,
    revocation_endpoint: issuer + oauthPaths.revocation,
    revocation_endpoint_auth_methods_supported: methods,
    end_session_endpoint: issuer + oauthPaths.end_session,
    request_parameter_supported: true,
    request_object_signing_alg_values_supported: ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512"],
  };
}
