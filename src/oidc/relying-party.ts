import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientError,
  type Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
} from "openid-client";
import { oidcScopes } from "../../config/integration.ts";
import { judgeSignIn } from "../errors.ts";
import type { SignInProof } from "../model.ts";
import type { KeyStore } from "../trust/jwks.ts";
import {
  causeOf,
  discoveryCall,
  findingOf,
  grantCall,
  helpFor,
  isClientRefused,
  type ProviderCall,
  signatureCall,
  userInfoCall,
} from "./provider-errors.ts";
import { answerRules, claimRules, endOfTime, type SessionFacts, timeOf } from "./sign-in-rules.ts";

/** The relying party, without HTTP of its own: authorization code with PKCE, state and nonce (OpenID Connect Core §3.1). */
export interface RelyingParty {
  issuer: string;
  clientId: string;
  /** Where the provider sends the browser, as it is registered there. */
  redirectUri: string;
  /** openid-client's configuration with the client secret, and with the one before a rotation. */
  current: Configuration;
  former: Configuration | null;
  keys: KeyStore;
  /** How long ago a person may have signed in at the provider; absent or null if that does not matter. */
  maxAgeSeconds?: number | null;
}

/** The values that the provider's answer has to match. They never leave our side. */
export interface Expectations {
  codeVerifier: string;
  nonce: string;
  /** Set if the person has to sign in again. */
  again?: Reauthentication | null;
}

/** A request that the provider asks a person to sign in even though they have a session there. */
interface Reauthentication {
  /** When the browser left, in ms since the epoch. */
  sentAt: number;
  /** The authentication context classes that are wanted, separated by spaces; null if any will do. */
  acrValues: string | null;
}

/** A request to send the browser to the provider. */
export interface AuthorizationRequest {
  state: string;
  expectations: Expectations;
  loginHint: string | null;
}

/** A sign-in that the provider has proved. */
export interface VerifiedLogin {
  subject: string;
  /** Claims of the ID token, overridden by those of UserInfo: Okta's ID tokens are thin. */
  claims: Readonly<Record<string, unknown>>;
  idToken: string;
  /** Whether only the client secret from before the rotation worked. */
  byFormerSecret: boolean;
  /** When the provider wants the session to end at the latest, in ms since the epoch; null if it does not say. */
  sessionEndsAt: number | null;
  /** Time, methods and class of the sign-in, by the ID token. */
  proof: SignInProof;
}

/** An integration of the OIN may ask for these scopes only: never offline_access or groups. */
const scope = oidcScopes.join(" ");

/** Limits for an ID token, which is issued when the code is redeemed: an old one belongs to another sign-in. */
const freshness = { clockTolerance: 60, maxTokenAge: "10 minutes" };

export function newExpectations(): Expectations {
  return { codeVerifier: randomPKCECodeVerifier(), nonce: randomNonce() };
}

/**
 * Makes openid-client read every error of the token endpoint, which is all that it sends a POST to. Some providers announce
 * the JSON of RFC 6749 §5.2 as a page or as problem+json, answer 200 with it, or name the code `errorCode`, as Okta's own
 * API does.
 */
export function normalizeErrors(configuration: Configuration): Configuration {
  const send = configuration[customFetch];
  if (!send) return configuration;
  configuration[customFetch] = async (url, options) => {
    const answer = await send(url, options);
    return options.method === "POST" ? await withPlainError(answer) : answer;
  };
  return configuration;
}

async function withPlainError(answer: Response): Promise<Response> {
  if (answer.status >= 500 || answer.status === 429) return answer;
  const sent: unknown = await answer
    .clone()
    .json()
    .catch(() => null);
  const body: Record<string, unknown> = { ...Object(sent) };
  const error = [body.error, body.errorCode].find((code) => typeof code === "string" && code !== "");
  if (error === undefined || body.access_token !== undefined) return answer;
  const description = body.error_description ?? body.errorSummary;
  const headers = new Headers(answer.headers);
  headers.set("content-type", "application/json");
  const plain = { error, ...(typeof description === "string" ? { error_description: description } : {}) };
  return new Response(JSON.stringify(plain), { status: answer.ok ? 400 : answer.status, headers });
}

/** Where to send the browser. Throws RefusedError if the discovery document names no such address. */
export async function authorizationUrl(
  { current, redirectUri, maxAgeSeconds = null }: RelyingParty,
  { state, expectations: { codeVerifier, nonce, again }, loginHint }: AuthorizationRequest,
): Promise<string> {
  const challenge = await calculatePKCECodeChallenge(codeVerifier);
  return await callProvider(discoveryCall, async () => {
    const url = buildAuthorizationUrl(current, {
      redirect_uri: redirectUri,
      scope,
      state,
      nonce,
      code_challenge: challenge,
      code_challenge_method: "S256",
      ...(loginHint === null ? {} : { login_hint: loginHint }),
      ...(maxAgeSeconds === null ? {} : { max_age: String(maxAgeSeconds) }),
      ...(again ? reauthentication(again) : {}),
    });
    return url.href;
  });
}

