import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import { InvalidError } from "../errors.ts";
import { type FetchLimits, guardedRequest, textOf } from "./guarded-fetch.ts";
import { sendPatiently } from "./openid-providers.ts";

/** Refetch keys that are this old, because providers also revoke keys. */
const maxAgeMs = 15 * 60_000;
/** Limits refetches for unknown key ids and after a failure, or an attacker could make us fetch all day. */
const refetchMs = 5_000;
/** A stranger may name key sets without end, so only this many are kept. */
const maxKeySets = 1_000;

interface CachedKeys {
  keys: ReturnType<typeof createLocalJWKSet>;
  fetchedAt: number;
  /** From this time on, an unknown key id causes a refetch. */
  refetchFrom: number;
}

/** Verifies tokens with the keys that their issuers publish. */
export interface KeyStore {
  /**
   * Verifies a JWT and returns its claims. It must be signed with RS256, unless the options list other algorithms. An unknown
   * key id refetches the issuer's keys once, so key rotation does not break sign-ins. Throws an error of jose, or
   * InvalidError if the keys cannot be read, also for five seconds after that.
   */
  verify(token: string, jwksUri: string, options: JWTVerifyOptions): Promise<JWTPayload>;
}

/**
 * Caches keys per JWKS URI, so one issuer's keys never verify another issuer's tokens.
 * @param beforeFirst is called before a key set is read that is not cached. If it throws, the set is not read.
 */
export function keyStore(
  limits: FetchLimits,
  now: () => number = Date.now,
  beforeFirst: (jwksUri: string) => Promise<void> = async () => {},
): KeyStore {
  const cache = new Map<string, CachedKeys>();
  const pending = new Map<string, Promise<CachedKeys>>();
  const failed = new Map<string, { error: unknown; until: number }>();

  async function load(jwksUri: string, refetchFrom: number): Promise<CachedKeys> {
    try {
      if (!cache.has(jwksUri)) await beforeFirst(jwksUri);
      const keys = createLocalJWKSet(await readKeys(jwksUri, limits));
      const fresh = { keys, fetchedAt: now(), refetchFrom };
      keep(cache, jwksUri, fresh);
      return fresh;
    } catch (error) {
      keep(failed, jwksUri, { error, until: now() + refetchMs });
      throw error;
    }
  }

  /** Concurrent callers share one request. */
  function fetchOnce(jwksUri: string, refetchFrom: number): Promise<CachedKeys> {
    const running = pending.get(jwksUri) ?? load(jwksUri, refetchFrom).finally(() => pending.delete(jwksUri));
    pending.set(jwksUri, running);
    return running;
  }

  async function current(jwksUri: string): Promise<CachedKeys> {
    const cached = cache.get(jwksUri);
    if (cached && now() - cached.fetchedAt < maxAgeMs) return cached;
    const failure = failed.get(jwksUri);
    if (failure && now() < failure.until) throw failure.error;
    return await fetchOnce(jwksUri, now());
  }

  /** Returns keys newer than `known`, which lacked one; or `known` itself if it is too early to refetch. */
  async function refetch(jwksUri: string, known: CachedKeys): Promise<CachedKeys> {
    const latest = cache.get(jwksUri) ?? known;
    if (latest !== known || pending.has(jwksUri)) return (await pending.get(jwksUri)) ?? latest;
    if (now() < known.refetchFrom) return known;
    known.refetchFrom = now() + refetchMs;
    return await fetchOnce(jwksUri, known.refetchFrom);
  }

  return {
    async verify(token, jwksUri, options) {
      // RS256 is the one algorithm that Okta uses. "none" and HS256 would permit forgery, so a list is always set.
      const checked = { algorithms: ["RS256"], ...options };
      const cached = await current(jwksUri);
      try {
        return (await jwtVerify(token, cached.keys, checked)).payload;
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        const fresh = await refetch(jwksUri, cached);
        if (fresh === cached) throw error;
        return (await jwtVerify(token, fresh.keys, checked)).payload;
      }
    },
  };
}

function keep<Value>(map: Map<string, Value>, jwksUri: string, value: Value): void {
  map.set(jwksUri, value);
  const [oldest] = map.keys();
  if (map.size > maxKeySets && oldest !== undefined) map.delete(oldest);
}

/** Fetches a key set, with one retry. Throws InvalidError. */
export async function readKeys(jwksUri: string, limits: FetchLimits): Promise<JSONWebKeySet> {
  const answer = await sendPatiently(() => guardedRequest(jwksUri, {}, limits));
  return parseKeys(await textOf(answer, jwksUri));
}

function parseKeys(text: string): JSONWebKeySet {
  try {
    const keys = JSON.parse(text) as JSONWebKeySet;
    if (Array.isArray(keys.keys)) return keys;
  } catch {
    // Not JSON: fall through to the error below.
  }
  throw new InvalidError("The address of the provider's keys does not hold a key set.");
}
