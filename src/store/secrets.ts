import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

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

export interface Sealer {
  /** Encrypts a secret. `context` names the place where it is stored, for example `tenantId/connectionId`. */
  seal(secret: string, context: string): string;
  /** Decrypts. Throws if the key or the context differs, or if the text was changed. */
  open(sealed: string, context: string): string;
}

const ivBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. The context is authenticated, so a sealed secret cannot be
 * opened if it is copied to another row.
 * @param dataKey DATA_KEY of the configuration: 32 bytes.
 */
export function sealer(dataKey: Buffer): Sealer {
  return {
    seal(secret, context) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv("aes-256-gcm", dataKey, iv).setAAD(Buffer.from(context));
      const text = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
      return `v1.${Buffer.concat([iv, cipher.getAuthTag(), text]).toString("base64url")}`;
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed.replace(/^v1\./, ""), "base64url");
      const decipher = createDecipheriv("aes-256-gcm", dataKey, bytes.subarray(0, ivBytes), {
        authTagLength: tagBytes,
      })
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
      return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString(
        "utf8",
      );
    },
  };
}
