import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** The parameters of scrypt (RFC 7914 §2); N is 2 to the power of `logN`. */
export interface PasswordCost {
  logN: number;
  r: number;
  p: number;
}

/** Hashes and verifies passwords. A program creates one and passes it on, so that maxParallel holds for all of it. */
export interface PasswordHasher {
  /** Returns `scrypt$logN$r$p$salt$key`, salt and key in base64url. */
  hash(password: string): Promise<string>;
  /**
   * Whether `password` matches `hash`, which contains its own parameters. For null (no such account, or no password) it
   * takes as long as for a new hash and returns false, to avoid a timing oracle.
   */
  verify(password: string, hash: string | null): Promise<boolean>;
}

/**
 * N = 2^15, r = 8, p = 3: one of the minimum settings that OWASP recommends for password storage. Each hash contains its
 * parameters, so they can be raised later.
 */
const productionCost: PasswordCost = { logN: 15, r: 8, p: 3 };
const keyBytes = 32;
const saltBytes = 16;

/** Limits concurrent derivations, because they share a thread pool with the database driver. */
const maxParallel = 2;

/** @param cost of new hashes. Only tests lower it. */
export function passwordHasher(cost: PasswordCost = productionCost): PasswordHasher {
  const limited = limitConcurrency(maxParallel);
  const parameters = ["scrypt", cost.logN, cost.r, cost.p];
  /** A well-formed hash that no password has. */
  const absentHash = [...parameters, "A".repeat(22), "A".repeat(43)].join("$");
  return {
    async hash(password) {
      const salt = randomBytes(saltBytes);
      const key = await limited(() => derive(password, salt, cost));
      return [...parameters, salt.toString("base64url"), key.toString("base64url")].join("$");
    },
    async verify(password, hash) {
      const parts = (hash ?? absentHash).split("$");
      const [, logN, r, p, salt, key] = parts as [string, string, string, string, string, string];
      const expected = Buffer.from(key, "base64url");
      const stored = { logN: Number(logN), r: Number(r), p: Number(p) };
      const actual = await limited(() => derive(password, Buffer.from(salt, "base64url"), stored));
      return timingSafeEqual(actual, expected) && hash !== null;
    },
  };
}

function derive(password: string, salt: Buffer, { logN, r, p }: PasswordCost): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** logN, r, p, maxmem: 256 * 2 ** logN * r };
  // Keyboards differ in whether they compose accents, so both forms must hash alike (RFC 8265 §4.2.2).
  const text = password.normalize("NFC");
  return new Promise((resolve, reject) => {
    scrypt(text, salt, keyBytes, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

/** Runs at most `places` pieces of work at once; the others wait in order. */
function limitConcurrency(places: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= places) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // Hand the place over directly, so that a newcomer cannot jump the queue.
      if (next) next();
      else running--;
    }
  };
}
