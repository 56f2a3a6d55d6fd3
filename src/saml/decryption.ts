import type { Element } from "@xmldom/xmldom";
import { decrypt } from "xml-encryption";
import type { Checks } from "../checks.ts";
import type { KeyPair } from "./keys.ts";
import { checkSignatureForms } from "./signatures.ts";
import { checkIds, parseSafely } from "./well-formed.ts";
import { attributeOf, elementsOf, ns } from "./xml.ts";

/** Authenticated encryption only: CBC lets whoever can try often enough read what is in it (XML Encryption 1.1 §6.1). */
const dataMethods = [
  "http://www.w3.org/2009/xmlenc11#aes128-gcm",
  "http://www.w3.org/2009/xmlenc11#aes256-gcm",
];
/** OAEP only. The SHA-1 that its mask uses by default is no signature: nothing depends on collisions there. */
const keyMethods = [
  "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
  "http://www.w3.org/2009/xmlenc11#rsa-oaep",
];

export interface Decrypted {
  /** The key that opened it. */
  keyPair: KeyPair;
  /** Whether the assertion inside carries a signature of its own. */
  isSigned: boolean;
}

/**
 * Opens an encrypted assertion to look at what is inside, by the same rules as at what is not encrypted. Which methods it
 * uses is checked before any key of ours touches it. Throws RefusedError.
 * @param keyPairs ours; empty when the connection takes no encrypted assertions.
 */
export async function checkEncrypted(
  encryptedAssertion: Element,
  keyPairs: readonly KeyPair[],
  checks: Checks,
): Promise<Decrypted> {
  checks.demand(keyPairs.length > 0, {
    reason: "saml-encryption",
    name: "The connection takes encrypted assertions",
  });
  allowMethods(encryptedAssertion, checks);
  const opened = await open(encryptedAssertion, keyPairs);
  checks.demand(opened !== null, { reason: "saml-encryption", name: "A key of ours opens the assertion" });
  const root = parseSafely(opened.xml, checks).documentElement as Element;
  const assertions = elementsOf(root).filter(({ localName }) => localName === "Assertion");
  const isAlone = assertions.length === 1 && assertions[0] === root && root.namespaceURI === ns.assertion;
  checks.demand(isAlone, {
    reason: "saml-assertion-count",
    name: "There is exactly one assertion inside",
    detail: `found ${assertions.length}`,
  });
  checkIds(root, checks);
  return { keyPair: opened.keyPair, isSigned: checkSignatureForms(root, checks).length === 1 };
}

function allowMethods(encryptedAssertion: Element, checks: Checks): void {
  const methodsOf = (parent: string) =>
    elementsOf(encryptedAssertion)
      .filter((element) => element.localName === "EncryptionMethod")
      .filter((element) => (element.parentNode as Element).localName === parent)
      .map((element) => attributeOf(element, "Algorithm") ?? "none");
  const found = [methodsOf("EncryptedData"), methodsOf("EncryptedKey")] as const;
  const areAllowed =
    found.every((methods) => methods.length === 1) &&
    dataMethods.includes(found[0][0] ?? "") &&
    keyMethods.includes(found[1][0] ?? "");
  checks.demand(areAllowed, {
    reason: "saml-encryption",
    name: "Encryption is AES-GCM with RSA-OAEP",
    detail: `found ${found.flat().join(", ")}`,
  });
}

async function open(encryptedAssertion: Element, keyPairs: readonly KeyPair[]) {
  for (const keyPair of keyPairs) {
    const xml = await new Promise<string | null>((resolve) => {
      decrypt(encryptedAssertion.toString(), { key: keyPair.privateKey }, (error, text) =>
        resolve(error || typeof text !== "string" ? null : text),
      );
    });
    if (xml !== null) return { xml, keyPair };
  }
  return null;
}
