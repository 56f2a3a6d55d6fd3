import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";

/** Secrets at rest: hashed if we only compare them, sealed if we need them in plain text. */

/**
 * Hashes a token, link or session id for storage: SHA-256 in base64url. A plain hash is enough, because these have at
 * least 128 random bits. Passwords do not: see directory/password-hash.ts.
 */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** Returns 256 random bits in base64url, for a URL or a header. */
export function randomToken(): string {
  return randomBytes(32).toString("base64url");
}

/** Whether two secrets are equal, without a timing oracle. Only their lengths may show. */
export function equalsSecret(given: string | Buffer, expected: string | Buffer): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

export interface Sealer {
  /** Encrypts a secret. `context` names the place where it is stored, for example `tenantId/connectionId`. */
  seal(secret: string, context: string): string;
  /** Decrypts. Throws if no key fits, if the context differs, or if the text was changed. */
  open(sealed: string, context: string): string;
  /** How all texts begin that `seal` returns: the format, and the id of the current key. */
  readonly prefix: string;
}

/** The sealing context of a connection's client secret. */
export function clientSecretContext(tenantId: string, connectionId: string): string {
  return `${tenantId}/${connectionId}`;
}

/** The sealing context of the ID token that a session keeps for the sign-out at its provider. */
export function idTokenContext(tenantId: string, connectionId: string): string {
  return `${tenantId}/${connectionId}/session`;
}

const ivBytes = 12;
const tagBytes = 16;

/** `v2.` and the id of the key. Texts of older releases begin with `v1.` and name no key. */
const sealedPattern = /^(?:v2\.([0-9a-f]{8})|v1)\.([\w-]+)$/;

/**
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. The context is authenticated, so a sealed secret cannot be
 * opened if it is copied to another row.
 * @param dataKey DATA_KEY of the configuration: 32 bytes. It seals.
 * @param formerKeys DATA_KEY_FORMER. They only open.
 */
export function sealer(dataKey: Buffer, formerKeys: readonly Buffer[] = []): Sealer {
  const keys = [dataKey, ...formerKeys].map((key) => ({ id: keyId(key), key }));
  const prefix = `v2.${keyId(dataKey)}.`;
  return {
    prefix,
    seal(secret, context) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv("aes-256-gcm", dataKey, iv).setAAD(Buffer.from(context));
      const text = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
      return prefix + Buffer.concat([iv, cipher.getAuthTag(), text]).toString("base64url");
    },
    open(sealed, context) {
      const [, id, text = ""] = sealedPattern.exec(sealed) ?? [];
      let problem: unknown = new Error("sealed with a key that is not configured");
      for (const { key } of keys.filter((one) => id === undefined || one.id === id)) {
        try {
          return decrypt(Buffer.from(text, "base64url"), key, context);
        } catch (error) {
          problem = error;
        }
      }
      throw problem;
    },
  };
}

/** Names a key without telling anything about it. */
function keyId(key: Buffer): string {
  return createHmac("sha256", key).update("DATA_KEY id").digest("hex").slice(0, 8);
}

function decrypt(bytes: Buffer, key: Buffer, context: string): string {
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, ivBytes), {
    authTagLength: tagBytes,
  })
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString(
    "utf8",
  );
}
