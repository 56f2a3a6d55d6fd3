import type { Database } from "./database.ts";

export interface RateLimit {
  /** The limit's name, because all limits share one table. */
  name: string;
  /** How often a key may be used within `seconds`. */
  points: number;
  seconds: number;
}

/** A rate limit that all replicas share, in the database. */
export interface RateLimiter {
  /** Counts one use of `key`. Returns 0 if it is allowed, otherwise the seconds until it will be, rounded up. */
  use(key: string): Promise<number>;
  /** As use(), without counting: 0 if the next use is allowed. */
  wait(key: string): Promise<number>;
  /** Resets the count of `key`. */
  reset(key: string): Promise<void>;
}

/**
 * Opens a rate limit with a fixed window that begins with the first use. One statement counts the use, starts a new window
 * if the old one is over, and returns the count, so replicas cannot race for the last allowed use.
 */
export function rateLimiter(
  database: Database,
  { name, points, seconds }: RateLimit,
  now: () => number = Date.now,
): RateLimiter {
  const idOf = (key: string) => `${name}:${key}`;
  const secondsTo = (end: number, at: number) => Math.max(1, Math.ceil((end - at) / 1000));
  return {
    async use(key) {
      const at = now();
      const sql = database.sql();
      const over = "rate_limits.expires_at <= ?";
      const [row] = (await sql("rate_limits")
        .insert({ key: idOf(key), points: 1, expires_at: at + seconds * 1000 })
        .onConflict("key")
        .merge({
          points: sql.raw(`case when ${over} then 1 else rate_limits.points + 1 end`, [at]),
          expires_at: sql.raw(`case when ${over} then ? else rate_limits.expires_at end`, [
            at,
            at + seconds * 1000,
          ]),
        })
        .returning(["points", "expires_at"])) as [{ points: number; expires_at: number }];
      return row.points <= points ? 0 : secondsTo(row.expires_at, at);
    },

    async wait(key) {
      const at = now();
      const row = (await database
        .sql()("rate_limits")
        .where("key", idOf(key))
        .where("expires_at", ">", at)
        .first(["points", "expires_at"])) as { points: number; expires_at: number } | undefined;
      return row && row.points >= points ? secondsTo(row.expires_at, at) : 0;
    },

    async reset(key) {
      await database.sql()("rate_limits").where("key", idOf(key)).delete();
    },
  };
}

/**
 * Accepts each key once in `seconds`, on all replicas together: for ids of tokens that belong to no tenant. The returned
 * function says whether the key is new.
 */
export function onceOnly(
  database: Database,
  { name, seconds }: Omit<RateLimit, "points">,
): (key: string) => Promise<boolean> {
  const limit = rateLimiter(database, { name, points: 1, seconds });
  return async (key) => (await limit.use(key)) === 0;
}

/** Removes expired windows. */
export async function removeExpiredRateLimits(database: Database, now: number = Date.now()): Promise<void> {
  await database.sql()("rate_limits").where("expires_at", "<=", now).delete();
}
