import * as openid from "openid-client";
import type { OrgApp, OrgPerson } from "../src/state.ts";
import type { TestOrg } from "../src/testing.ts";

export const tokenType = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;

type TokenBody = Record<string, unknown> & { access_token?: string };

export interface TokenResponse {
  status: number;
  body: TokenBody;
}

/** Posts to the org's token endpoint. @param basic a client ID and a secret for the Authorization header. */
export async function requestToken(
  org: TestOrg,
  form: Record<string, string>,
  basic?: [id: string, secret: string],
): Promise<TokenResponse> {
  const headers: Record<string, string> = basic
    ? { authorization: `Basic ${Buffer.from(basic.map(encodeURIComponent).join(":")).toString("base64")}` }
    : {};
  const response = await fetch(`${org.url}/oauth2/v1/token`, {
    method: "POST",
    headers,
    body: new URLSearchParams(form),
  });
  return { status: response.status, body: (await response.json()) as TokenBody };
}

/** Signs the person in to an OIDC app, and returns its tokens. */
export async function signInTo(
  org: TestOrg,
  app: OrgApp,
  person: OrgPerson,
  authentication: openid.ClientAuth,
): Promise<{ idToken: string; refreshToken: string }> {
  const configuration = await openid.discovery(
    new URL(org.url),
    app.id,
    { id_token_signed_response_alg: "RS256" },
    authentication,
    { execute: [openid.allowInsecureRequests] },
  );
  const redirectUri = app.signOn.kind === "oidc" ? (app.signOn.redirectUris[0] ?? "") : "";
  const verifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  let url = openid.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: "openid email offline_access",
    state,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const browser = await org.signedIn(person);
  while (url.origin === org.url) {
    const { location, text } = await browser.get(url.pathname + url.search);
    if (!location) throw new Error(text);
    url = new URL(location, url);
  }
  const tokens = await openid.authorizationCodeGrant(configuration, url, {
    pkceCodeVerifier: verifier,
    expectedState: state,
  });
  return { idToken: tokens.id_token ?? "", refreshToken: tokens.refresh_token ?? "" };
}
