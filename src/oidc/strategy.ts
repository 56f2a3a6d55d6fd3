import { createHash } from "node:crypto";
import type { Request } from "express";
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  fetchUserInfo,
  ResponseBodyError,
  randomNonce,
  randomPKCECodeVerifier,
  WWWAuthenticateChallengeError,
} from "openid-client";
import passport from "passport";
import { oidcScopes } from "../../config/integration.ts";
import { RefusedError } from "../errors.ts";
import type { Connection, OidcSettings } from "../model.ts";
import type { KeyStore } from "../trust/jwks.ts";
import type { Claims } from "./claims.ts";

/** The scopes that an integration of the OIN may ask for; never offline_access or groups. */
const scope = oidcScopes.join(" ");

/** What an answer is checked against: made when the browser leaves, and kept on our side. */
export interface Expectations {
  codeVerifier: string;
  nonce: string;
  returnTo: string | null;
}

/** What a provider proved about the person in front of the browser. */
export interface Proof {
  subject: string;
  claims: Claims;
  idToken: string;
  /** Whether the secret from before the rotation was the one that worked. */
  byFormerSecret: boolean;
}

export interface StrategyOptions {
  connection: Connection & { type: "oidc"; settings: OidcSettings };
  /** Where the provider sends the browser back to, as it is registered there. */
  redirectUri: string;
  /** For the current secret, and for the former one while both may be in use. */
  configurations: { current: Configuration; former: Configuration | null };
  keys: KeyStore;
  /** Keeps what the answer will be checked against, and returns the state that names it. */
  leave(expectations: Expectations): Promise<string>;
  /** What was kept under the state that came back, once, for the browser that left. Throws RefusedError. */
  comeBack(state: string): Promise<Expectations>;
  loginHint: string | null;
  returnTo: string | null;
}

/**
 * The relying party as a passport strategy: authorization code with PKCE, state and nonce (OpenID Connect Core §3.1),
 * over openid-client's own functions. One is made for each request, because passport writes its callbacks into it.
 *
 * A request without an answer in it is sent to the provider; one with an answer succeeds with `{ proof, expectations }`
 * or ends in a RefusedError.
 */
export class OidcStrategy extends passport.Strategy {
  override name = "oidc";
  readonly #options: StrategyOptions;
  readonly #isCallback: boolean;

  constructor(options: StrategyOptions, isCallback: boolean) {
    super();
    this.#options = options;
    this.#isCallback = isCallback;
  }

