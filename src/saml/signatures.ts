import type { Element } from "@xmldom/xmldom";
import { type Checks, mismatch } from "../checks.ts";
import { attributeOf, children, elementsOf, ns, onlyChild } from "./xml.ts";

const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
const enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/** What a signature may be made with: RSA with SHA-256 and up (Okta: "SHA256 only"; RFC 9231 §2.3.2). */
const signatureMethods = [
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
];
const digestMethods = ["http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512"];

/** Every spelling of SHA-1 as a signature method or digest; HMAC and DSA with it included. */
const sha1 = /sha1$/i;

/**
 * Looks at how a document is signed, before any signature is verified: libraries accept SHA-1 and more transforms than
 * SAML has use for (node-saml 5 does). Each signature stands in the response or the assertion that it signs, names that
 * one, and uses nothing but what is allowed (SAML Core §5.4). Returns the elements that are signed.
 */
export function checkSignatureForms(root: Element, checks: Checks): Element[] {
  const signatures = elementsOf(root).filter(
    (element) => element.localName === "Signature" && element.namespaceURI === ns.signature,
  );
  return signatures.map((signature) => {
    const signed = signature.parentNode as Element;
    const isInPlace =
      (signed === root || signed.parentNode === root) &&
      ["Response", "Assertion"].includes(signed.localName ?? "") &&
      children(signed, ns.signature, "Signature").length === 1;
    checks.demand(isInPlace, {
      reason: "saml-signature-not-valid",
      name: "Signatures stand in what they sign, once",
    });
    checkForm(signature, signed, checks);
    return signed;
  });
}

function checkForm(signature: Element, signed: Element, checks: Checks): void {
  const info = onlyChild(signature, ns.signature, "SignedInfo");
  const reference = onlyChild(info, ns.signature, "Reference");
  const method = algorithmOf(info, "SignatureMethod");
  const digest = algorithmOf(reference, "DigestMethod");
  const weak = [method, digest].find((algorithm) => algorithm !== null && sha1.test(algorithm));
  checks.demand(weak === undefined, {
    reason: "saml-sha1",
    name: "Nothing is signed with SHA-1",
    detail: weak ?? null,
  });
  allow("Signature methods are RSA with SHA-256 or SHA-512", [method], signatureMethods, checks);
  allow("Digests are SHA-256 or SHA-512", [digest], digestMethods, checks);
  allow("Canonicalisation is exclusive", [algorithmOf(info, "CanonicalizationMethod")], [exclusive], checks);
  const list = onlyChild(reference, ns.signature, "Transforms");
  const transforms = list ? children(list, ns.signature, "Transform") : [];
  const names = transforms.map((transform) => attributeOf(transform, "Algorithm"));
  allow("Transforms are enveloped and exclusive", names, [enveloped, exclusive], checks);
  const target = attributeOf(reference, "URI");
  const own = `#${signed.getAttribute("ID") ?? ""}`;
  checks.demand(target === own && own !== "#", {
    reason: "saml-signature-not-valid",
    name: "A signature is about the element that it stands in",
    detail: mismatch(own, target),
  });
}

function allow(name: string, found: (string | null)[], allowed: string[], checks: Checks): void {
  const other = found.find((algorithm) => algorithm === null || !allowed.includes(algorithm));
  const detail = other === undefined ? null : mismatch(allowed.join(" or "), other);
  checks.demand(other === undefined && found.length > 0, { reason: "saml-algorithm", name, detail });
}

function algorithmOf(parent: Element | null, localName: string): string | null {
  return attributeOf(onlyChild(parent, ns.signature, localName), "Algorithm");
}
