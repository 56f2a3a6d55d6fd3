import "reflect-metadata";
import { BasicConstraintsExtension, X509CertificateGenerator } from "@peculiar/x509";
import { generateRsaKeys } from "../../src/trust/rsa-keys.ts";

/** A certificate that an authority issued, and the authority's own; both base64 DER. */
export async function createChain(): Promise<{ leaf: string; authority: string }> {
  const signingAlgorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const [authorityKeys, leafKeys] = await Promise.all([generateRsaKeys(), generateRsaKeys()]);
  const dates = { notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + 86_400_000) };
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...{ serialNumber: "01", name: "CN=Acme authority", keys: authorityKeys, signingAlgorithm },
    ...dates,
    extensions: [new BasicConstraintsExtension(true)],
  });
  const leaf = await X509CertificateGenerator.create({
    ...{ serialNumber: "02", subject: "CN=Acme signing", issuer: authority.subject, signingAlgorithm },
    ...dates,
    publicKey: leafKeys.publicKey,
    signingKey: authorityKeys.privateKey,
  });
  const base64 = (data: ArrayBuffer) => Buffer.from(data).toString("base64");
  return { leaf: base64(leaf.rawData), authority: base64(authority.rawData) };
}
