import type { Database } from "./database.ts";

export interface RateLimit {
  /** Tells the limits of one table apart. */
  name: string;
  /** How often within `seconds` a key may be used. */
  points: number;
  seconds: number;
}

/** A limit that all replicas count together, in the database. */
export interface RateLimiter {
  /** Counts one use of `key`. Returns 0 while it is allowed, else after how many whole seconds it will be. */
  use(key: string): Promise<number>;
  /** Forgets what was counted for `key`. */
  reset(key: string): Promise<void>;
}

/**
 * Opens a shared limit: so many uses in a window that begins with the first. One statement counts a use, begins a new
 * window where the old one is over, and says how many there were, so that no two replicas can both be the last allowed.
 */
export function rateLimiter(
  database: Database,
  { name, points, seconds }: RateLimit,
  now: () => number = Date.now,
): RateLimiter {
  const idOf = (key: string) => `${name}:${key}`;
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
      return row.points <= points ? 0 : Math.max(1, Math.ceil((row.expires_at - at) / 1000));
    },

    async reset(key) {
      await database.sql()("rate_limits").where("key", idOf(key)).delete();
    },
  };
}

/** Removes what no limit counts any more. */
export async function removeExpiredRateLimits(database: Database, now: number = Date.now()): Promise<void> {
  await database.sql()("rate_limits").where("expires_at", "<=", now).delete();
}
