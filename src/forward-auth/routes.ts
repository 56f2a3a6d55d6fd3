/**
 * Forward authentication: products behind the same reverse proxy learn who sends a request. The proxy asks here before it
 * passes a request on, and adds the identity token of the answer (nginx calls it auth_request, Caddy forward_auth).
 *
 * Owns: the endpoint that the proxy asks, the identity tokens, their keys (signing-keys.ts).
 * May import: the ground floor, trust, store, web.
 */
import { type Request, type Response, Router } from "express";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import type { SignedInPerson } from "../store/session-store.ts";
import { answerProblem } from "../web/problems.ts";
import { safePath } from "../web/request.ts";
import { type IdentityKeyDeps, identityKeys } from "./signing-keys.ts";

/** The header of an identity token, from the application to the proxy and from the proxy to the product. */
const identityHeader = "Identity-Token";

/** The `typ` of an identity token, so that no other token of this issuer passes for one (RFC 8725 §3.11). */
const identityTokenType = "identity+jwt";

/**
 * How long an identity token is valid. The session is checked at each request, so a token need live only until the product
 * has read it. A stolen one outlives a sign-out or a deactivation by no more than this.
 */
const identityTokenSeconds = 60;

/** How long products may keep the keys, in seconds. Shorter than a new key is published before it signs. */
const maxAgeSeconds = 300;

export interface ForwardAuthDeps extends IdentityKeyDeps {
  baseUrl: string;
  audiences: readonly string[];
}

/** Mount it behind the session. Without audiences there is nothing. */
export function forwardAuthRoutes({ baseUrl, audiences, now = Date.now, ...deps }: ForwardAuthDeps): Router {
  const router = Router();
  if (audiences.length === 0) return router;
  const keys = identityKeys({ ...deps, now });

  router.get(paths.forwardAuthKeys, async (_req, res) => {
    const published = await keys.published();
    res.set("Cache-Control", `public, max-age=${maxAgeSeconds}`).json({ keys: published });
  });

  router.get(paths.forwardAuth(":audience"), async (req, res) => {
    const audience = String(req.params.audience);
    if (!audiences.includes(audience)) throw new NotFoundError("There is no such audience.");
    res.set("Cache-Control", "no-store");
    if (!req.person) return refuse(req, res, baseUrl);
    const seconds = Math.floor(now() / 1000);
    const claims = { iss: baseUrl, aud: audience, iat: seconds, exp: seconds + identityTokenSeconds };
    const token = await keys.sign(identityTokenType, { ...claims, ...claimsOf(req.person) });
    res.set(identityHeader, token).status(200).end();
  });
  return router;
}

/**
 * Without groups, because a person may have hundreds and proxies limit headers to a few kilobytes: /me has them. Entitlements
 * are limited by config/entitlements.ts.
 */
function claimsOf({ tenant, user, role }: SignedInPerson) {
  return {
    sub: user.id,
    tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name },
    login_name: user.loginName,
    email: user.email,
    given_name: user.givenName,
    family_name: user.familyName,
    role,
    entitlements: user.entitlements,
  };
}

/**
 * 401 with the address of the sign-in page in Location, because nginx turns any other refusal into an error and can read
 * the header. With `?signed-out=redirect`, a redirect for pages, which Caddy and Traefik pass on to the browser.
 */
function refuse(req: Request, res: Response, baseUrl: string): void {
  const wanted = safePath(req.get("x-forwarded-uri"), baseUrl, "");
  const query = wanted === "" ? "" : `?${new URLSearchParams({ returnTo: wanted })}`;
  res.set("Location", paths.login + query);
  const method = req.get("x-forwarded-method") ?? "GET";
  const isPage = method === "GET" && req.accepts(["json", "html"]) === "html";
  if (isPage && req.query["signed-out"] === "redirect") return void res.status(303).end();
  answerProblem(req, res, { status: 401, detail: "You are not signed in." });
}
