import { DOMParser, type Element } from "@xmldom/xmldom";

export const ns = {
  metadata: "urn:oasis:names:tc:SAML:2.0:metadata",
  protocol: "urn:oasis:names:tc:SAML:2.0:protocol",
  assertion: "urn:oasis:names:tc:SAML:2.0:assertion",
  signature: "http://www.w3.org/2000/09/xmldsig#",
  /** SAML Metadata Profile for Algorithm Support 1.0. */
  algorithms: "urn:oasis:names:tc:SAML:metadata:algsupport",
} as const;

/** The root of a document; null if it is not well-formed, or has a document type, which permits entity expansion attacks. */
export function rootOf(xml: string): Element | null {
  if (/<!DOCTYPE/i.test(xml)) return null;
  const onError = (_level: string, message: string) => {
    throw new Error(message);
  };
  try {
    return new DOMParser({ onError }).parseFromString(xml.trim(), "text/xml").documentElement;
  } catch {
    return null;
  }
}

/** All descendants with that name. */
export function below(root: Element, namespace: string, localName: string): Element[] {
  return Array.from(root.getElementsByTagNameNS(namespace, localName));
}

export function isNamed(element: Element | null, namespace: string, localName: string): element is Element {
  return element?.namespaceURI === namespace && element.localName === localName;
}

/** The signature algorithms in a document: of its own signatures, and those that it announces. */
export function signatureAlgorithms(root: Element): string[] {
  const named = [
    ...below(root, ns.signature, "SignatureMethod"),
    // Skips the digest of an encrypted key: OAEP commonly uses SHA-1 there, and it is not a signature.
    ...below(root, ns.signature, "Reference").flatMap((one) => below(one, ns.signature, "DigestMethod")),
    ...below(root, ns.algorithms, "SigningMethod"),
    ...below(root, ns.algorithms, "DigestMethod"),
  ];
  return named.flatMap((element) => element.getAttribute("Algorithm") ?? []);
}

/** Whether an algorithm's URI names SHA-1 or MD5. */
export function isWeak(algorithm: string): boolean {
  return /(sha1|md5)$/i.test(algorithm);
}

/** The signing certificates of a metadata role, in base64. A key without `use` is for both purposes. */
export function signingCertificates(role: Element): string[] {
  return below(role, ns.metadata, "KeyDescriptor")
    .filter((key) => key.getAttribute("use") !== "encryption")
    .flatMap((key) => below(key, ns.signature, "X509Certificate"))
    .map((element) => (element.textContent ?? "").replace(/\s+/g, ""));
}
