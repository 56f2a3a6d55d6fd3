import { calculateJwkThumbprint, exportJWK, type JWK } from "jose";
import { type GenerateKeys, privateKeyPem } from "./rsa-keys.ts";

/** A new key is published for so long before it signs: readers and proxies may have a copy of the former key set. */
export const publishedMs = 10 * 60_000;

/** A new key for RS256: the public JWK with its `kid`, as JSON, and the private key as PKCS #8, PEM. */
export async function newPublishedKey(
  generateKeys: GenerateKeys,
): Promise<{ publicKey: string; privateKey: string }> {
  const pair = await generateKeys();
  const jwk = await exportJWK(pair.publicKey);
  const published: JWK = { ...jwk, kid: await calculateJwkThumbprint(jwk), use: "sig", alg: "RS256" };
  return { publicKey: JSON.stringify(published), privateKey: await privateKeyPem(pair) };
}

/**
 * The key that signs now: the newest one that readers have had time to get, or else the oldest one.
 * @param keys the oldest first.
 */
export function signingKey<Key extends { createdAt: number }>(keys: readonly Key[], now: number): Key | null {
  return keys.findLast(({ createdAt }) => createdAt + publishedMs <= now) ?? keys[0] ?? null;
}
