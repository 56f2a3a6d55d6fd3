import { X509Certificate } from "node:crypto";

/** The facts by which people compare a signing certificate, and its validity. */
export interface SigningCertificateFacts {
  /** SHA-256 of the certificate, as pairs of hex digits with colons: what Okta and openssl show. */
  fingerprint: string;
  subject: string;
  validFrom: number;
  validUntil: number;
}

/** Warn this long before a certificate expires. */
const warnMs = 30 * 86_400_000;

/** @param certificate base64 DER. */
export function certificateFacts(certificate: string): SigningCertificateFacts {
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

/** Whether a certificate has expired, or will within 30 days. */
export function certificateExpiry(
  { validUntil }: SigningCertificateFacts,
  now: number = Date.now(),
): "expired" | "soon" | null {
  if (validUntil <= now) return "expired";
  return validUntil - now < warnMs ? "soon" : null;
}