/**
 * The parameters that ask for a new sign-in (Core §3.1.2.1). `max_age=0` makes auth_time required in the ID token;
 * `prompt=login` is for providers that take a maximum age of zero for none.
 */
function reauthentication({ acrValues }: Reauthentication): Record<string, string> {
  return { prompt: "login", max_age: "0", ...(acrValues === null ? {} : { acr_values: acrValues }) };
}

/**
 * Judges the provider's answer, redeems its code, and verifies the tokens and UserInfo. Throws RefusedError with the rule
 * that did not hold (policy.ts).
 * @param url the callback address that the browser called, with its query.
 */
export async function redeem(
  url: URL,
  expectations: Expectations,
  client: RelyingParty,
): Promise<VerifiedLogin> {
  const [iss, error] = ["iss", "error"].map((name) => url.searchParams.get(name));
  judgeSignIn(answerRules, { iss: iss ?? null, issuer: client.issuer, error: error ?? null });
  const { configuration, tokens } = await callProvider(grantCall, () =>
    redeemCode(url, expectations, client),
  );
  const idToken = tokens.id_token ?? "";
  const claims = await callProvider(signatureCall, () => verifyIdToken(idToken, configuration, client));
  const { clientId, maxAgeSeconds = null } = client;
  const { again = null } = expectations;
  const { access_token: accessToken } = tokens;
  const facts = { claims, clientId, maxAgeSeconds, again, accessToken, now: Date.now() };
  judgeSignIn(claimRules, facts);
  const subject = String(claims.sub);
  const userInfo = await callProvider(userInfoCall, () => fetchUserInfo(configuration, accessToken, subject));
  const byFormerSecret = configuration === client.former;
  // Of the ID token only: UserInfo is not signed, and must not extend a session.
  const [sessionEndsAt, proof] = [sessionEndOf(facts), proofOf(facts)];
  return { subject, claims: { ...claims, ...userInfo }, idToken, byFormerSecret, sessionEndsAt, proof };
}

/** Claims that are not as OpenID Connect Core §2 defines them say nothing. */
function proofOf({ claims, now }: SessionFacts): SignInProof {
  const { auth_time: signedInAt, amr, acr } = claims;
  const isWord = (one: unknown): one is string => typeof one === "string" && one !== "" && one.length <= 200;
  const at = timeOf(signedInAt);
  return {
    // A provider whose clock is ahead must not make a sign-in look newer.
    at: at === null ? null : Math.min(at, now),
    methods: Array.isArray(amr) ? amr.filter(isWord).slice(0, 20) : [],
    context: isWord(acr) ? acr : null,
  };
}

/** When the session has to end at the latest, by an ID token that keeps claimRules; null if it does not say. */
function sessionEndOf({ claims, maxAgeSeconds, now }: SessionFacts): number | null {
  const { session_expiry: end, session_lifetime: lifetime, auth_time: signedInAt } = claims;
  const ends = [
    ...(end == null ? [] : [Number(timeOf(end))]),
    ...(lifetime == null ? [] : [now + Number(timeOf(lifetime))]),
    // A provider whose clock is ahead must not extend the session.
    ...(maxAgeSeconds ? [Math.min(Number(timeOf(signedInAt)), now) + maxAgeSeconds * 1000] : []),
  ];
  return ends.length === 0 ? null : Math.min(...ends, endOfTime);
}

/** The tokens for the code, and the configuration whose client secret the provider accepted. */
async function redeemCode(url: URL, expectations: Expectations, { current, former }: RelyingParty) {
  const grant = async (configuration: Configuration) => ({
    configuration,
    tokens: await authorizationCodeGrant(configuration, url, {
      pkceCodeVerifier: expectations.codeVerifier,
      expectedState: url.searchParams.get("state") ?? "",
      // With a nonce, openid-client demands an ID token, too.
      expectedNonce: expectations.nonce,
    }),
  });
  try {
    return await grant(current);
  } catch (error) {
    // The provider refused the secret and not the code: the secret from before the rotation may still be valid.
    if (!former || !isClientRefused(error)) throw error;
    return await grant(former);
  }
}

/**
 * openid-client has checked iss, aud, exp, nbf, nonce and the required claims, but not the signature. Key stores are shared
 * between connections, so issuer and audience are checked here again.
 */
async function verifyIdToken(
  idToken: string,
  configuration: Configuration,
  { issuer, clientId, keys }: RelyingParty,
) {
  const { jwks_uri: jwksUri } = configuration.serverMetadata();
  if (!jwksUri) throw new ClientError("the discovery document names no jwks_uri");
  return await keys.verify(idToken, jwksUri, { issuer, audience: clientId, ...freshness });
}

/**
 * Makes a call through openid-client or jose, and judges its error as the rule that it is about: throws RefusedError.
 * An error that the provider did not cause is thrown as it is.
 */
export async function callProvider<T>(call: ProviderCall, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const finding = findingOf(call, error);
    if (finding) judgeSignIn(call.rules, { finding }, { cause: causeOf(error), ...helpFor(finding) });
    throw error;
  }
}
