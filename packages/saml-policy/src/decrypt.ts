/**
 * Decrypts an assertion (XML Encryption 1.1). This is the only decryptor: its result is judged, and its result is verified.
 * It works on the values that were judged, never on the document around them.
 */
import { createDecipheriv } from "node:crypto";
import { decryptKeyInfo } from "xml-encryption";
import { attributeOf, children, type Element, elementsOf, escapeXml, onlyChild } from "./parse.ts";

const xmlEncryption = "http://www.w3.org/2001/04/xmlenc#";

/** An EncryptedAssertion. Nothing in it can be believed before it is judged. */
export interface EncryptedAssertion {
  /** The contents: there should be one. */
  contents: Encrypted[];
  /**
   * The encrypted keys, each for one recipient. They are inside the contents' KeyInfo (Entra, ADFS, Keycloak) or next to the
   * contents (Okta, Shibboleth): SAML Core §2.3.4.
   */
  keys: EncryptedKey[];
}

/** Bytes that are encrypted, in base64, and how. */
interface Encrypted {
  method: string | null;
  cipher: string;
}

/** A key encrypted with RSA-OAEP, and the parameters of the padding (XML Encryption 1.1 §5.5.2); null stands for SHA-1. */
export interface EncryptedKey extends Encrypted {
  digest: string | null;
  mask: string | null;
  label: string | null;
}

/** The decrypted bytes; or why there are none, for the log and never for the sender. */
export type Decryption = { bytes: Buffer } | { problem: string };

const ivLength = 12;
const tagLength = 16;

/** The ciphers of the allowed methods. */
export const contentCiphers = {
  "http://www.w3.org/2009/xmlenc11#aes128-gcm": "aes-128-gcm",
  "http://www.w3.org/2009/xmlenc11#aes192-gcm": "aes-192-gcm",
  "http://www.w3.org/2009/xmlenc11#aes256-gcm": "aes-256-gcm",
} as const;

/** Reads an EncryptedAssertion, without judging it. */
export function readEncrypted(element: Element): EncryptedAssertion {
  const keys = elementsOf(element).filter(
    ({ localName, namespaceURI }) => localName === "EncryptedKey" && namespaceURI === xmlEncryption,
  );
  return {
    contents: children(element, xmlEncryption, "EncryptedData").map(encryptedIn),
    keys: keys.map((key) => ({ ...encryptedIn(key), ...paddingOf(key) })),
  };
}

function encryptedIn(element: Element): Encrypted {
  const data = onlyChild(element, xmlEncryption, "CipherData");
  return {
    method: attributeOf(onlyChild(element, xmlEncryption, "EncryptionMethod"), "Algorithm"),
    cipher: base64Of(data && onlyChild(data, xmlEncryption, "CipherValue")) ?? "",
  };
}

/** The parameters are in three namespaces, which senders mix up: their names are clear enough. */
function paddingOf(key: Element): Pick<EncryptedKey, "digest" | "mask" | "label"> {
  const method = onlyChild(key, xmlEncryption, "EncryptionMethod");
  const parameter = (name: string) =>
    (method ? elementsOf(method) : []).find(({ localName }) => localName === name) ?? null;
  return {
    digest: attributeOf(parameter("DigestMethod"), "Algorithm"),
    mask: attributeOf(parameter("MGF"), "Algorithm"),
    label: base64Of(parameter("OAEPparams")),
  };
}

function base64Of(element: Element | null): string | null {
  return element && (element.textContent ?? "").replaceAll(/\s/g, "");
}

/**
 * Tries each private key with each encrypted key: providers rarely say for which certificate a key is encrypted, and never
 * in the same way. The keys are few, which the policy sees to.
 * @param keys the encrypted keys whose methods are allowed.
 * @param privateKeys PKCS #8, PEM.
 */
export function decrypt(
  { contents }: EncryptedAssertion,
  keys: readonly EncryptedKey[],
  privateKeys: readonly string[],
): Decryption {
  const [content] = contents;
  let opened = 0;
  for (const key of keys) {
    for (const privateKey of privateKeys) {
      const contentKey = decryptKey(key, privateKey);
      if (contentKey) opened++;
      const bytes = content && contentKey && decryptContent(content, contentKey);
      if (bytes) return { bytes };
    }
  }
  const counts = `of ${keys.length} encrypted keys, ${privateKeys.length} private keys opened ${opened}`;
  return { problem: opened === 0 ? counts : `${counts}, but the content does not belong to it` };
}

/** Null if the private key does not open it. The library gets nothing but the judged values. */
function decryptKey(
  { method, digest, mask, label, cipher }: EncryptedKey,
  privateKey: string,
): Buffer | null {
  const parameters = [
    digest && `<DigestMethod Algorithm="${escapeXml(digest)}"/>`,
    mask && `<MGF Algorithm="${escapeXml(mask)}"/>`,
    label && `<OAEPparams>${escapeXml(label)}</OAEPparams>`,
  ];
  const keyInfo = [
    `<KeyInfo><EncryptedKey><EncryptionMethod Algorithm="${escapeXml(method ?? "")}">`,
    ...parameters.filter((parameter) => parameter !== null),
    `</EncryptionMethod><CipherData><CipherValue>${escapeXml(cipher)}</CipherValue></CipherData></EncryptedKey></KeyInfo>`,
  ];
  try {
    return decryptKeyInfo(keyInfo.join(""), { key: privateKey });
  } catch {
    return null;
  }
}

/** Null if the bytes do not authenticate with this key (XML Encryption 1.1 §5.2.4). */
function decryptContent({ method, cipher }: Encrypted, key: Buffer): Buffer | null {
  const bytes = Buffer.from(cipher, "base64");
  const end = bytes.length - tagLength;
  const name = contentCiphers[method as keyof typeof contentCiphers];
  if (end < ivLength) return null;
  try {
    const decipher = createDecipheriv(name, key, bytes.subarray(0, ivLength), { authTagLength: tagLength });
    decipher.setAuthTag(bytes.subarray(end));
    return Buffer.concat([decipher.update(bytes.subarray(ivLength, end)), decipher.final()]);
  } catch {
    return null;
  }
}
