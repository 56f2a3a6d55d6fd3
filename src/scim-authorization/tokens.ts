import { provisioningScope } from "../directory/provisioning-clients.ts";
import { newToken } from "../directory/provisioning-tokens.ts";
import { hashToken, randomToken, type Sealer } from "../store/secrets.ts";
import type { GrantTokens } from "../store/tenant/provisioning-grants.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/** Okta refreshes by itself. A stolen access token is worth little after an hour. */
const accessLifetimeMs = 60 * 60_000;
/** A grant that is not used for so long ends. A directory may be quiet for months, so it is longer than for people. */
const refreshLifetimeMs = 180 * 86_400_000;

/** Makes a token recognisable to secret scanners and to people who find it in a file. */
const refreshPrefix = "oinscimr_";

/** The tokens of one response. */
export interface TokenPair {
  accessToken: string;
  refreshToken: string;
  /** When the access token expires, in ms since the epoch. */
  expiresAt: number;
}

/** The part that all refresh tokens of a grant share. With it, any former token leads to the grant that it is of. */
export function newFamily(): string {
  return randomToken();
}

/** The family of a refresh token; null for a text that is not one. */
export function familyOf(refreshToken: string): string | null {
  return /^oinscimr_([\w-]{43})\.[\w-]{43}$/.exec(refreshToken)?.[1] ?? null;
}

/** Creates an access token of a grant, and the refresh token that belongs to it. The caller stores the latter's hash. */
export async function newPair(
  inside: TenantStore,
  grant: { id: string; sourceId: string },
  family: string,
): Promise<TokenPair> {
  const { token, ...stored } = newToken();
  const expiresAt = Date.now() + accessLifetimeMs;
  await inside.tokens.create({ ...stored, sourceId: grant.sourceId, expiresAt, grantId: grant.id });
  return { accessToken: token, refreshToken: `${refreshPrefix}${family}.${randomToken()}`, expiresAt };
}

/** The columns of a grant whose client now has this pair, instead of the refresh token with the hash `formerHash`. */
export function storedPair(
  pair: TokenPair,
  former: { hash: string; sealedResponse: string } | null,
): GrantTokens {
  const now = Date.now();
  return {
    refreshHash: hashToken(pair.refreshToken),
    refreshedAt: now,
    refreshExpiresAt: now + refreshLifetimeMs,
    formerHash: former?.hash ?? null,
    sealedResponse: former?.sealedResponse ?? null,
  };
}

/** Seals a response, so that a client that lost it can get it again. */
export function pairSealer(sealer: Sealer, tenantId: string, grantId: string) {
  const context = `${tenantId}/${grantId}/token-response`;
  return {
    seal: (pair: TokenPair) => sealer.seal(JSON.stringify(pair), context),
    open: (sealed: string) => JSON.parse(sealer.open(sealed, context)) as TokenPair,
  };
}

/** RFC 6749 §5.1. */
export function tokenResponse({ accessToken, refreshToken, expiresAt }: TokenPair): object {
  return {
    token_type: "Bearer",
    access_token: accessToken,
    expires_in: Math.max(0, Math.floor((expiresAt - Date.now()) / 1000)),
    refresh_token: refreshToken,
    scope: provisioningScope,
  };
}
