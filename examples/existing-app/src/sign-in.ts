import { type Request, type Response, Router } from "express";
import type { Knex } from "knex";
import { judgeSignIn, RefusedError } from "../../../src/errors.ts";
import { discoveryCall } from "../../../src/oidc/provider-errors.ts";
import {
  authorizationUrl,
  callProvider,
  type Expectations,
  newExpectations,
  type RelyingParty,
  redeem,
} from "../../../src/oidc/relying-party.ts";
import { callbackRules } from "../../../src/oidc/sign-in-rules.ts";
import { keyStore } from "../../../src/trust/jwks.ts";
import { oidcProviders } from "../../../src/trust/openid-providers.ts";
import { cookieOf, hash, randomToken, sessionCookie, startSession } from "./sessions.ts";
import type { AppUser } from "./users.ts";

export interface SignInSettings {
  /** The public origin of the application. */
  baseUrl: string;
  saml: { idpEntityId: string; ssoUrl: string; certificate: string }; // SAML
  oidc: { issuer: string; clientId: string; clientSecret: string };
  /** Lets the issuer use http and a private address, for tests on one machine. */
  allowPrivateNetwork: boolean;
}

export function oidcRoutes(sql: Knex, settings: SignInSettings): Router {
  const { baseUrl, oidc, allowPrivateNetwork } = settings;
  const redirectUri = `${baseUrl}/oidc/callback`;
  const pending = pendingSignIns<Expectations>(settings);
  const providers = oidcProviders({ allowPrivateNetwork });
  const keys = keyStore({ allowPrivateNetwork });
  const discovered = async (): Promise<RelyingParty> => {
    const { issuer, clientId, clientSecret } = oidc;
    const configure = () => providers.configuration({ issuer, clientId }, clientSecret);
    const current = await callProvider(discoveryCall, configure);
    return { issuer, clientId, redirectUri, current, former: null, keys };
  };

  const router = Router();
  router.get("/oidc/login", async (req, res) => {
    const [state, expectations] = [randomToken(), newExpectations()];
    await pending.keep(sql, req, { id: state, expected: expectations });
    res.redirect(await authorizationUrl(await discovered(), { state, expectations, loginHint: null }));
  });
  router.get("/oidc/callback", async (req, res) => {
    const url = new URL(redirectUri);
    url.search = new URL(req.originalUrl, redirectUri).search;
    const { searchParams } = url;
    const repeated = ["state", "code", "error", "iss"].filter((name) => searchParams.getAll(name).length > 1);
    const state = searchParams.get("state");
    const expected = state && repeated.length === 0 ? await pending.take(sql, req, state) : null;
    judgeSignIn(callbackRules, { repeated, state, pending: expected, error: searchParams.get("error") });
    const { subject } = await redeem(url, expected as Expectations, await discovered());
    // The subject is Okta's id of the person, which SCIM sends as externalId.
    await signIn(sql, res, { external_id: subject }, baseUrl);
  });
  return router;
}

/** Starts a session for the user that SCIM created. Throws RefusedError for none, several, or a disabled one. */
export async function signIn(
  sql: Knex,
  res: Response,
  named: { email: string } | { external_id: string },
  baseUrl: string,
): Promise<void> {
  const [user, another]: AppUser[] = await sql("users").where(named).limit(2);
  if (!user) throw new RefusedError("just-in-time-off");
  if (another) throw new RefusedError("account-conflict");
  if (user.disabled_at !== null) throw new RefusedError("user-inactive");
  res.cookie("session", await startSession(sql, user.id), sessionCookie(baseUrl));
  res.redirect(303, "/");
}

/**
 * Sign-ins whose browser is at the provider. A cookie ties each one to the browser that began it: otherwise an attacker
 * could make another person's browser finish the attacker's sign-in (login CSRF).
 */
export function pendingSignIns<Expected extends object>({ baseUrl }: SignInSettings) {
  const lifetimeMs = 10 * 60_000;
  const secure = baseUrl.startsWith("https:");
  // The provider's page may post its answer from another site; only a cookie with SameSite=None travels with that.
  const options = { httpOnly: true, secure, sameSite: secure ? "none" : "lax", maxAge: lifetimeMs } as const;
  return {
    async keep(sql: Knex, req: Request, { id, expected }: { id: string; expected: Expected }): Promise<void> {
      const browser = cookieOf(req, "browser") || randomToken();
      req.res?.cookie("browser", browser, options);
      await sql("pending_sign_ins").where("expires_at", "<", Date.now()).delete();
      await sql("pending_sign_ins").insert({
        id_hash: hash(id),
        browser_hash: hash(browser),
        expected: JSON.stringify(expected),
        expires_at: Date.now() + lifetimeMs,
      });
    },
    /** Null if this browser did not begin it, or was too slow. Of two requests that race, one deletes the row. */
    async take(sql: Knex, req: Request, id: string): Promise<Expected | null> {
      const begun = sql("pending_sign_ins")
        .where({ id_hash: hash(id), browser_hash: hash(cookieOf(req, "browser")) })
        .andWhere("expires_at", ">", Date.now());
      const row = await begun.clone().first("expected");
      return (await begun.delete()) === 1 ? (JSON.parse(row.expected) as Expected) : null;
    },
  };
}
