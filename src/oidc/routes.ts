/**
 * OpenID Connect, where this application is the relying party.
 *
 * Owns: /oidc/{connection}/login sends the browser to the provider; /initiate does the same when the provider asks for it,
 * by a tile on its dashboard (OpenID Connect Core §4); /callback is where the browser comes back. policy.ts has every rule
 * of a sign-in, relying-party.ts applies it. The claims become a person here. May import: the ground floor, trust, directory,
 * store, web, sso and config.
 */
import { type Request, type RequestHandler, Router } from "express";
import passport from "passport";
import { attributes } from "../../config/attributes.ts";
import type { TestedSignIn } from "../directory/sign-in-tests.ts";
import { oidcUrls, paths } from "../endpoints.ts";
import { judgeSignIn, RefusedError } from "../errors.ts";
import type { VerifiedIdentity } from "../model.ts";
import {
  type ConfiguredConnection,
  connectionActive,
  findConnection,
  requireActive,
  requireActiveOrTest,
  ssoOf,
} from "../sso/connection.ts";
import {
  finishSignIn,
  firstText,
  identityOf,
  noteAgain,
  pendingSignIns,
  type SentFields,
  signsInAgain,
} from "../sso/sign-in.ts";
import { endTest, endWithError, testedSignIn } from "../sso/test-sign-in.ts";
import type { Database } from "../store/database.ts";
import { clientSecretContext, idTokenContext, type Sealer } from "../store/secrets.ts";
import type { KeyStore } from "../trust/jwks.ts";
import { type Providers, recordExchanges } from "../trust/openid-providers.ts";
import { localPath, navigationOnly } from "../web/request.ts";
import { discoveryCall } from "./provider-errors.ts";
import {
  type AuthorizationRequest,
  authorizationUrl,
  callProvider,
  type Expectations,
  newExpectations,
  normalizeErrors,
  type RelyingParty,
  redeem,
  type VerifiedLogin,
} from "./relying-party.ts";
import { callbackRules, identityRules, initiationRules } from "./sign-in-rules.ts";

export interface OidcDeps {
  database: Database;
  sealer: Sealer;
  baseUrl: string;
  providers: Providers;
  keys: KeyStore;
}

/** The data that stays with us while the browser is at the provider. */
type PendingLogin = Expectations & {
  returnTo: string | null;
  testId: string | null;
  /** See IdentifiedLogin. */
  againFor: string | null;
};

export function oidcRoutes(deps: OidcDeps): Router {
  const { login, initiate, callback } = paths.oidc(":connection");
  const findOidc = findConnection(deps.database, "oidc");
  const activeOrTest = requireActiveOrTest(({ query }) => textOf(query.test) ?? undefined);
  const authenticate = authenticateByOidc();
  const { discover, beginLogin, beginByTile, resumeLogin, signIn } = stepsOf(deps);

  const router = Router();
  router.get(login, navigationOnly, findOidc, activeOrTest, discover, beginLogin, authenticate);
  router.get(
    initiate,
    navigationOnly,
    findOidc,
    requireActive,
    checkInitiator,
    discover,
    beginByTile,
    authenticate,
  );
  router.post(initiate, findOidc, requireActive, checkInitiator, discover, beginByTile, authenticate);
  router.get(callback, navigationOnly, findOidc, discover, resumeLogin, requireActive, authenticate, signIn);
  router.use(endWithError(deps.sealer));
  return router;
}

