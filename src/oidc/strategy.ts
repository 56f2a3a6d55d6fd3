import type { Request, RequestHandler } from "express";
import passport from "passport";
import {
  type AuthorizationRequest,
  authorizationUrl,
  type Expectations,
  type RelyingParty,
  redeem,
  type VerifiedLogin,
} from "./relying-party.ts";

/** Prepared by the steps before the strategy: a request if the browser leaves, or expectations if it comes back. */
interface OidcSteps {
  client: RelyingParty;
  sealedSecrets: { current: string | null; former: string | null };
  request?: AuthorizationRequest;
  pending?: Expectations & { returnTo: string | null };
}

declare module "express-serve-static-core" {
  interface Request {
    oidc?: OidcSteps;
    /** Set by the strategy once the provider's answer is verified. */
    verifiedLogin?: VerifiedLogin;
  }
}

/** The relying party as a passport strategy: it redirects a browser that leaves, and verifies one that comes back. */
class OidcStrategy extends passport.Strategy {
  override name = "oidc";

  override authenticate(req: Request): void {
    const { client, request, pending } = req.oidc ?? {};
    if (!client) throw new Error("the provider has to be discovered before the strategy runs");
    const work = pending
      ? redeem(callbackUrl(req, client.redirectUri), pending, client).then((login) => this.success(login))
      : request && authorizationUrl(client, request).then((url) => this.redirect(url));
    work?.catch((error: unknown) => this.error(error));
  }
}

/** The address that the browser called, as the provider knows it: a proxy may show us another one. */
function callbackUrl(req: Request, redirectUri: string): URL {
  const url = new URL(redirectUri);
  url.search = new URL(req.originalUrl, redirectUri).search;
  return url;
}

/** Passport's middleware around the strategy. It is a passport of its own, so that nothing is registered globally. */
export function authenticateByOidc(): RequestHandler {
  const own = new passport.Passport().use(new OidcStrategy());
  return own.authenticate("oidc", {
    session: false,
    assignProperty: "verifiedLogin",
    authInfo: false,
  }) as RequestHandler;
}
