import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretBasic,
  type Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from "openid-client";
import type { AgentSettings } from "../../../../src/demo/agent.ts";
import type { Access } from "./access.ts";
import type { WireTrace } from "./wire-trace.ts";

/** A sign-in that waits for the browser to return from the org. */
export interface PendingSignIn {
  configuration: Configuration;
  state: string;
  nonce: string;
  codeVerifier: string;
  trace: WireTrace;
}

/** The person of an ID token. */
export interface SignedInAtOrg {
  name: string;
  login: string;
}

/** Begins a sign-in at the org (OpenID Connect Core §3.1, with PKCE). Returns where the browser goes. */
export async function beginSignIn(
  { org }: AgentSettings,
  redirectUri: string,
  loginHint: string | undefined,
  trace: WireTrace,
): Promise<{ pending: PendingSignIn; url: string }> {
  const configuration = await discovery(
    new URL(org.url),
    org.clientId,
    undefined,
    ClientSecretBasic(org.clientSecret),
    {
      [customFetch]: (url, { method, body, headers, signal }) =>
        trace.fetch(url, {
          method,
          headers,
          body: (body ?? null) as BodyInit | null,
          signal: signal ?? null,
        }),
      execute: [enableNonRepudiationChecks, ...(org.url.startsWith("http:") ? [allowInsecureRequests] : [])],
    },
  );
  const codeVerifier = randomPKCECodeVerifier();
  const pending = { configuration, trace, codeVerifier, state: randomState(), nonce: randomNonce() };
  const url = buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: "openid profile email",
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: "S256",
    ...(loginHint ? { login_hint: loginHint } : {}),
  });
  trace.carried(url.href);
  return { pending, url: url.href };
}

/** Ends a sign-in with the URL on which the browser returned. Throws the errors of openid-client. */
export async function endSignIn(
  { configuration, state, nonce, codeVerifier, trace }: PendingSignIn,
  callback: URL,
): Promise<{ access: Access; user: SignedInAtOrg }> {
  trace.carried(callback.href);
  const tokens = await authorizationCodeGrant(configuration, callback, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: codeVerifier,
    idTokenExpected: true,
  });
  const { id_token: idToken = "" } = tokens;
  const { name, preferred_username: login, sub } = { ...tokens.claims() } as Record<string, unknown>;
  const tokenEndpoint = configuration.serverMetadata().token_endpoint ?? "";
  return {
    access: { idToken, tokenEndpoint, accessToken: null },
    user: { name: String(name ?? login ?? sub), login: String(login ?? sub) },
  };
}
