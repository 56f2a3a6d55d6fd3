import { createPrivateKey, webcrypto } from "node:crypto";

/** Makes the keys of a new pair: generateRsaKeys, except in tests. */
export type GenerateKeys = () => Promise<webcrypto.CryptoKeyPair>;

/** RSASSA-PKCS1-v1_5 with SHA-256, which JOSE calls RS256, and keys of 2048 bits. */
export const rsaAlgorithm = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

/** A new RSA key of 2048 bits. */
export function generateRsaKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(rsaAlgorithm, true, ["sign", "verify"]);
}

/** The private key of a pair as PKCS #8, PEM. */
export async function privateKeyPem({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({
    format: "pem",
    type: "pkcs8",
  }) as string;
}
