import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/**
 * Passwords at rest: scrypt (RFC 7914) with N = 2^15, r = 8, p = 3, one of the settings that OWASP's password
 * storage recommendations name as the minimum. The parameters stand in each hash, so that they can be raised later.
 */
const cost = { logN: 15, r: 8, p: 3 };
const keyBytes = 32;
const saltBytes = 16;

/** At most this many derivations at once: they share a thread pool with the database driver. */
const maxParallel = 2;
let running = 0;
const waiting: (() => void)[] = [];

/** Returns `scrypt$logN$r$p$salt$key`, salt and key in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const key = await derive(password, salt, cost);
  return ["scrypt", cost.logN, cost.r, cost.p, salt.toString("base64url"), key.toString("base64url")].join(
    "$",
  );
}

/**
 * Whether `password` is the one that was hashed. With `null`, for an account that does not exist or has no
 * password, it takes the same time and says no.
 */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  const parts = (hash ?? absentHash).split("$");
  const [, logN, r, p, salt, key] = parts as [string, string, string, string, string, string];
  const expected = Buffer.from(key, "base64url");
  const parameters = { logN: Number(logN), r: Number(r), p: Number(p) };
  const actual = await derive(password, Buffer.from(salt, "base64url"), parameters);
  return timingSafeEqual(actual, expected) && hash !== null;
}

/** The shape of a hash with today's cost, of no password. */
const absentHash = ["scrypt", cost.logN, cost.r, cost.p, "A".repeat(22), "A".repeat(43)].join("$");

async function derive(password: string, salt: Buffer, { logN, r, p }: typeof cost): Promise<Buffer> {
  const options = { N: 2 ** logN, r, p, maxmem: 256 * 2 ** logN * r };
  // Composed and decomposed accents are typed alike, so they must be hashed alike (RFC 8265 §4.2.2).
  return await inTurn(() => scryptAsync(password.normalize("NFC"), salt, options));
}

function scryptAsync(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, keyBytes, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= maxParallel) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    // The place is handed over, so that a newcomer cannot take it in between.
    if (next) next();
    else running--;
  }
}
