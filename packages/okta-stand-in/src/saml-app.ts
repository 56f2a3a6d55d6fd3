import { X509Certificate } from "node:crypto";
import { newSamlKey } from "./keys.ts";
import { newId, type SamlSignOn } from "./state.ts";

/** The settings that an administrator enters for a SAML app. */
export type WantedSaml = Pick<SamlSignOn, "acsUrl" | "audience" | "attributeStatements">;

/** @param key the app's key; by default a new one in the org's name. */
export async function samlSignOn(
  orgName: string,
  wanted: WantedSaml,
  key?: Pick<SamlSignOn, "privateKey" | "certificate">,
): Promise<SamlSignOn> {
  const { privateKey, certificate } = key ?? (await newSamlKey(orgName));
  const ids = { externalKey: newId("exk"), defaultRelayState: "" };
  return { kind: "saml", ...wanted, ...ids, privateKey, certificate, algorithm: "SHA256" };
}

/** A row of "SAML Signing Certificates". */
interface SigningCertificate {
  isActive: boolean;
  pem: string;
  /** SHA-256, without colons. */
  fingerprint: string;
  created: Date;
  expires: Date;
}

/** The active certificate, then the inactive one. */
export function certificatesOf({ certificate, spare }: SamlSignOn): SigningCertificate[] {
  return [certificate, ...(spare ? [spare.certificate] : [])].map((base64, index) => {
    const parsed = new X509Certificate(Buffer.from(base64, "base64"));
    return {
      isActive: index === 0,
      pem: parsed.toString(),
      fingerprint: parsed.fingerprint256.replaceAll(":", ""),
      created: new Date(parsed.validFrom),
      expires: new Date(parsed.validTo),
    };
  });
}