/** The steps that need something from outside the request. */
function stepsOf({ sealer, baseUrl, providers, keys }: OidcDeps) {
  const pendingLogins = pendingSignIns<PendingLogin>(
    { sealer, baseUrl },
    { name: "signing-in", byCrossSitePost: false },
  );

  /** Reads what the provider publishes about itself, and unseals the client's secrets. */
  const discover: RequestHandler = async (req, _res, next) => {
    const { store, connection, exchanges, secrets } = ssoOf(req, "oidc");
    const { settings, key } = connection;
    const sealed = await store.connections.sealedSecrets(connection.id);
    const configure = async (secret: string) => {
      secrets.push(secret);
      return normalizeErrors(recordExchanges(await providers.configuration(settings, secret), exchanges));
    };
    const unseal = (secret: string) =>
      sealer.open(secret, clientSecretContext(store.tenantId, connection.id));
    const [current, former] = await callProvider(discoveryCall, async () => [
      await configure(sealed.current === null ? "" : unseal(sealed.current)),
      sealed.former === null ? null : await configure(unseal(sealed.former)),
    ]);
    const { redirectUri } = oidcUrls(baseUrl, key);
    const { issuer, clientId, maxAgeMinutes } = settings;
    const maxAgeSeconds = maxAgeMinutes ? maxAgeMinutes * 60 : null;
    const client = { issuer, clientId, redirectUri, current, former, keys, maxAgeSeconds };
    req.oidc = { client, sealedSecrets: sealed };
    next();
  };

  const begin = async (req: Request, wishes: { loginHint: unknown; returnTo: string | null }) => {
    const { connection, testId, secrets } = ssoOf(req, "oidc");
    const againFor = signsInAgain(req);
    const acrValues = connection.settings.acrValues ?? null;
    const again = againFor === null ? null : { sentAt: Date.now(), acrValues };
    const expectations = { ...newExpectations(), again };
    const state = await pendingLogins.begin(req, {
      ...expectations,
      returnTo: wishes.returnTo,
      testId,
      againFor,
    });
    secrets.push(state, expectations.codeVerifier, expectations.nonce);
    const loginHint = againFor === null ? textOf(wishes.loginHint) : (req.person?.user.loginName ?? null);
    stepsBefore(req).request = { state, expectations, loginHint };
  };

  const beginLogin: RequestHandler = async (req, _res, next) => {
    await begin(req, { loginHint: req.query.login_hint, returnTo: textOf(req.query.returnTo) });
    next();
  };

  /** The provider's target is followed only within our origin: anyone can send a browser here. */
  const beginByTile: RequestHandler = async (req, _res, next) => {
    const { login_hint: loginHint, target_link_uri: target } = parametersOf(req);
    await begin(req, { loginHint, returnTo: localPath(target, baseUrl) });
    next();
  };

  /** Consumes what this browser began under the state that came back. */
  const resumeLogin: RequestHandler = async (req, _res, next) => {
    const sso = ssoOf(req);
    const { searchParams } = new URL(req.originalUrl, baseUrl);
    const repeated = ["state", "code", "error", "iss"].filter((name) => searchParams.getAll(name).length > 1);
    const [state, error] = [searchParams.get("state"), searchParams.get("error")];
    const pending = state && repeated.length === 0 ? await pendingLogins.resume(req, state) : null;
    // A connection that is switched off loses its sign-ins in flight, and people should read why theirs ended.
    if (pending === null && sso.connection.status === "disabled") judgeSignIn([connectionActive], sso);
    judgeSignIn(callbackRules, { repeated, state, pending, error });
    const { testId, ...expected } = pending as PendingLogin;
    sso.testId = testId;
    sso.secrets.push(String(state), String(searchParams.get("code")), expected.codeVerifier, expected.nonce);
    stepsBefore(req).pending = noteAgain(req, expected);
    next();
  };

  const signIn: RequestHandler = async (req, res) => {
    const { store, connection, testId } = ssoOf(req, "oidc");
    const { verifiedLogin: login } = req;
    if (!login) throw new Error("the strategy has to run before the sign-in");
    await forgetFormerSecret(req, login);
    if (testId !== null) return await endTest(req, res, sealer, testOf(connection, login));
    const identity = toIdentity(connection, login);
    const { pending } = stepsBefore(req);
    // Sealed, because an ID token is personal data; kept only if signing out here signs out there.
    const sealedIdToken = connection.settings.signOutOfProvider
      ? sealer.seal(login.idToken, idTokenContext(store.tenantId, connection.id))
      : null;
    const { sessionEndsAt, proof } = login;
    const { returnTo = null, againFor = null } = pending ?? {};
    const identified = { identity, returnTo, sealedIdToken, sessionEndsAt, proof, againFor };
    await finishSignIn(req, res, identified, baseUrl);
  };

  return { discover, beginLogin, beginByTile, resumeLogin, signIn };
}

/** Refuses an initiator other than the connection's provider. The error page names it; the browser is not sent there. */
const checkInitiator: RequestHandler = (req, _res, next) => {
  const { issuer, issuerAlias = null } = ssoOf(req, "oidc").connection.settings;
  const named = textOf(parametersOf(req).iss);
  const detail = `It named ${named ?? "none"}; this connection is for ${issuer}.`;
  judgeSignIn(initiationRules, { named, issuer, issuerAlias }, { detail });
  next();
};

/** Parameters of a request to begin, which may be a GET or a POST. */
function parametersOf({ method, query, body }: Request): Record<string, unknown> {
  return method === "POST" ? ((body ?? {}) as Record<string, unknown>) : query;
}

function stepsBefore({ oidc }: Request) {
  if (!oidc) throw new Error("the provider has to be discovered before this step");
  return oidc;
}

