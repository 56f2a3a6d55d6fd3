import { X509Certificate } from "node:crypto";
import { InvalidError } from "../errors.ts";

/** What people compare and watch of a signing certificate. */
export interface CertificateFacts {
  /** SHA-256 of the certificate, as pairs of hex digits with colons: what Okta and openssl show. */
  fingerprint: string;
  subject: string;
  validFrom: number;
  validUntil: number;
}

/** A certificate that ends within this time wants attention. */
const warnMs = 30 * 86_400_000;

/**
 * Reads a certificate however people have it: PEM, base64 with or without line breaks, from Windows or not. Returns
 * base64 DER without line breaks. Throws InvalidError with a sentence.
 */
export function readCertificate(text: string): string {
  const base64 = text.replace(/-----(BEGIN|END) CERTIFICATE-----/g, "").replace(/\s+/g, "");
  try {
    return new X509Certificate(Buffer.from(base64, "base64")).raw.toString("base64");
  } catch (error) {
    throw new InvalidError(
      "This is not a certificate that can be read: paste it whole, as it was downloaded.",
      {
        cause: error,
      },
    );
  }
}

/** @param certificate base64 DER, as readCertificate returns it. */
export function certificateFacts(certificate: string): CertificateFacts {
  const { fingerprint256, subject, validFrom, validTo } = new X509Certificate(
    Buffer.from(certificate, "base64"),
  );
  return {
    fingerprint: fingerprint256,
    subject: subject.replaceAll("\n", ", "),
    validFrom: Date.parse(validFrom),
    validUntil: Date.parse(validTo),
  };
}

/** Whether a certificate is over, or will be within 30 days. */
export function endsSoon(
  { validUntil }: CertificateFacts,
  now: number = Date.now(),
): "expired" | "soon" | null {
  if (validUntil <= now) return "expired";
  return validUntil - now < warnMs ? "soon" : null;
}
