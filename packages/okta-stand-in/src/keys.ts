import "reflect-metadata";
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { X509CertificateGenerator } from "@peculiar/x509";
import { exportJWK, generateKeyPair, type JWK } from "jose";

/** A private key for ID tokens and Universal Logout. */
export async function newSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const kid = randomBytes(32).toString("base64url");
  return { ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid };
}

const algorithm = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
const years = 10;

/** A key and its certificate for SAML, like Okta's: self-signed, valid for ten years, with these names in the subject. */
export async function newSamlKey(orgName: string): Promise<{ privateKey: string; certificate: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(7).toString("hex")}`,
    name: `CN=${orgName}, OU=SSOProvider, O=Stand-in`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + years * 365 * 86_400_000),
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  return {
    privateKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    certificate: Buffer.from(certificate.rawData).toString("base64"),
  };
}

/** The public parts of the org's keys. */
export function publicKeys(keys: readonly JWK[]): JWK[] {
  return keys.map(({ kty, n, e, kid, alg, use }) => ({ kty, n, e, kid, alg, use }) as JWK);
}

/** The key id of a SAML app: the fingerprint of its certificate. */
export function samlKeyId({ certificate }: { certificate: string }): string {
  const { fingerprint256 } = new X509Certificate(Buffer.from(certificate, "base64"));
  return fingerprint256.replaceAll(":", "");
}
