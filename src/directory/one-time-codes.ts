import { createHmac, randomBytes } from "node:crypto";
import { equalsSecret, hashToken } from "../store/secrets.ts";

/**
 * The codes of authenticator apps (TOTP, RFC 6238, over HOTP, RFC 4226), and recovery codes. SHA-1, 6 digits and 30 seconds
 * are what every app supports; RFC 6238 §1.2 allows HMAC-SHA-1, which collisions of SHA-1 do not weaken.
 */
const digits = 6;
const stepMs = 30_000;

/** The code of a counter (RFC 4226 §5.3). */
export function hotp(key: Buffer, counter: number): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac("sha1", key).update(message).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0xf;
  const truncated = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(truncated % 10 ** digits).padStart(digits, "0");
}

/** The time step of a moment (RFC 6238 §4.2). */
export function timeStepOf(at: number): number {
  return Math.floor(at / stepMs);
}

/** The time step whose code this is: now, or one step earlier or later (RFC 6238 §5.2). Null for a wrong code. */
export function timeStepOfCode(key: Buffer, code: string, at: number): number | null {
  const now = timeStepOf(at);
  const isRight = (step: number) => equalsSecret(code, hotp(key, step));
  return [now, now - 1, now + 1].find(isRight) ?? null;
}

/** A key for an app: 160 bits, as RFC 4226 §4 recommends. */
export function newAuthenticatorKey(): Buffer {
  return randomBytes(20);
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4648 §6, without padding. */
export function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => alphabet[Number.parseInt(group.padEnd(5, "0"), 2)]).join("");
}

const recoveryCodeCount = 10;

/** Ten codes of 120 random bits: enough that a plain hash of one cannot be searched (ASVS 6.5.2 wants 112). */
export function newRecoveryCodes(): string[] {
  const one = () => base32(randomBytes(15)).toLowerCase();
  return Array.from({ length: recoveryCodeCount }, () => (one().match(/.{6}/g) ?? []).join("-"));
}

/** The hash of a recovery code as a person typed it. It includes the person, so equal hashes say nothing. */
export function recoveryCodeHash(userId: string, code: string): string {
  return hashToken(`${userId}/${code.toLowerCase().replaceAll(/[^a-z0-9]/g, "")}`);
}

/** A typed code without the spaces of its groups, if it is an app's code; null otherwise. */
export function authenticatorCode(typed: string): string | null {
  const code = typed.replaceAll(/[\s-]/g, "");
  return /^\d{6}$/.test(code) ? code : null;
}
