import { DOMParser, type Element } from "@xmldom/xmldom";

export const ns = {
  metadata: "urn:oasis:names:tc:SAML:2.0:metadata",
  protocol: "urn:oasis:names:tc:SAML:2.0:protocol",
  assertion: "urn:oasis:names:tc:SAML:2.0:assertion",
  signature: "http://www.w3.org/2000/09/xmldsig#",
  /** Metadata Profile for Algorithm Support 1.0. */
  algorithms: "urn:oasis:names:tc:SAML:metadata:algsupport",
} as const;

/** The root of a document; null when it is not well-formed, or has a document type, which is how XML is made to explode. */
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

/** All elements of that name below a root. */
export function below(root: Element, namespace: string, localName: string): Element[] {
  return Array.from(root.getElementsByTagNameNS(namespace, localName));
}

export function isNamed(element: Element | null, namespace: string, localName: string): element is Element {
  return element?.namespaceURI === namespace && element.localName === localName;
}

/** Everything in a document that names an algorithm of a signature: the signatures themselves, and what is announced. */
export function signatureAlgorithms(root: Element): string[] {
  const named = [
    ...below(root, ns.signature, "SignatureMethod"),
    // Not the digest of an encrypted key, where SHA-1 is OAEP's usual one and no signature.
    ...below(root, ns.signature, "Reference").flatMap((one) => below(one, ns.signature, "DigestMethod")),
    ...below(root, ns.algorithms, "SigningMethod"),
    ...below(root, ns.algorithms, "DigestMethod"),
  ];
  return named.flatMap((element) => element.getAttribute("Algorithm") ?? []);
}

/** Whether an algorithm's URI names SHA-1, or older. */
export function isWeak(algorithm: string): boolean {
  return /(sha1|md5)$/i.test(algorithm);
}

/** The certificates for signing of a metadata role, as base64; keys without a `use` serve both purposes. */
export function signingCertificates(role: Element): string[] {
  return below(role, ns.metadata, "KeyDescriptor")
    .filter((key) => key.getAttribute("use") !== "encryption")
    .flatMap((key) => below(key, ns.signature, "X509Certificate"))
    .map((element) => (element.textContent ?? "").replace(/\s+/g, ""));
}