  override authenticate(req: Request): void {
    const work = this.#isCallback
      ? verify(this.#options, callbackUrl(req, this.#options.redirectUri)).then((user) => this.success(user))
      : authorizationUrl(this.#options).then((url) => this.redirect(url));
    work.catch((error: unknown) => this.error(error));
  }
}

async function authorizationUrl({
  configurations,
  redirectUri,
  leave,
  loginHint,
  returnTo,
}: StrategyOptions) {
  const codeVerifier = randomPKCECodeVerifier();
  const nonce = randomNonce();
  const state = await leave({ codeVerifier, nonce, returnTo });
  return buildAuthorizationUrl(configurations.current, {
    redirect_uri: redirectUri,
    scope,
    state,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: "S256",
    ...(loginHint === null ? {} : { login_hint: loginHint }),
  }).href;
}

/** The address that was called, as the provider knows it: proxies may have shown us another one. */
function callbackUrl(req: Request, redirectUri: string): URL {
  const url = new URL(redirectUri);
  url.search = new URL(req.originalUrl, redirectUri).search;
  return url;
}

async function verify(
  options: StrategyOptions,
  url: URL,
): Promise<{ proof: Proof; expectations: Expectations }> {
  for (const name of ["state", "code", "error", "iss"]) {
    if (url.searchParams.getAll(name).length > 1) throw new RefusedError("provider-answer-not-valid");
  }
  const state = url.searchParams.get("state");
  if (!state) throw new RefusedError("sign-in-not-started-here");
  const expectations = await options.comeBack(state);
  const error = url.searchParams.get("error");
  // RFC 9207: an answer that names its issuer must name the one that was asked.
  const issuer = url.searchParams.get("iss");
  if (issuer !== null && issuer !== options.connection.settings.issuer)
    throw new RefusedError("issuer-not-expected");
  if (error !== null) throw refusedByProvider(error);
  return { proof: await redeem(options, url, state, expectations), expectations };
}

function refusedByProvider(error: string): RefusedError {
  const isOutage = ["temporarily_unavailable", "server_error"].includes(error);
  const cause = new Error(`the provider answered ${error.slice(0, 100)}`);
  return new RefusedError(isOutage ? "provider-unavailable" : "provider-refused", null, { cause });
}

async function redeem(
  options: StrategyOptions,
  url: URL,
  state: string,
  expectations: Expectations,
): Promise<Proof> {
  const { configurations, connection, keys } = options;
  const grant = (configuration: Configuration) =>
    authorizationCodeGrant(configuration, url, {
      pkceCodeVerifier: expectations.codeVerifier,
      expectedState: state,
      // A nonce that is expected makes openid-client demand an ID token, too.
      expectedNonce: expectations.nonce,
    });
  let configuration = configurations.current;
  let tokens: Awaited<ReturnType<typeof grant>>;
  try {
    tokens = await grant(configuration);
  } catch (error) {
    // The secret was refused, not the code: the one from before the rotation may still be the right one.
    if (!configurations.former || !isInvalidClient(error)) throw error;
    configuration = configurations.former;
    tokens = await grant(configuration);
  }
  const idToken = tokens.id_token ?? "";
  const { jwks_uri: jwksUri } = configuration.serverMetadata();
  if (!jwksUri) throw new RefusedError("provider-answer-not-valid");
  // openid-client has checked iss, aud, exp, nbf, nonce and what must be there; it trusts TLS for the signature, we do
  // not. A key store verifies for many, so whose token and for whom it is are said here once more.
  const { issuer, clientId } = connection.settings;
  const claims = await keys.verify(idToken, jwksUri, { issuer, audience: clientId, ...freshness });
  const subject = checkedSubject(claims, clientId, tokens.access_token);
  const userInfo = await fetchUserInfo(configuration, tokens.access_token, subject);
  return {
    subject,
    claims: { ...claims, ...userInfo },
    idToken,
    byFormerSecret: configuration === configurations.former,
  };
}

/** An ID token is made when the code is redeemed: an old one is somebody else's. Clocks may differ by a minute. */
const freshness = { clockTolerance: 60, maxTokenAge: "10 minutes" };

/**
 * The subject, after what is left to check of a token for us: nobody else is its authorized party, and it was issued
 * with this access token (OpenID Connect Core §3.1.3.7, §3.1.3.8). A subject has at most 255 characters (§2).
 */
function checkedSubject(claims: Claims, clientId: string, accessToken: string): string {
  const { sub, azp, at_hash: hash } = claims;
  const isSubject = typeof sub === "string" && sub.trim() !== "" && sub.length <= 255 && !sub.includes("\0");
  const isOurs = azp === undefined || azp === clientId;
  const isTogether = hash === undefined || hash === halfHash(accessToken);
  if (!isSubject || !isOurs || !isTogether) throw new RefusedError("provider-answer-not-valid");
  return sub;
}

/** The left half of the SHA-256, as RS256 tokens carry it. */
function halfHash(text: string): string {
  return createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");
}

/** With a challenge or without one, as RFC 6749 §5.2 leaves it to the provider. */
function isInvalidClient(error: unknown): boolean {
  if (error instanceof WWWAuthenticateChallengeError) return error.status === 401;
  return error instanceof ResponseBodyError && error.error === "invalid_client";
}
