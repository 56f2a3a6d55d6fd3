import { calculateJwkThumbprint, exportJWK, importPKCS8, type JWK, type JWTPayload, SignJWT } from "jose";
import type { Sealer } from "../store/secrets.ts";
import type { StoredSignalKey } from "../store/tenant/signal-transmitters.ts";
import { type GenerateKeys, privateKeyPem } from "../trust/rsa-keys.ts";

/** Makes the signing keys of a connection, and seals them for the store. */
export interface SignalKeyMaker {
  sealer: Sealer;
  generateKeys: GenerateKeys;
}

/** The connection that a key belongs to. */
interface KeyOwner {
  tenantId: string;
  connectionId: string;
}

/** A new key is published for so long before it signs: receivers and proxies may have a copy of the former key set. */
export const publishedMs = 10 * 60_000;

export async function newSigningKey(
  { sealer, generateKeys }: SignalKeyMaker,
  owner: KeyOwner,
): Promise<Pick<StoredSignalKey, "publicKey" | "sealedKey">> {
  const keys = await generateKeys();
  const jwk = await exportJWK(keys.publicKey);
  const published: JWK = { ...jwk, kid: await calculateJwkThumbprint(jwk), use: "sig", alg: "RS256" };
  return {
    publicKey: JSON.stringify(published),
    sealedKey: sealer.seal(await privateKeyPem(keys), contextOf(owner)),
  };
}

/** The key that signs now: the newest one that receivers have had time to read, or else the oldest one. */
export function signingKey(keys: readonly StoredSignalKey[], now: number): StoredSignalKey | null {
  return keys.findLast(({ createdAt }) => createdAt + publishedMs <= now) ?? keys[0] ?? null;
}

/** The id of a key in the published set. */
export function kidOf({ publicKey }: Pick<StoredSignalKey, "publicKey">): string {
  return String((JSON.parse(publicKey) as JWK).kid);
}

/** Signs a security event token (RFC 8417 §2.3 names its type). */
export async function signToken(
  key: StoredSignalKey,
  { sealer, ...owner }: KeyOwner & { sealer: Sealer },
  claims: JWTPayload,
): Promise<string> {
  const privateKey = await importPKCS8(sealer.open(key.sealedKey, contextOf(owner)), "RS256");
  const header = { typ: "secevent+jwt", alg: "RS256", kid: kidOf(key) };
  return await new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
}

function contextOf({ tenantId, connectionId }: KeyOwner): string {
  return `${tenantId}/${connectionId}/signal-key`;
}
