import { randomUUID } from "node:crypto";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { ProvisioningSource } from "../model.ts";
import { hashToken, randomToken } from "../store/secrets.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { checkShownName } from "./names.ts";
import { defaultSourceName } from "./tenants.ts";

/** Makes a token recognisable to secret scanners and to the person who finds it in a file. */
const prefix = "oinscim_";
const hintLength = prefix.length + 4;
const dayMs = 86_400_000;
/** A token that ends within this time wants attention, as a certificate does. */
const warnMs = 30 * dayMs;

export interface CreatedToken {
  id: string;
  /** The token itself: shown now and never again. */
  token: string;
  source: ProvisioningSource;
  expiresAt: number | null;
}

/**
 * Creates a provisioning token for a source of the tenant, and the source with it when it is new. Throws
 * InvalidError for a name or a number of days that makes no sense.
 */
export async function createToken(
  store: TenantStore,
  sourceName: string = defaultSourceName,
  expiresInDays: number | null = null,
  now: () => number = Date.now,
): Promise<CreatedToken> {
  if (sourceName.trim() === "" || sourceName.length > 100) {
    throw new InvalidError("A source's name must have 1 to 100 characters.");
  }
  checkShownName("The source's name", sourceName);
  if (
    expiresInDays !== null &&
    !(Number.isInteger(expiresInDays) && expiresInDays >= 1 && expiresInDays <= 3650)
  ) {
    throw new InvalidError("A token must expire after a whole number of days, 1 to 3650.");
  }
  const token = prefix + randomToken();
  const id = randomUUID();
  const expiresAt = expiresInDays === null ? null : now() + expiresInDays * dayMs;
  const source = await store.transaction(async (inside) => {
    const found = await inside.sources.byName(sourceName);
    const used = found ?? (await inside.sources.create({ id: randomUUID(), name: sourceName }));
    const hint = token.slice(0, hintLength);
    await inside.tokens.create({ id, sourceId: used.id, tokenHash: hashToken(token), hint, expiresAt });
    return used;
  });
  return { id, token, source, expiresAt };
}

/** Whoever calls with the token is refused from now on. Throws NotFoundError when there is no such living token. */
export async function revokeToken(store: TenantStore, id: string): Promise<void> {
  if (!(await store.tokens.revoke(id))) throw new NotFoundError("There is no such token.");
}

/** What decides whether a token is good. */
interface Expiry {
  expiresAt: number | null;
  revokedAt?: number | null;
}

/** Whether whoever calls with the token is let in. */
export function isActiveToken({ revokedAt = null, expiresAt }: Expiry, now: number): boolean {
  return revokedAt === null && endOf({ expiresAt }) > now;
}

/**
 * What somebody has to do something about, of tokens that were not revoked: sentences. Of each source, the token that
 * lasts longest counts: while it is good, the others do not matter.
 */
export function tokenWarnings(
  tokens: readonly { source: string; hint: string; expiresAt: number | null }[],
  now: number,
): string[] {
  const sources = [...new Set(tokens.map(({ source }) => source))];
  return sources.flatMap((source) => {
    const last = tokens.filter((token) => token.source === source).sort((a, b) => endOf(b) - endOf(a))[0];
    if (!last?.expiresAt || last.expiresAt > now + warnMs) return [];
    const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" }).format(
      last.expiresAt,
    );
    const name = `The provisioning token ${last.hint}… (source ${source})`;
    return last.expiresAt <= now
      ? [`${name} ended on ${day}: provisioning stands still.`]
      : [`${name} ends on ${day}. Create another one, and put it in Okta.`];
  });
}

const endOf = ({ expiresAt }: Pick<Expiry, "expiresAt">) => expiresAt ?? Number.POSITIVE_INFINITY;
