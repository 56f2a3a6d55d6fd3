/**
 * An identity provider's metadata (SAML Metadata §2.4).
 */
import { children, type Element, ns, parseXml } from "saml-policy/parse";
import { InvalidError } from "../errors.ts";
import { readCertificate } from "../trust/certificates.ts";

const redirectBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const maxBytes = 256 * 1024;

/** The metadata that an identity provider publishes. */
export interface IdpMetadata {
  idpEntityId: string;
  /** The address for AuthnRequests by the redirect binding. */
  ssoUrl: string;
  /** Signing certificates, base64 DER without line breaks. */
  certificates: string[];
}

/** Reads the metadata of exactly one identity provider. Throws InvalidError with a sentence about what is missing. */
export function parseIdpMetadata(xml: string): IdpMetadata {
  const entity = parseEntity(xml);
  const idpEntityId = entity.getAttribute("entityID")?.trim();
  if (!idpEntityId) throw new InvalidError("The metadata names no entity ID.");
  const [provider, second] = children(entity, ns.metadata, "IDPSSODescriptor");
  if (!provider || second)
    throw new InvalidError("The metadata does not describe exactly one SAML identity provider.");
  const services = children(provider, ns.metadata, "SingleSignOnService");
  const ssoUrl = services
    .find((service) => service.getAttribute("Binding") === redirectBinding)
    ?.getAttribute("Location");
  // We redirect browsers to this address: accept web addresses only.
  if (!ssoUrl || !URL.canParse(ssoUrl) || !/^https?:$/.test(new URL(ssoUrl).protocol)) {
    throw new InvalidError("The metadata names no single sign-on address for the HTTP-Redirect binding.");
  }
  const certificates = signingCertificates(provider);
  if (certificates.length === 0) throw new InvalidError("The metadata holds no signing certificate.");
  return { idpEntityId, ssoUrl, certificates };
}

function parseEntity(xml: string): Element {
  if (Buffer.byteLength(xml) > maxBytes) throw new InvalidError("The metadata is larger than 256 KB.");
  // A document type can define entities, which can read files or exhaust memory.
  if (/<!DOCTYPE/i.test(xml))
    throw new InvalidError("The metadata has a document type, which is not allowed.");
  try {
    const root = parseXml(xml.trim()).documentElement;
    if (root?.namespaceURI === ns.metadata && root.localName === "EntityDescriptor") return root;
  } catch (error) {
    throw new InvalidError("The metadata is not well-formed XML.", { cause: error });
  }
  throw new InvalidError("This is XML, but no SAML metadata of one identity provider (EntityDescriptor).");
}

/** Keys without a `use` serve both purposes (SAML Metadata §2.4.1.1). */
function signingCertificates(provider: Element): string[] {
  const keys = children(provider, ns.metadata, "KeyDescriptor").filter(
    (key) => key.getAttribute("use") !== "encryption",
  );
  return keys.flatMap((key) =>
    Array.from(key.getElementsByTagNameNS(ns.signature, "X509Certificate")).map((node) => {
      try {
        return readCertificate(node.textContent ?? "");
      } catch (error) {
        throw new InvalidError("A certificate of the metadata cannot be read.", { cause: error });
      }
    }),
  );
}
