import { type Request, type Response, Router } from "express";
import passport from "passport";
import { signIn } from "../directory/sign-in.ts";
import type { Arrival } from "../directory/sign-in-tests.ts";
import { oidcUrls, paths } from "../endpoints.ts";
import { RefusedError } from "../errors.ts";
import { localPath, safePath } from "../web/guards.ts";
import { landingPath } from "../web/home.ts";
import { pendingLogins } from "../web/pending-logins.ts";
import { startSession } from "../web/sessions.ts";
import { endTest, mappedFields } from "../web/sign-in-tests.ts";
import { claimOf, toIdentity } from "./claims.ts";
import { toRefusal } from "./failures.ts";
import { discoveryChecks, failureAmong } from "./provider-checks.ts";
import { type Expectations, OidcStrategy, type Proof } from "./strategy.ts";
import { checkActive, connectionOf, type OidcDeps, type Visit, visited, visitedByTest } from "./visit.ts";

/**
 * The journey of a sign-in. /login sends the browser to the provider; /initiate does the same when the provider began it,
 * by a tile on its dashboard (OpenID Connect Core §4); /callback is where the browser comes back to.
 */
export function oidcRoutes(deps: OidcDeps): Router {
  const router = Router();
  const patterns = paths.oidc(":connection");

  router.get(patterns.login, async (req, res) => {
    const testId = textOf(req.query.test);
    const visit = await (testId === null ? visited(deps, req) : visitedByTest(deps, req, testId));
    const wishes = { loginHint: textOf(req.query.login_hint), returnTo: textOf(req.query.returnTo) };
    await orEndTest(deps, visit, req, res, () => leave(deps, visit, req, res, wishes));
  });

  const initiate = async (req: Request, res: Response, parameters: Record<string, unknown>) => {
    const visit = await visited(deps, req);
    checkInitiator(visit, parameters.iss);
    // Only a path of ours is followed, whatever the provider, or somebody in its name, wants.
    const returnTo = localPath(parameters.target_link_uri, deps.baseUrl);
    await leave(deps, visit, req, res, { loginHint: textOf(parameters.login_hint), returnTo });
  };
  router.get(patterns.initiate, (req, res) => initiate(req, res, req.query));
  router.post(patterns.initiate, (req, res) =>
    initiate(req, res, (req.body ?? {}) as Record<string, unknown>),
  );

  router.get(patterns.callback, async (req, res) => {
    const visit = await connectionOf(deps, req);
    await orEndTest(deps, visit, req, res, async () => {
      const { proof, expectations } = await comeBack(deps, visit, req, res);
      await forgetFormerSecret(visit, proof);
      if (visit.testId === null) await complete(deps, visit, req, res, proof, expectations);
      else await endTest(req, res, { ...deps, ...visit }, visit.testId, arrivalOf(visit, proof));
    });
  });

  return router;
}

async function complete(
  deps: OidcDeps,
  visit: Visit,
  req: Request,
  res: Response,
  proof: Proof,
  { returnTo }: Expectations,
): Promise<void> {
  const { store, connection, trace } = visit;
  const identity = await trace.person.attempt("The claims name a login name and an address", () =>
    toIdentity(connection, proof.subject, proof.claims),
  );
  const { user, by } = await trace.person.attempt("The directory lets the person in", () =>
    signIn(store, identity, req.id),
  );
  trace.foundBy = by;
  await startSession(req, {
    tenantId: store.tenantId,
    user,
    connectionId: connection.id,
    sealedIdToken: seal(deps, visit, proof.idToken),
  });
  req.log.info({ tenantId: store.tenantId, connectionId: connection.id, by }, "oidc.signed_in");
  res.redirect(303, safePath(returnTo, deps.baseUrl, landingPath));
}

/** What goes wrong in a test is what whoever started it wants to see. */
async function orEndTest(
  deps: OidcDeps,
  visit: Visit,
  req: Request,
  res: Response,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (visit.testId === null || !(error instanceof RefusedError)) throw error;
    const nothing = { values: {}, mapped: [], identity: null };
    await endTest(req, res, { ...deps, ...visit }, visit.testId, { ...nothing, problem: error });
  }
}

/** What a test shows of the claims; a person who cannot be made of them is part of that. */
function arrivalOf({ connection }: Visit, { subject, claims, byFormerSecret }: Proof): Arrival {
  const values = { ...claims, sub: subject };
  const mapped = mappedFields(claimOf, (name) => claims[name]);
  const formerSecret = "Okta refused the client secret that was entered last; the one before it still works.";
  const problem = byFormerSecret ? new RefusedError("provider-answer-not-valid", formerSecret) : null;
  try {
    return { values, mapped, identity: toIdentity(connection, subject, claims), problem };
  } catch (error) {
    if (error instanceof RefusedError) return { values, mapped, identity: null, problem: error };
    throw error;
  }
}

/** The secret before a rotation has had its day once the new one worked. */
async function forgetFormerSecret({ store, connection, secrets }: Visit, proof: Proof): Promise<void> {
  if (secrets.current === null || secrets.former === null || proof.byFormerSecret) return;
  await store.connections.forgetFormerSecret(connection.id, secrets.current);
}

/** The request must name the issuer that the connection has: another one is shown, and never followed. */
function checkInitiator({ connection, trace }: Visit, iss: unknown): void {
  const { issuer, issuerAlias } = connection.settings;
  const named = textOf(iss)?.replace(/\/$/, "");
  const isOurs = named === issuer || (issuerAlias && named === issuerAlias);
  const detail = `It named ${named ?? "none"}; this connection is for ${issuer}.`;
  trace.answer.note("It names the connection's issuer", Boolean(isOurs), detail);
  if (!isOurs) throw new RefusedError("issuer-not-expected", detail);
}

const stateChecks = "The state is of a sign-in that this browser began, and was not used before";

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
  visit: Visit,
  req: Request,
  res: Response,
  wishes: Wishes,
  isCallback: boolean,
): Promise<OidcStrategy> {
  const { store, connection, secrets, trace } = visit;
  const secure = deps.baseUrl.startsWith("https:");
  const step = { name: "signing-in", byCrossSitePost: false, secure };
  const pending = pendingLogins<Expectations & { testId: string | null }>(req, res, deps.sealer, step);
  const open = (secret: string | null) =>
    secret === null ? null : deps.sealer.open(secret, `${store.tenantId}/${connection.id}`);
  const [current, former] = [open(secrets.current) ?? "", open(secrets.former)];
  trace.keepOut(current, former);
  const configured = async (secret: string) =>
    trace.listen(await deps.providers.configuration(connection.settings, secret));
  try {
    const configurations = await trace.answer.attemptAll(
      discoveryChecks,
      async () => ({
        current: await configured(current),
        former: former === null ? null : await configured(former),
      }),
      failureAmong(discoveryChecks),
    );
    const { redirectUri } = oidcUrls(deps.baseUrl, connection.key);
    const leaveWith = (expectations: Expectations) =>
      pending.leave(store, connection.id, { ...expectations, testId: visit.testId });
    const comeBackWith = async (state: string) => {
      const { testId, ...expectations } = await trace.answer.attempt(stateChecks, () =>
        pending.comeBack(store, connection.id, state),
      );
      visit.testId = testId;
      // Before the code is redeemed: a connection that is not active signs nobody in.
      if (testId === null) checkActive(visit);
      return expectations;
    };
    const flow = { leave: leaveWith, comeBack: comeBackWith, ...wishes };
    return new OidcStrategy(
      { connection, redirectUri, configurations, keys: deps.keys, trace, ...flow },
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
