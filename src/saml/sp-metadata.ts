import { randomBytes } from "node:crypto";
import { escapeXml, ns } from "saml-policy/parse";
import { SignedXml } from "xml-crypto";
import { samlUrls } from "../endpoints.ts";
import type { Connection } from "../model.ts";
import type { KeyPair } from "./keys.ts";

const nameIdFormats = [
  "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
  "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
];
const encryptionMethods = [
  "http://www.w3.org/2009/xmlenc11#aes256-gcm",
  "http://www.w3.org/2009/xmlenc11#aes128-gcm",
  "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
];

/**
 * The metadata of this application at one connection (SAML Metadata §2.4.4): the address for responses, our public keys,
 * and that requests are signed. Signed with our key if the connection asks for it.
 */
export function spMetadata(
  baseUrl: string,
  { key, settings }: Connection & { type: "saml" },
  keyPairs: readonly [KeyPair, ...KeyPair[]],
): string {
  const { acsUrl, entityId } = samlUrls(baseUrl, key);
  const uses = settings?.encryptedAssertions ? ["signing", "encryption"] : ["signing"];
  const keys = uses.flatMap((use) => keyPairs.map(({ certificate }) => keyDescriptor(use, certificate)));
  const formats = nameIdFormats.map((format) => `<md:NameIDFormat>${format}</md:NameIDFormat>`);
  const wantsSigned = (settings?.signed ?? "assertion") === "assertion";
  const id = `_${randomBytes(20).toString("hex")}`;
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="${ns.metadata}" ID="${id}" entityID="${escapeXml(entityId)}">
  <md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="${wantsSigned}" protocolSupportEnumeration="${ns.protocol}">
    ${[...keys, ...formats].join("\n    ")}
    <md:AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${escapeXml(acsUrl)}"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>
`;
  return settings?.signMetadata ? signed(xml, keyPairs[0]) : xml;
}

function keyDescriptor(use: string, certificate: string): string {
  const methods =
    use === "encryption"
      ? encryptionMethods.map((method) => `<md:EncryptionMethod Algorithm="${method}"/>`).join("")
      : "";
  const data = `<ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data>`;
  return `<md:KeyDescriptor use="${use}"><ds:KeyInfo xmlns:ds="${ns.signature}">${data}</ds:KeyInfo>${methods}</md:KeyDescriptor>`;
}

/** An enveloped signature as the first child (SAML Metadata §3). */
function signed(xml: string, { privateKey, certificate }: KeyPair): string {
  const entity = "/*[local-name(.)='EntityDescriptor']";
  const signature = new SignedXml({
    privateKey,
    publicCert: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----`,
    signatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    canonicalizationAlgorithm: "http://www.w3.org/2001/10/xml-exc-c14n#",
  });
  signature.addReference({
    xpath: entity,
    digestAlgorithm: "http://www.w3.org/2001/04/xmlenc#sha256",
    transforms: [
      "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
      "http://www.w3.org/2001/10/xml-exc-c14n#",
    ],
  });
  signature.computeSignature(xml, { prefix: "ds", location: { reference: entity, action: "prepend" } });
  return signature.getSignedXml();
}