function testOf(connection: ConfiguredConnection<"oidc">, login: VerifiedLogin): TestedSignIn {
  const { subject, claims, byFormerSecret } = login;
  const formerSecret = "Okta refused the client secret that was entered last; the one before it still works.";
  const problem = byFormerSecret ? new RefusedError("provider-answer-not-valid", formerSecret) : null;
  const identify = () => toIdentity(connection, login);
  return testedSignIn({ ...claims, sub: subject }, fieldsIn(claims), identify, problem);
}

/** Longer than any login name or address, and short enough for the index of any database. */
const longestClaim = 500;

/**
 * The person whom the claims describe, by config/attributes.ts. `email_verified` is never read: the provider vouches for
 * its own people only (Okta: "OIDC limitations"). Names are optional. Throws RefusedError by identityRules.
 */
export function toIdentity(
  connection: ConfiguredConnection<"oidc">,
  { subject, claims }: Pick<VerifiedLogin, "subject" | "claims">,
): VerifiedIdentity {
  const sent = fieldsIn(claims);
  const [loginName, email] = [sent.loginName.value, sent.email.value];
  judgeSignIn(identityRules, { loginName, email, unfit: unfitIn(claims) });
  return identityOf(connection, subject, sent, (name) => claims[name]);
}

/** The claims of each of our fields. The address is the login name of a person without another one. */
function fieldsIn(claims: VerifiedLogin["claims"]): SentFields {
  const sent = (field: string, read: (value: unknown) => string | null) => {
    const name = claimOf(field);
    return { name, value: name === null ? null : read(claims[name]) };
  };
  const [loginName, email] = [sent("loginName", textIn), sent("email", textIn)];
  return {
    loginName: loginName.value === null && email.value !== null ? email : loginName,
    givenName: sent("givenName", firstText),
    familyName: sent("familyName", firstText),
    displayName: sent("displayName", firstText),
    email,
  };
}

/** A claim that identifies the person is one text: of a list, none is more true than the others. */
function textIn(value: unknown): string | null {
  return typeof value === "string" ? value.trim() || null : null;
}

/** The fields whose claims the database cannot hold. */
function unfitIn(claims: VerifiedLogin["claims"]): string[] {
  return attributes.flatMap(({ field, oidcClaim }) => {
    // A name is cleaned and cut: a sign-in does not fail for it.
    if (oidcClaim === null || (field !== "loginName" && field !== "email")) return [];
    const texts = [claims[oidcClaim]].flat().filter((one) => typeof one === "string");
    const isUnfit = texts.some((text) => text.includes("\0") || text.length > longestClaim);
    return isUnfit ? [field] : [];
  });
}

/** The claim that holds one of our fields; null if there is none. */
function claimOf(field: string): string | null {
  return attributes.find((entry) => entry.field === field)?.oidcClaim ?? null;
}

/** The secret from before a rotation is deleted once the new one has worked. */
async function forgetFormerSecret(req: Request, { byFormerSecret }: VerifiedLogin): Promise<void> {
  const { store, connection } = ssoOf(req);
  const { current, former } = stepsBefore(req).sealedSecrets;
  if (current === null || former === null || byFormerSecret) return;
  await store.connections.forgetFormerSecret(connection.id, current);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= 2000 ? value : null;
}

/** Prepared by the steps before the strategy: a request if the browser leaves, or expectations if it comes back. */
interface OidcSteps {
  client: RelyingParty;
  sealedSecrets: { current: string | null; former: string | null };
  request?: AuthorizationRequest;
  pending?: Omit<PendingLogin, "testId">;
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
    const { client } = req.oidc ?? {};
    if (!client) throw new Error("the provider has to be discovered before the strategy runs");
    this.run(client, req).catch((error: unknown) => this.error(error));
  }

  /** Not `#run`: passport calls authenticate() on an object that only inherits from the strategy. */
  private async run(client: RelyingParty, req: Request): Promise<void> {
    const { request, pending } = req.oidc ?? {};
    if (pending) this.success(await redeem(callbackUrl(req, client.redirectUri), pending, client));
    else if (request) this.redirect(await authorizationUrl(client, request));
    else throw new Error("a request or a pending sign-in is needed before the strategy runs");
  }
}

/** The address that the browser called, as the provider knows it: a proxy may show us another one. */
function callbackUrl(req: Request, redirectUri: string): URL {
  const url = new URL(redirectUri);
  url.search = new URL(req.originalUrl, redirectUri).search;
  return url;
}

/** Passport's middleware around the strategy. It is a passport of its own, so that nothing is registered globally. */
function authenticateByOidc(): RequestHandler {
  const own = new passport.Passport().use(new OidcStrategy());
  return own.authenticate("oidc", {
    session: false,
    assignProperty: "verifiedLogin",
    authInfo: false,
  }) as RequestHandler;
}
