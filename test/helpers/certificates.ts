import "reflect-metadata";
import { generateKeyPairSync, type KeyObject, webcrypto } from "node:crypto";
import { X509CertificateGenerator } from "@peculiar/x509";
import { type GenerateKeys, generateRsaKeys } from "../../src/trust/rsa-keys.ts";

/** A key with a self-signed certificate, like an identity provider's. */
export interface SigningKey {
  /** PKCS #8, PEM. */
  privateKey: string;
  /** Base64 DER. */
  certificate: string;
  certificatePem: string;
  publicKey: KeyObject;
}

/**
 * @param until when the certificate expires; in ten years by default.
 * @param hash the digest of the certificate's own signature.
 */
export async function createSigningKey(
  name: string,
  until = new Date(Date.now() + 3650 * 86_400_000),
  hash: "SHA-256" | "SHA-1" = "SHA-256",
): Promise<SigningKey> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const privateKey = pair.privateKey.export({ format: "pem", type: "pkcs8" }) as string;
  const der = (key: KeyObject, type: "pkcs8" | "spki") => key.export({ format: "der", type });
  const { subtle } = webcrypto;
  const keys = {
    privateKey: await subtle.importKey("pkcs8", der(pair.privateKey, "pkcs8"), algorithm, true, ["sign"]),
    publicKey: await subtle.importKey("spki", der(pair.publicKey, "spki"), algorithm, true, ["verify"]),
  };
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 20 * 365 * 86_400_000),
    notAfter: until,
  });
  const base64 = Buffer.from(certificate.rawData).toString("base64");
  return {
    privateKey,
    certificate: base64,
    publicKey: pair.publicKey,
    certificatePem: certificate.toString("pem"),
  };
}

const poolSize = 3;
const pool: ReturnType<GenerateKeys>[] = [];
let taken = 0;

/** Returns our own keys in turn from a few real ones per process, instead of generating new ones for each connection. */
export const pooledKeys: GenerateKeys = () => {
  if (pool.length < poolSize) pool.push(generateRsaKeys());
  return pool[taken++ % poolSize] as ReturnType<GenerateKeys>;
};
