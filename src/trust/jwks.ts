import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import { InvalidError } from "../errors.ts";
import { type FetchLimits, guardedFetch } from "./guarded-fetch.ts";

/** Keys are fetched again when they are this old, because a provider takes keys back, too. */
const maxAgeMs = 15 * 60_000;
/** For keys that are not known, keys are fetched again at most this often, or a forger would make us ask all day. */
const refetchMs = 5_000;

interface CachedKeys {
  keys: ReturnType<typeof createLocalJWKSet>;
  fetchedAt: number;
  /** From when on a key that is not known makes them be fetched again. */
  refetchFrom: number;
}

/** Verifies tokens with the keys that issuers publish. */
export interface KeyStore {
  /**
   * Verifies a signed JWT by RS256 and returns its claims. A key id that is not known makes the issuer's keys be fetched
   * once more, so that a rotation loses nobody. Throws an error of jose, or InvalidError when the keys cannot be read.
   */
  verify(token: string, jwksUri: string, options: JWTVerifyOptions): Promise<JWTPayload>;
}

/** One cache for each address of keys; keys of one issuer are never used for another's tokens. */
export function keyStore(limits: FetchLimits, now: () => number = Date.now): KeyStore {
  const cache = new Map<string, CachedKeys>();
  const underWay = new Map<string, Promise<CachedKeys>>();

  async function load(jwksUri: string, refetchFrom: number): Promise<CachedKeys> {
    const keys = createLocalJWKSet(await readKeys(jwksUri, limits));
    const fresh = { keys, fetchedAt: now(), refetchFrom };
    cache.set(jwksUri, fresh);
    return fresh;
  }

  /** Whoever needs the same keys at the same time waits for the same request. */
  function fetched(jwksUri: string, refetchFrom: number): Promise<CachedKeys> {
    const running =
      underWay.get(jwksUri) ?? load(jwksUri, refetchFrom).finally(() => underWay.delete(jwksUri));
    underWay.set(jwksUri, running);
    return running;
  }

  async function current(jwksUri: string): Promise<CachedKeys> {
    const cached = cache.get(jwksUri);
    return cached && now() - cached.fetchedAt < maxAgeMs ? cached : await fetched(jwksUri, now());
  }

  /** Keys that are newer than `known`, in which one was missing; `known` itself when it is too early to ask. */
  async function newer(jwksUri: string, known: CachedKeys): Promise<CachedKeys> {
    const latest = cache.get(jwksUri) ?? known;
    if (latest !== known || underWay.has(jwksUri)) return (await underWay.get(jwksUri)) ?? latest;
    if (now() < known.refetchFrom) return known;
    known.refetchFrom = now() + refetchMs;
    return await fetched(jwksUri, known.refetchFrom);
  }

  return {
    async verify(token, jwksUri, options) {
      // RS256 alone (Okta signs with nothing else): none and HS256 must not come up for discussion.
      const checked = { ...options, algorithms: ["RS256"] };
      const cached = await current(jwksUri);
      try {
        return (await jwtVerify(token, cached.keys, checked)).payload;
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        const fresh = await newer(jwksUri, cached);
        if (fresh === cached) throw error;
        return (await jwtVerify(token, fresh.keys, checked)).payload;
      }
    },
  };
}

/** The keys at an address, asked for once more when the first answer fails. Throws InvalidError with a sentence. */
export async function readKeys(jwksUri: string, limits: FetchLimits): Promise<JSONWebKeySet> {
  const read = () => guardedFetch(jwksUri, limits);
  return parseKeys(await read().catch(read));
}

function parseKeys(text: string): JSONWebKeySet {
  try {
    const keys = JSON.parse(text) as JSONWebKeySet;
    if (Array.isArray(keys.keys)) return keys;
  } catch {
    // Not JSON: said below.
  }
  throw new InvalidError("The address of the provider's keys does not hold a key set.");
}
