import { type Request, type Response, Router } from "express";
import passport from "passport";
import { signIn } from "../directory/sign-in.ts";
import { oidcUrls, paths } from "../endpoints.ts";
import { NotFoundError, RefusedError } from "../errors.ts";
import type { Connection, OidcSettings } from "../model.ts";
import type { Recorder } from "../recording.ts";
import type { Database } from "../store/database.ts";
import type { Sealer } from "../store/secrets.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant, type TenantStore } from "../store/tenant-store.ts";
import type { KeyStore } from "../trust/jwks.ts";
import { localPath, safePath } from "../web/guards.ts";
import { landingPath } from "../web/home.ts";
import { pendingLogins } from "../web/pending-logins.ts";
import { startSession } from "../web/sessions.ts";
import { toIdentity } from "./claims.ts";
import { toRefusal } from "./failures.ts";
import type { Providers } from "./provider.ts";
import { type Expectations, OidcStrategy, type Proof } from "./strategy.ts";

export interface OidcDeps {
  database: Database;
  sealer: Sealer;
  baseUrl: string;
  providers: Providers;
  keys: KeyStore;
  recorder: Recorder;
}

type OidcConnection = Connection & { type: "oidc"; settings: OidcSettings };

/** What a request is about: the connection that its path names. */
interface Visit {
  store: TenantStore;
  connection: OidcConnection;
  /** The client secret and the one from before a rotation, both sealed. */
  secrets: { current: string | null; former: string | null };
}

/**
 * The journey of a sign-in. /login sends the browser to the provider; /initiate does the same when the provider began it,
 * by a tile on its dashboard (OpenID Connect Core §4); /callback is where the browser comes back to.
 */
export function oidcRoutes(deps: OidcDeps): Router {
  const router = Router();
  const patterns = paths.oidc(":connection");

  router.get(patterns.login, async (req, res) => {
    const visit = await visited(deps, req);
    const returnTo = textOf(req.query.returnTo);
    await leave(deps, visit, req, res, { loginHint: textOf(req.query.login_hint), returnTo });
  });

  const initiate = async (req: Request, res: Response, parameters: Record<string, unknown>) => {
    const visit = await visited(deps, req);
    checkInitiator(visit.connection.settings, parameters.iss);
    // Only a path of ours is followed, whatever the provider, or somebody in its name, wants.
    const returnTo = localPath(parameters.target_link_uri, deps.baseUrl);
    await leave(deps, visit, req, res, { loginHint: textOf(parameters.login_hint), returnTo });
  };
  router.get(patterns.initiate, (req, res) => initiate(req, res, req.query));
  router.post(patterns.initiate, (req, res) =>
    initiate(req, res, (req.body ?? {}) as Record<string, unknown>),
  );

  router.get(patterns.callback, async (req, res) => {
    const visit = await visited(deps, req);
    const { proof, expectations } = await comeBack(deps, visit, req, res);
    const identity = toIdentity(visit.connection, proof.subject, proof.claims);
    const { user, by } = await signIn(visit.store, identity);
    await forgetFormerSecret(visit, proof);
    await startSession(
      req,
      visit.store.tenantId,
      user,
      visit.connection.id,
      seal(deps, visit, proof.idToken),
    );
    req.log.info({ tenantId: visit.store.tenantId, connectionId: visit.connection.id, by }, "oidc.signed_in");
    res.redirect(303, safePath(expectations.returnTo, deps.baseUrl, landingPath));
  });

  return router;
}

/** A connection that is not active signs nobody in; that there is none at all is another matter. */
async function visited({ database }: OidcDeps, req: Request): Promise<Visit> {
  const found = await systemStore(database).connectionKeys.find(String(req.params.connection), "oidc");
  if (!found) throw new NotFoundError("There is no such connection.");
  const { connection, tenantId } = found;
  if (connection.type !== "oidc" || connection.status !== "active" || !connection.settings) {
    throw new RefusedError("connection-not-active");
  }
  const store = forTenant(database, tenantId);
  const secrets = await store.connections.sealedSecrets(connection.id);
  return { store, connection: { ...connection, settings: connection.settings }, secrets };
}

