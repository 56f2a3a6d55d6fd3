import { type Request, type Response, Router } from "express";
import { compactVerify, createLocalJWKSet, type JWK } from "jose";
import type { default as Provider } from "oidc-provider";
import { federatedClaims } from "./access.ts";
import { clientOf } from "./clients.ts";
import { publicKeys } from "./keys.ts";
import {
  answerLikeOkta,
  discoveryPaths,
  loadProviders,
  oauthPaths,
  type ProviderParts,
} from "./openid-provider.ts";
import { displayNameOf, mayUse, type Org, OrgRefusal } from "./org.ts";
import { providerMemory } from "./provider-memory.ts";
import type { ApiToken } from "./shared-signals/stream-api.ts";
import { apiScopes, newId } from "./state.ts";
import { tokenExchange } from "./token-exchange.ts";

/**
 * The org authorization server. oidc-provider implements the protocol. The org's own session says who is signed in, so
 * that the dashboard, OIDC and SAML agree; the provider's session lasts for one authorization request.
 */
export async function oidcRoutes(org: Org): Promise<AuthorizationServer> {
  const providerNow = await currentProvider(org);
  const router = Router();

  router.use(oauthPaths.authorization, (req, _res, next) => {
    forgetProviderSession(req);
    // The provider does not know the org's session and would refuse prompt=none at once.
    if (org.sessions.of(req)) req.url = req.url.replace(/([?&])prompt=none(&|$)/, "$1");
    req.url = asksForRefreshToken(org, req)
      ? withConsent(req.url)
      : // The provider silently drops offline_access; Okta refuses it like every scope that an app may not have.
        req.url.replace(/([?&]scope=[^&]*)offline_access/, "$1groups");
    next();
  });
  router.get("/interaction/:uid", async (req, res) => interact(org, await providerNow(), req, res));
  router.get(oauthPaths.end_session, async (req, res) => {
    res.redirect(await signOut(org, req, res));
  });
  // In Okta, Dynamic Client Registration requires an administrator's token.
  router.all("/oauth2/v1/clients", (_req, res) => {
    res.status(401).json({ errorCode: "E0000011", errorSummary: "Invalid token provided" });
  });

  const answered = [...Object.values(oauthPaths), `${oauthPaths.authorization}/:uid`, ...discoveryPaths];
  router.all(answered, async (req, res) =>
    answerLikeOkta(await providerNow(), org.url, withFullUrl(req), res),
  );
  return {
    router,
    async findAccessToken(value) {
      const found = await (await providerNow()).AccessToken.find(value);
      return found && { clientId: found.clientId, scopes: found.scope?.split(" ") ?? [] };
    },
  };
}

/** The routes of the authorization server, and its access tokens for the org's own APIs. */
interface AuthorizationServer {
  router: Router;
  findAccessToken(value: string): Promise<ApiToken | undefined>;
}

/** Express strips the mount path from the URL; the provider needs the full path. */
function withFullUrl(req: Request): Request {
  req.url = req.baseUrl + req.url;
  return req;
}

/** A provider with the current keys. New keys need a new provider; its memory stays. */
async function currentProvider(org: Org): Promise<() => Provider> {
  const create = await loadProviders();
  const memory = providerMemory((id) => clientOf(org, id));
  const exchange = tokenExchange(org);
  const isOwn = (_ctx: unknown, client: { clientId: string }, token: { clientId: string }) =>
    token.clientId === client.clientId;
  const features = {
    introspection: { enabled: true },
    revocation: { enabled: true, allowedPolicy: isOwn },
  };
  let [provider, madeOf]: [Provider | null, readonly JWK[]] = [null, []];
  return () => {
    const { keys } = org.store.state;
    if (provider && madeOf === keys) return provider;
    const claimsOf: ProviderParts["claimsOf"] = (sub, use, scope) => claimsAbout(org, sub, use, scope);
    const idTokenClaims = (sub: string, clientId: string) => {
      const app = org.store.state.apps[clientId];
      return app ? federatedClaims(org, app, sub) : {};
    };
    const rotatesRefreshTokens = (clientId: string) => {
      const signOn = org.store.state.apps[clientId]?.signOn;
      return signOn?.kind === "oidc" && signOn.rotatesRefreshTokens === true;
    };
    const further = { apiScopes, idTokenClaims, rotatesRefreshTokens, exchange };
    provider = create({ issuer: org.url, keys, memory, claimsOf, features, ...further });
    madeOf = keys;
    return provider;
  };
}

/** Whether the app may have refresh tokens, and asks for one. */
function asksForRefreshToken({ store }: Org, { query }: Request): boolean {
  const signOn = store.state.apps[String(query.client_id)]?.signOn;
  const isAllowed = signOn?.kind === "oidc" && signOn.refreshTokens === true;
  return isAllowed && String(query.scope).split(" ").includes("offline_access");
}

