import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

/**
 * Secrets at rest: those that we only ever compare are hashed, those that we have to use are sealed.
 */

/**
 * SHA-256, base64url: how tokens, links and session ids are stored. A plain hash is enough because they are
 * random with at least 128 bits; passwords are not, and go through directory/password-hash.ts.
 */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** 256 random bits as text that fits in a URL or a header. */
export function randomToken(): string {
  return randomBytes(32).toString("base64url");
}

export interface Sealer {
  /** Encrypts a secret for one place; `context` names the place, for example `tenantId/connectionId`. */
  seal(secret: string, context: string): string;
  /** Throws when the key or the context is another one, or the text was changed. */
  open(sealed: string, context: string): string;
}

const ivBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. The context is authenticated, so that a sealed
 * secret which is copied to another row cannot be opened there.
 * @param dataKey 32 bytes: DATA_KEY of the configuration.
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
