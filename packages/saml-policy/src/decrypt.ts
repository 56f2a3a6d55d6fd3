import { decrypt as decryptXml } from "xml-encryption";
import type { Element } from "./parse.ts";

/**
 * Decrypts an assertion. This is the only decryptor: its result is judged, and its result is verified.
 * @param element the EncryptedAssertion, whose methods were judged before.
 * @param privateKeys PKCS #8, PEM; each is tried.
 * @returns the XML that was encrypted; null if no key decrypts it.
 */
export async function decrypt(element: Element, privateKeys: readonly string[]): Promise<string | null> {
  const encrypted = element.toString();
  for (const key of privateKeys) {
    const xml = await new Promise<string | null>((resolve) => {
      decryptXml(encrypted, { key }, (error, text) =>
        resolve(error || typeof text !== "string" ? null : text),
      );
    });
    if (xml !== null) return xml;
  }
  return null;
}
