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
import { type Checks, mismatch } from "../checks.ts";
import { RefusedError } from "../errors.ts";
import type { Connection, OidcSettings } from "../model.ts";
import type { KeyStore } from "../trust/jwks.ts";
import type { Claims } from "./claims.ts";
import { failureAmong, grantChecks, signatureChecks, userInfoChecks } from "./provider-checks.ts";
import type { Trace } from "./trace.ts";

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
  /** What is checked on the way. */
  trace: Trace;
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
  trace,
}: StrategyOptions) {
  const codeVerifier = randomPKCECodeVerifier();
  const nonce = randomNonce();
  const state = await leave({ codeVerifier, nonce, returnTo });
  trace.keepOut(codeVerifier, nonce, state);
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
  const answer: Checks = options.trace.answer;
  const repeated = ["state", "code", "error", "iss"].filter(
    (name) => url.searchParams.getAll(name).length > 1,
  );
  answer.demand(repeated.length === 0, {
    reason: "provider-answer-not-valid",
    name: "Each parameter is there once",
    detail: repeated.join(),
  });
  const state = url.searchParams.get("state");
  answer.demand(state !== null && state !== "", {
    reason: "sign-in-not-started-here",
    name: "There is a state",
  });
  const expectations = await options.comeBack(state);
  options.trace.keepOut(state, url.searchParams.get("code"), expectations.codeVerifier, expectations.nonce);
  // RFC 9207: an answer that names its issuer must name the one that was asked.
  const issuer = url.searchParams.get("iss");
  const expected = options.connection.settings.issuer;
  answer.demand(issuer === null || issuer === expected, {
    reason: "issuer-not-expected",
    name: "It names the issuer that was asked, or none",
    detail: mismatch(expected, issuer),
  });
  const error = url.searchParams.get("error");
  const isOutage = error === "temporarily_unavailable" || error === "server_error";
  answer.demand(error === null, {
    reason: isOutage ? "provider-unavailable" : "provider-refused",
    name: "The provider let the person in",
    detail: `it answered ${error?.slice(0, 100)}`,
  });
  return { proof: await redeem(options, url, state, expectations), expectations };
}

async function redeem(
  options: StrategyOptions,
  url: URL,
  state: string,
  expectations: Expectations,
): Promise<Proof> {
  const { connection, keys, trace } = options;
  const { configuration, tokens } = await trace.tokens.attemptAll(
    grantChecks,
    () => granted(options, url, state, expectations),
    failureAmong(grantChecks),
  );
  const idToken = tokens.id_token ?? "";
  const { jwks_uri: jwksUri } = configuration.serverMetadata();
  if (!jwksUri) throw new RefusedError("provider-answer-not-valid");
  // openid-client has checked iss, aud, exp, nbf, nonce and what must be there; it trusts TLS for the signature, we do
  // not. A key store verifies for many, so whose token and for whom it is are said here once more.
  const { issuer, clientId } = connection.settings;
  const claims = await trace.tokens.attemptAll(
    signatureChecks,
    () => keys.verify(idToken, jwksUri, { issuer, audience: clientId, ...freshness }),
    failureAmong(signatureChecks),
  );
  const subject = checkedSubject(claims, clientId, tokens.access_token, trace.tokens);
  const userInfo = await trace.userInfo.attemptAll(
    userInfoChecks,
    () => fetchUserInfo(configuration, tokens.access_token, subject),
    failureAmong(userInfoChecks),
  );
  return {
    subject,
    claims: { ...claims, ...userInfo },
    idToken,
    byFormerSecret: configuration === options.configurations.former,
  };
}

/** The tokens for the code, and by which of the connection's secrets. */
async function granted(options: StrategyOptions, url: URL, state: string, expectations: Expectations) {
  const { current, former } = options.configurations;
  const grant = async (configuration: Configuration) => ({
    configuration,
    tokens: await authorizationCodeGrant(configuration, url, {
      pkceCodeVerifier: expectations.codeVerifier,
      expectedState: state,
      // A nonce that is expected makes openid-client demand an ID token, too.
      expectedNonce: expectations.nonce,
    }),
  });
  try {
    return await grant(current);
  } catch (error) {
    // The secret was refused, not the code: the one from before the rotation may still be the right one.
    if (!former || !isInvalidClient(error)) throw error;
    return await grant(former);
  }
}

/** An ID token is made when the code is redeemed: an old one is somebody else's. Clocks may differ by a minute. */
const freshness = { clockTolerance: 60, maxTokenAge: "10 minutes" };

/**
 * The subject, after what is left to check of a token for us: nobody else is its authorized party, and it was issued
 * with this access token (OpenID Connect Core §3.1.3.7, §3.1.3.8). A subject has at most 255 characters (§2).
 */
function checkedSubject(claims: Claims, clientId: string, accessToken: string, checks: Checks): string {
  const { sub, azp, at_hash: hash } = claims;
  const reason = "provider-answer-not-valid";
  const isSubject = typeof sub === "string" && sub.trim() !== "" && sub.length <= 255 && !sub.includes("\0");
  checks.demand(isSubject, { reason, name: "The ID token names a subject" });
  checks.demand(azp === undefined || azp === clientId, {
    reason,
    name: "Nobody else is the ID token's authorized party",
    detail: mismatch(clientId, String(azp)),
  });
  checks.demand(hash === undefined || hash === halfHash(accessToken), {
    reason,
    name: "The ID token was issued with this access token",
  });
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