/** Okta asks no one for consent here. The provider issues a refresh token only if the request has prompt=consent. */
function withConsent(url: string): string {
  const [path = "", search = ""] = url.split("?");
  const query = new URLSearchParams(search);
  const prompts = new Set(query.get("prompt")?.split(" "));
  if (!prompts.has("none")) query.set("prompt", [...prompts.add("consent")].join(" "));
  return `${path}?${query}`;
}

/** In Okta, an ID token issued with an access token has only some claims of its scopes; /userinfo has all of them. */
function claimsAbout(org: Org, sub: string, use: "id_token" | "userinfo", scope: string) {
  const person = org.store.state.people[sub];
  if (person?.status !== "ACTIVE") return undefined;
  const scopes = new Set(scope.split(" "));
  const profile = { name: displayNameOf(person), preferred_username: person.login };
  return {
    sub,
    ...(scopes.has("email") ? { email: person.email, email_verified: true } : {}),
    ...(scopes.has("profile") ? { ...profile, locale: "en_US", zoneinfo: "America/Los_Angeles" } : {}),
    ...(use === "id_token" ? { ver: 1, jti: newId("ID."), idp: org.store.state.idpId } : {}),
    given_name: person.firstName,
    family_name: person.lastName,
  };
}

function forgetProviderSession(req: Request): void {
  const cookies = (req.headers.cookie ?? "").split(/; */);
  req.headers.cookie = cookies.filter((cookie) => !cookie.startsWith("_session")).join("; ");
}

/** Signs in the person of the org's session. Without one, sends the browser to the org's sign-in page first. */
async function interact(org: Org, provider: Provider, req: Request, res: Response): Promise<void> {
  const { params } = await provider.interactionDetails(req, res);
  const session = org.sessions.of(req);
  const mustProve = isOld(session?.signedInAt ?? 0, params.max_age) || params.prompt?.includes("login");
  if (!session || (mustProve && session.provedFor !== req.originalUrl)) {
    const query = new URLSearchParams({ fromURI: req.originalUrl });
    if (params.login_hint) query.set("username", params.login_hint);
    res.redirect(`/login?${query}`);
    return;
  }
  const person = org.store.state.people[session.personId];
  const app = org.store.state.apps[params.client_id ?? ""];
  const ts = Math.floor(session.signedInAt / 1000);
  const result =
    person && app && mayUse(app, person)
      ? { login: { accountId: person.id, ts, amr: ["pwd"] }, consent: {} }
      : { error: "access_denied", error_description: "User is not assigned to the client application." };
  await provider.interactionFinished(req, res, result);
}

function isOld(signedInAt: number, maxAge: string | undefined): boolean {
  return maxAge !== undefined && Date.now() - signedInAt > Number(maxAge) * 1000;
}

/**
 * RP-initiated logout. Okta shows no confirmation page: the ID token, even an expired one, is proof enough. Returns where
 * the browser goes. Throws OrgRefusal.
 */
async function signOut(org: Org, req: Request, res: Response): Promise<string> {
  const { id_token_hint: hint, post_logout_redirect_uri: back, state } = req.query;
  if (typeof hint !== "string") throw new OrgRefusal("The id_token_hint is missing.");
  const claims = await verifiedClaims(org, hint);
  const app = org.store.state.apps[String(claims?.aud)];
  if (!claims || app?.signOn.kind !== "oidc") throw new OrgRefusal("The id_token_hint is not valid.");
  if (back !== undefined && !app.signOn.postLogoutRedirectUris.includes(String(back)))
    throw new OrgRefusal("The post_logout_redirect_uri is not one of the application's.");
  if (org.sessions.of(req)?.personId === claims.sub) await endSession(org, req, res);
  if (back === undefined) return "/login";
  const target = new URL(String(back));
  if (typeof state === "string") target.searchParams.set("state", state);
  return target.href;
}

/** Ends the person's session in this browser, and tells the receivers of the org's streams. */
export async function endSession(org: Org, req: Request, res: Response): Promise<void> {
  const person = org.store.state.people[org.sessions.of(req)?.personId ?? ""];
  org.sessions.end(req, res);
  if (person) await org.signals.tell(person, "user.session.end", "user");
}

async function verifiedClaims(org: Org, token: string): Promise<{ sub?: unknown; aud?: unknown } | null> {
  try {
    const { payload } = await compactVerify(
      token,
      createLocalJWKSet({ keys: publicKeys(org.store.state.keys) }),
    );
    return JSON.parse(Buffer.from(payload).toString()) as { sub?: unknown; aud?: unknown };
  } catch {
    return null;
  }
}
