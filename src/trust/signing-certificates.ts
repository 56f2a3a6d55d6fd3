import { X509Certificate } from "node:crypto";
import { clickPath, okta, signOnTab } from "okta-labels/labels";
import { InvalidError } from "../errors.ts";
import { certificateFacts } from "./certificates.ts";

/** Signature algorithms on SHA-1 and MD5, as their object identifiers are encoded (RFC 3279 §2.2, RFC 5758 §3.2). */
const brokenAlgorithms = new Set([
  "2a864886f70d010104",
  "2a864886f70d010105",
  "2b0e03021d",
  "2a8648ce380403",
  "2a8648ce3d0401",
]);
const minRsaBits = 2048;
/** Each certificate is tried on a signature. Providers publish two or three during a key change. */
const maxCertificates = 10;

/** Where an administrator of Okta finds the signing certificates of an app. */
const certificatesInOkta = clickPath(signOnTab(), okta.signOn.signingCertificates);

/**
 * Reads a certificate as PEM or as base64, with any line breaks. Returns base64 DER without line breaks. Throws
 * InvalidError, also if its key cannot be used.
 */
export function readCertificate(text: string): string {
  // Programs write other labels, too: X509 CERTIFICATE, TRUSTED CERTIFICATE.
  const base64 = text.replace(/-----(BEGIN|END) [A-Z0-9 ]*CERTIFICATE-----/g, "").replace(/\s+/g, "");
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(Buffer.from(base64, "base64"));
    requireParts(certificate);
  } catch (error) {
    throw new InvalidError(
      "This is not a certificate that can be read: paste it whole, as it was downloaded.",
      { cause: error },
    );
  }
  requireKey(certificate);
  return certificate.raw.toString("base64");
}

/** OpenSSL also parses a certificate with times that are none, or with lengths that are not DER. Later steps fail on them. */
function requireParts({ raw, validFrom, validTo }: X509Certificate): void {
  signatureAlgorithm(raw);
  if ([validFrom, validTo].some((time) => Number.isNaN(Date.parse(time))))
    throw new Error("a time of the certificate cannot be read");
}

/** OpenSSL decodes the key when it is first asked for, and then fails for an algorithm or a curve that it does not know. */
function requireKey(certificate: X509Certificate): void {
  try {
    void certificate.publicKey;
  } catch (error) {
    throw new InvalidError(
      "The key of this certificate is of a kind that cannot be used here. Use a certificate with an RSA key.",
      { cause: error },
    );
  }
}

/**
 * Leaves out the authorities that issued another certificate of the same key: a chain names one key (XML Signature §4.5.4),
 * and an authority signs certificates, not assertions.
 * @param certificates base64 DER, as readCertificate returns them.
 */
export function withoutAuthorities(certificates: readonly string[]): string[] {
  const read = certificates.map((certificate) => new X509Certificate(Buffer.from(certificate, "base64")));
  const issued = read.filter(({ subject, issuer }) => subject !== issuer);
  return certificates.filter((_, index) => {
    const authority = read[index] as X509Certificate;
    return !issued.some((one) => one.checkIssued(authority) && one.verify(authority.publicKey));
  });
}

/**
 * Checks that these certificates can verify a sign-in: they are at most ten, none is signed with SHA-1 or has a short key,
 * and at least one has not expired. Throws InvalidError that says what to do in Okta.
 * @param certificates base64 DER, as readCertificate returns them.
 */
export function checkSigningCertificates(certificates: readonly string[], now: number = Date.now()): void {
  if (certificates.length > maxCertificates)
    throw new InvalidError(
      `At most ${maxCertificates} certificates can sign, and these are ${certificates.length}.`,
    );
  for (const certificate of certificates) {
    const der = Buffer.from(certificate, "base64");
    const { subject } = certificateFacts(certificate);
    if (brokenAlgorithms.has(signatureAlgorithm(der))) {
      throw new InvalidError(
        `The certificate ${subject} is signed with SHA-1, which is no longer safe. In Okta, under ` +
          `${certificatesInOkta}, generate a new certificate, activate it, and bring it here.`,
      );
    }
    const { modulusLength } = new X509Certificate(der).publicKey.asymmetricKeyDetails ?? {};
    if (modulusLength !== undefined && modulusLength < minRsaBits) {
      throw new InvalidError(
        `The key of the certificate ${subject} has ${modulusLength} bits, fewer than 2048.`,
      );
    }
  }
  const ends = certificates.map((certificate) => certificateFacts(certificate).validUntil);
  if (ends.every((end) => end <= now)) {
    const date = new Date(Math.max(...ends)).toISOString().slice(0, 10);
    throw new InvalidError(
      `The certificate ended on ${date}. In Okta, under ${certificatesInOkta}, activate one that is valid.`,
    );
  }
}

/** The OID of a certificate's signature algorithm, in hex. A certificate is SEQUENCE { tbs, algorithm, … }. */
function signatureAlgorithm(der: Buffer): string {
  const certificate = valueAt(der, 0);
  const body = valueAt(der, certificate.start);
  const algorithm = valueAt(der, body.end);
  const identifier = valueAt(der, algorithm.start);
  return der.subarray(identifier.start, identifier.end).toString("hex");
}

/** The range of the value of the DER element at `offset` (X.690 §8.1). */
function valueAt(der: Buffer, offset: number): { start: number; end: number } {
  const first = der[offset + 1] ?? 0;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const start = offset + 2 + lengthBytes;
  const length = lengthBytes === 0 ? first : der.readUIntBE(offset + 2, lengthBytes);
  return { start, end: start + length };
}
