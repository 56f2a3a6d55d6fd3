import { deflateRawSync, inflateRawSync } from "node:zlib";
import { DOMParser } from "@xmldom/xmldom";
import { OrgRefusal } from "./org.ts";

/** The fields of an AuthnRequest (SAML Core §3.4.1) that matter here. */
export interface ParsedAuthnRequest {
  id: string;
  issuer: string | null;
  acsUrl: string | null;
  /** Okta honours this unless the administrator turns it off for the app. */
  forceAuthn: boolean;
}

const protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
const assertion = "urn:oasis:names:tc:SAML:2.0:assertion";
const maxBytes = 64 * 1024;

/** Reads a SAMLRequest of the redirect binding: DEFLATE and base64 (SAML Bindings §3.4.4.1). Throws OrgRefusal. */
export function readRedirected(encoded: string): ParsedAuthnRequest {
  try {
    const xml = inflateRawSync(Buffer.from(encoded, "base64"), { maxOutputLength: maxBytes });
    return parse(xml.toString("utf8"));
  } catch (error) {
    throw new OrgRefusal("The SAMLRequest cannot be read.", { cause: error });
  }
}

/** Re-encodes a SAMLRequest of the POST binding for a URL, because signing in may take several pages. */
export function asRedirected(posted: string): string {
  return deflateRawSync(Buffer.from(posted, "base64")).toString("base64");
}

function parse(xml: string): ParsedAuthnRequest {
  if (/<!DOCTYPE/i.test(xml)) throw new Error("a document type is not allowed");
  const onError = (_level: string, message: string) => {
    throw new Error(message);
  };
  const root = new DOMParser({ onError }).parseFromString(xml, "text/xml").documentElement;
  const id = root?.getAttribute("ID");
  if (root?.localName !== "AuthnRequest" || root.namespaceURI !== protocol || !id)
    throw new Error("this is not an AuthnRequest");
  return {
    id,
    issuer: root.getElementsByTagNameNS(assertion, "Issuer")[0]?.textContent ?? null,
    acsUrl: root.getAttribute("AssertionConsumerServiceURL"),
    forceAuthn: ["true", "1"].includes(root.getAttribute("ForceAuthn") ?? ""),
  };
}