/** The secret before a rotation has had its day once the new one worked. */
async function forgetFormerSecret({ store, connection, secrets }: Visit, proof: Proof): Promise<void> {
  if (secrets.current === null || secrets.former === null || proof.byFormerSecret) return;
  await store.connections.forgetFormerSecret(connection.id, secrets.current);
}

/** The request must name the issuer that the connection has: another one is shown, and never followed. */
function checkInitiator({ issuer, issuerAlias }: OidcSettings, iss: unknown): void {
  const named = textOf(iss)?.replace(/\/$/, "");
  if (named === issuer || (issuerAlias && named === issuerAlias)) return;
  throw new RefusedError(
    "issuer-not-expected",
    `It named ${named ?? "none"}; this connection is for ${issuer}.`,
  );
}

interface Wishes {
  loginHint: string | null;
  returnTo: string | null;
}

async function leave(
  deps: OidcDeps,
  visit: Visit,
  req: Request,
  res: Response,
  wishes: Wishes,
): Promise<void> {
  const strategy = await strategyFor(deps, visit, req, res, wishes, false);
  await new Promise<void>((resolve, reject) => {
    res.once("finish", resolve);
    passport.authenticate(strategy, { session: false }, (error: unknown) => reject(toRefusal(error)))(
      req,
      res,
      reject,
    );
  });
}

function comeBack(deps: OidcDeps, visit: Visit, req: Request, res: Response) {
  return new Promise<{ proof: Proof; expectations: Expectations }>((resolve, reject) => {
    const done = (error: unknown, user: unknown) =>
      error || !user
        ? reject(toRefusal(error))
        : resolve(user as { proof: Proof; expectations: Expectations });
    strategyFor(deps, visit, req, res, { loginHint: null, returnTo: null }, true).then(
      (strategy) => passport.authenticate(strategy, { session: false }, done)(req, res, reject),
      (error: unknown) => reject(toRefusal(error)),
    );
  });
}

async function strategyFor(
  deps: OidcDeps,
  { store, connection, secrets }: Visit,
  req: Request,
  res: Response,
  wishes: Wishes,
  isCallback: boolean,
): Promise<OidcStrategy> {
  const secure = deps.baseUrl.startsWith("https:");
  const step = { name: "signing-in", byCrossSitePost: false, secure };
  const pending = pendingLogins<Expectations>(req, res, deps.sealer, step);
  const open = (secret: string | null) =>
    secret === null ? null : deps.sealer.open(secret, `${store.tenantId}/${connection.id}`);
  const [current, former] = [open(secrets.current) ?? "", open(secrets.former)];
  try {
    const configurations = {
      current: await deps.providers.configuration(connection.settings, current),
      former: former === null ? null : await deps.providers.configuration(connection.settings, former),
    };
    const { redirectUri } = oidcUrls(deps.baseUrl, connection.key);
    const leaveWith = (expectations: Expectations) => pending.leave(store, connection.id, expectations);
    const comeBackWith = (state: string) => pending.comeBack(store, connection.id, state);
    const flow = { leave: leaveWith, comeBack: comeBackWith, ...wishes };
    return new OidcStrategy(
      { connection, redirectUri, configurations, keys: deps.keys, ...flow },
      isCallback,
    );
  } catch (error) {
    throw toRefusal(error);
  }
}

/** Kept for signing out of the provider; sealed, because it says a lot about a person. */
function seal({ sealer }: OidcDeps, { store, connection }: Visit, idToken: string): string | null {
  if (!connection.settings.signOutOfProvider) return null;
  return sealer.seal(idToken, `${store.tenantId}/${connection.id}/session`);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= 2000 ? value : null;
}
