import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientError,
  calculatePKCECodeChallenge,
  ResponseBodyError,
  randomPKCECodeVerifier,
  refreshTokenGrant,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
  tokenRevocation,
} from "openid-client";
import { InvalidError } from "../errors.ts";
import {
  answerStatusOf,
  type ProviderExchange,
  type Providers,
  recordExchanges,
} from "./openid-providers.ts";

/** A client that a customer registered for us in their org, to call the org's own API. */
export interface OrgRegistration {
  /** The org's address, without a slash at its end. It is the issuer of the org's authorization server. */
  org: string;
  clientId: string;
  secret: string;
}

/** One request for authorization. The verifier and the state never leave our side before the browser does. */
interface OrgRequest {
  redirectUri: string;
  scopes: readonly string[];
  state: string;
  codeVerifier: string;
}

/** An answer of the org's token endpoint. */
export interface OrgTokens {
  accessToken: string;
  /** In ms since the epoch. */
  expiresAt: number;
  /** Null if the org gave none: at a refresh, the former one stays valid (RFC 6749 §6). */
  refreshToken: string | null;
  scopes: readonly string[];
}

/** The org gave no tokens. The code is one of RFC 6749 §5.2, or one of the two below. */
export class OrgRefusedError extends Error {
  override name = "OrgRefusedError";
  readonly code: string;
  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Our codes for an org that cannot be reached, and for an answer that is not OAuth. */
export const orgUnavailable = "unavailable";
const answerNotValid = "answer-not-valid";

/** Authorization code with PKCE, refresh and revocation, at one org. Every call throws OrgRefusedError. */
export interface OrgClient {
  /** Whether the org's metadata announces that it names itself in its answers (RFC 9207 §3). */
  namesIssuer: boolean;
  authorizationUrl(request: OrgRequest): Promise<string>;
  /** @param url the callback address that the browser called, with its query. */
  redeem(url: URL, request: Pick<OrgRequest, "state" | "codeVerifier" | "scopes">): Promise<OrgTokens>;
  refresh(refreshToken: string, scopes: readonly string[]): Promise<OrgTokens>;
  /** Revokes a token (RFC 7009). Does nothing if the org announces no endpoint for it. */
  revoke(refreshToken: string): Promise<void>;
}

/** A code verifier (RFC 7636 §4.1). It is made here because only this room and oidc use the library. */
export function newCodeVerifier(): string {
  return randomPKCECodeVerifier();
}

/**
 * Reads the org's metadata, and returns its client. Throws OrgRefusedError.
 * @param exchanges keeps each request to the org, for the inspector.
 */
export async function orgClient(
  providers: Providers,
  { org, clientId, secret }: OrgRegistration,
  exchanges: ProviderExchange[],
): Promise<OrgClient> {
  const found = await callOrg(() => providers.configuration({ issuer: org, clientId }, secret));
  const configuration = recordExchanges(found, exchanges);
  const metadata = configuration.serverMetadata();
  return {
    namesIssuer: metadata.authorization_response_iss_parameter_supported === true,

    async authorizationUrl({ redirectUri, scopes, state, codeVerifier }) {
      const challenge = await calculatePKCECodeChallenge(codeVerifier);
      return await callOrg(() => {
        const url = buildAuthorizationUrl(configuration, {
          redirect_uri: redirectUri,
          scope: scopes.join(" "),
          state,
          code_challenge: challenge,
          code_challenge_method: "S256",
        });
        return url.href;
      });
    },

    async redeem(url, { state, codeVerifier, scopes }) {
      const checks = { pkceCodeVerifier: codeVerifier, expectedState: state };
      return tokensOf(await callOrg(() => authorizationCodeGrant(configuration, url, checks)), scopes);
    },

    async refresh(refreshToken, scopes) {
      return tokensOf(await callOrg(() => refreshTokenGrant(configuration, refreshToken)), scopes);
    },

    async revoke(refreshToken) {
      if (metadata.revocation_endpoint === undefined) return;
      const hint = { token_type_hint: "refresh_token" };
      await callOrg(() => tokenRevocation(configuration, refreshToken, hint));
    },
  };
}

/** An access token whose answer names no lifetime is used for this long, in seconds. */
const shortestLifetime = 60;

/** An answer without `scope` grants what was requested (RFC 6749 §5.1). */
function tokensOf(
  answer: TokenEndpointResponse & TokenEndpointResponseHelpers,
  requested: readonly string[],
): OrgTokens {
  return {
    accessToken: answer.access_token,
    expiresAt: Date.now() + (answer.expiresIn() ?? shortestLifetime) * 1000,
    refreshToken: answer.refresh_token ?? null,
    scopes: answer.scope?.split(" ") ?? requested,
  };
}

async function callOrg<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw refusalIn(error) ?? error;
  }
}

/** The refusal that an error of the library or of the guard means; null if the org did not cause it. */
function refusalIn(error: unknown): OrgRefusedError | null {
  const refused = (code: string, message: string) => new OrgRefusedError(code, message, { cause: error });
  const guarded = [error, Object(error).cause].find((one) => one instanceof InvalidError);
  if (guarded) return refused(orgUnavailable, guarded.message);
  if (error instanceof ResponseBodyError && error.status !== 429)
    return refused(error.error.slice(0, 100), `The org answered ${error.status}.`);
  const status = answerStatusOf(error);
  // RFC 6749 §5.2 reserves 401 for the client's own authentication.
  if (status === 401) return refused("invalid_client", "The org answered 401.");
  if (status !== null && (status === 429 || status >= 500))
    return refused(orgUnavailable, `The org answered ${status}.`);
  return error instanceof ClientError ? refused(answerNotValid, error.message) : null;
}
