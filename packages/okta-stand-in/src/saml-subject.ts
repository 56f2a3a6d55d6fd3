import { X509Certificate } from "node:crypto";
import { DOMParser, type Element } from "@xmldom/xmldom";
import { SignedXml } from "xml-crypto";
import { issuerOf, type SamlApp } from "./saml.ts";
import { TokenRefusal } from "./token-refusal.ts";

const names = {
  assertion: "urn:oasis:names:tc:SAML:2.0:assertion",
  signature: "http://www.w3.org/2000/09/xmldsig#",
};

/**
 * The NameID of a response that this org sent to the app, as a subject token (RFC 8693 §3, `saml2`). It reads only what the
 * app's key signed. Throws TokenRefusal.
 * @param encoded the SAMLResponse, base64 or base64url.
 */
export function nameIdInResponse(app: SamlApp, encoded: string): string {
  const response = signedResponse(app, Buffer.from(encoded, "base64").toString());
  const textOf = (name: string) =>
    response.getElementsByTagNameNS(names.assertion, name)[0]?.textContent ?? "";
  const [conditions] = Array.from(response.getElementsByTagNameNS(names.assertion, "Conditions"));
  const until = Date.parse(conditions?.getAttribute("NotOnOrAfter") ?? "");
  if (!(until > Date.now())) throw new TokenRefusal("invalid_grant", "The SAML assertion has expired.");
  if (textOf("Issuer") !== issuerOf(app.signOn) || textOf("Audience") !== app.signOn.audience)
    throw new TokenRefusal("invalid_grant", "The SAML assertion was issued to another application.");
  return textOf("NameID");
}

function signedResponse(app: SamlApp, xml: string): Element {
  try {
    const root = rootOf(xml);
    const signature = Array.from(root.childNodes).find(
      (node) => (node as Element).namespaceURI === names.signature,
    );
    const certificate = new X509Certificate(Buffer.from(app.signOn.certificate, "base64"));
    const checked = new SignedXml({ publicCert: certificate.toString() });
    // xml-crypto's types expect a browser's node; it also works on xmldom's.
    checked.loadSignature(signature as never);
    const [signed] = checked.checkSignature(xml) ? checked.getSignedReferences() : [];
    const response = signed === undefined ? null : rootOf(signed);
    if (response?.localName !== "Response") throw new Error("the response is not signed");
    return response;
  } catch (error) {
    throw new TokenRefusal("invalid_grant", "The subject_token is not a SAML response of this org.", {
      cause: error,
    });
  }
}

/** Throws an Error if it is not XML. */
function rootOf(xml: string): Element {
  if (/<!DOCTYPE/i.test(xml)) throw new Error("a document type is not allowed");
  const onError = (_level: string, message: string) => {
    throw new Error(message);
  };
  const root = new DOMParser({ onError }).parseFromString(xml, "text/xml").documentElement;
  if (!root) throw new Error("the document is empty");
  return root;
}
