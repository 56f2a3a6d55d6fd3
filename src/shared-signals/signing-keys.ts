import { importPKCS8, type JWK, type JWTPayload, SignJWT } from "jose";
import type { Sealer } from "../store/secrets.ts";
import type { StoredSignalKey } from "../store/tenant/signal-transmitters.ts";
import { newPublishedKey } from "../trust/published-keys.ts";
import type { GenerateKeys } from "../trust/rsa-keys.ts";

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

export async function newSigningKey(
  { sealer, generateKeys }: SignalKeyMaker,
  owner: KeyOwner,
): Promise<Pick<StoredSignalKey, "publicKey" | "sealedKey">> {
  const { publicKey, privateKey } = await newPublishedKey(generateKeys);
  return { publicKey, sealedKey: sealer.seal(privateKey, sealingContext(owner)) };
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
  const privateKey = await importPKCS8(sealer.open(key.sealedKey, sealingContext(owner)), "RS256");
  const header = { typ: "secevent+jwt", alg: "RS256", kid: kidOf(key) };
  return await new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
}

function sealingContext({ tenantId, connectionId }: KeyOwner): string {
  return `${tenantId}/${connectionId}/signal-key`;
}
