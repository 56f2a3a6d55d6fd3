import { randomUUID } from "node:crypto";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { ProvisioningSource } from "../model.ts";
import { hashToken, randomToken } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { checkShownName } from "./names.ts";
import { defaultSourceName } from "./tenants.ts";

/** Makes a token recognisable to secret scanners and to people who find it in a file. */
const prefix = "oinscim_";
const hintLength = prefix.length + 4;
const dayMs = 86_400_000;
/** Warn this long before a token expires, as for certificates. */
const warnMs = 30 * dayMs;

export interface CreatedToken {
  id: string;
  /** The token itself. Show it once; only its hash is stored. */
  token: string;
  source: ProvisioningSource;
  expiresAt: number | null;
}

/**
 * Creates a provisioning token, and its source if that is new. Throws InvalidError for an unacceptable name or number of
 * days.
 */
export async function createToken(
  store: TenantStore,
  sourceName: string = defaultSourceName,
  expiresInDays: number | null = null,
  now: () => number = Date.now,
): Promise<CreatedToken> {
  checkSourceName(sourceName);
  checkTokenDays(expiresInDays);
  const { token, ...stored } = newToken();
  const expiresAt = expiresInDays === null ? null : now() + expiresInDays * dayMs;
  const source = await store.transaction(async (inside) => {
    const used = await sourceNamed(inside, sourceName);
    await inside.tokens.create({ ...stored, sourceId: used.id, expiresAt });
    return used;
  });
  return { id: stored.id, token, source, expiresAt };
}

/** A random token with which a provisioning client calls, and what is stored of it. */
export function newToken() {
  const token = prefix + randomToken();
  return { token, id: randomUUID(), tokenHash: hashToken(token), hint: token.slice(0, hintLength) };
}

/** The source of this name, which is created if it is new. */
export async function sourceNamed(inside: TenantStore, name: string): Promise<ProvisioningSource> {
  return (await inside.sources.byName(name)) ?? (await inside.sources.create({ id: randomUUID(), name }));
}

/** Throws InvalidError. */
export function checkSourceName(name: string): void {
  if (name.trim() === "" || name.length > 100)
    throw new InvalidError("A source's name must have 1 to 100 characters.");
  checkShownName("The source's name", name);
}

/** Throws InvalidError. Null is fine: such a token does not expire. */
export function checkTokenDays(days: number | null): void {
  if (days !== null && !(Number.isInteger(days) && days >= 1 && days <= 3650))
    throw new InvalidError("A token must expire after a whole number of days, 1 to 3650.");
}

/** Revokes a token. Throws NotFoundError if there is no such token or it is already revoked. */
export async function revokeToken(store: TenantStore, id: string): Promise<void> {
  if (!(await store.tokens.revoke(id))) throw new NotFoundError("There is no such token.");
}

interface TokenValidity {
  expiresAt: number | null;
  revokedAt?: number | null;
}

/** Whether a token is accepted: neither revoked nor expired. */
export function isActiveToken({ revokedAt = null, expiresAt }: TokenValidity, now: number): boolean {
  return revokedAt === null && endOf({ expiresAt }) > now;
}

/**
 * Returns warnings, as sentences, about tokens that have expired or soon will. Pass tokens that are not revoked. For each
 * source only the token that lasts longest counts.
 */
export function tokenWarnings(
  tokens: readonly { source: string; hint: string; expiresAt: number | null }[],
  now: number,
): { isExpired: boolean; text: string }[] {
  const sources = [...new Set(tokens.map(({ source }) => source))];
  return sources.flatMap((source) => {
    const last = tokens.filter((token) => token.source === source).sort((a, b) => endOf(b) - endOf(a))[0];
    if (!last?.expiresAt || last.expiresAt > now + warnMs) return [];
    const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" }).format(
      last.expiresAt,
    );
    const name = `The provisioning token ${last.hint}… (source ${source})`;
    const isExpired = last.expiresAt <= now;
    const text = isExpired
      ? `${name} expired on ${day}: provisioning has stopped.`
      : `${name} expires on ${day}. Create another one, and enter it in Okta.`;
    return { isExpired, text };
  });
}

const endOf = ({ expiresAt }: Pick<TokenValidity, "expiresAt">) => expiresAt ?? Number.POSITIVE_INFINITY;
