import { X509Certificate } from "node:crypto";

/** A certificate that ends within this time may end during the review. */
export const soonMs = 30 * 86_400_000;

/** The facts about a certificate that rules judge. */
export interface CheckedCertificate {
  validUntil: number;
  validNow: boolean;
  /** Whether the certificate itself was signed with SHA-1 or MD5. */
  isWeak: boolean;
  /** The size of an RSA key; null for another kind of key. */
  rsaBits: number | null;
}

/** Object identifiers in DER: sha1WithRSA, md5WithRSA, ecdsa-with-SHA1, dsa-with-sha1. */
const weak = new Set(["2a864886f70d010105", "2a864886f70d010104", "2a8648ce3d0401", "2a8648ce380403"]);

/** Reads a certificate in base64, without PEM's lines. Returns null if it is not a certificate. */
export function certificateFacts(base64: string): CheckedCertificate | null {
  try {
    const certificate = new X509Certificate(Buffer.from(base64, "base64"));
    const validFrom = Date.parse(certificate.validFrom);
    const validUntil = Date.parse(certificate.validTo);
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
    return {
      validUntil,
      validNow: validFrom <= Date.now() && Date.now() < validUntil,
      isWeak: weak.has(signatureAlgorithm(certificate.raw)),
      rsaBits: asymmetricKeyType === "rsa" ? (asymmetricKeyDetails?.modulusLength ?? null) : null,
    };
  } catch {
    return null;
  }
}

/**
 * The object identifier of a certificate's signature algorithm, in hex. Node 20 has no property for it. A certificate is a
 * sequence of the signed part, the algorithm and the signature; the algorithm begins with its identifier (RFC 5280 §4.1).
 */
function signatureAlgorithm(der: Buffer): string {
  const signed = contentOf(der, contentOf(der, 0).start);
  const identifier = contentOf(der, contentOf(der, signed.end).start);
  return der.subarray(identifier.start, identifier.end).toString("hex");
}

/** Where the content of the DER element at `at` begins and ends (X.690 §8.1.3). */
function contentOf(der: Buffer, at: number): { start: number; end: number } {
  const first = der.readUInt8(at + 1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const length = lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes);
  const start = at + 2 + lengthBytes;
  return { start, end: start + length };
}
