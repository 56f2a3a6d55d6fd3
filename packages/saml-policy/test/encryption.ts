import { constants, createCipheriv, publicEncrypt, randomBytes } from "node:crypto";
import { encryptKeyInfo } from "xml-encryption";

/** How an assertion is encrypted. The default is Entra's and ADFS's shape, with AES-GCM. */
export interface Encryption {
  content: keyof typeof contentMethods;
  /** The content's key is encrypted for each of them. */
  recipients: readonly EncryptionRecipient[];
  /**
   * The encrypted keys are inside the content's KeyInfo (Entra, ADFS, Keycloak), next to the content with a reference from
   * its KeyInfo (Okta, Shibboleth for one recipient), or next to it with nothing but a name (Shibboleth for several).
   */
  place: "inside" | "retrieved" | "named";
}

export interface EncryptionRecipient {
  certificatePem: string;
  /** The last part of the method's URI. */
  method?: "rsa-oaep-mgf1p" | "rsa-oaep" | "rsa-1_5";
  /** Null leaves the element out, which means SHA-1. */
  digest?: Hash | null;
  mask?: Hash | null;
  /** The OAEP label, in base64. */
  label?: string;
  /** The Recipient attribute. */
  name?: string;
}

type Hash = "sha1" | "sha224" | "sha256" | "sha384" | "sha512";

const xmlenc = "http://www.w3.org/2001/04/xmlenc#";
const xmlenc11 = "http://www.w3.org/2009/xmlenc11#";
const contentMethods = {
  "aes128-gcm": { uri: `${xmlenc11}aes128-gcm`, keyLength: 16, ivLength: 12 },
  "aes192-gcm": { uri: `${xmlenc11}aes192-gcm`, keyLength: 24, ivLength: 12 },
  "aes256-gcm": { uri: `${xmlenc11}aes256-gcm`, keyLength: 32, ivLength: 12 },
  "aes256-cbc": { uri: `${xmlenc}aes256-cbc`, keyLength: 32, ivLength: 16 },
} as const;
const digestUris: Record<Hash, string> = {
  sha1: "http://www.w3.org/2000/09/xmldsig#sha1",
  sha224: "http://www.w3.org/2001/04/xmldsig-more#sha224",
  sha256: `${xmlenc}sha256`,
  sha384: "http://www.w3.org/2001/04/xmldsig-more#sha384",
  sha512: `${xmlenc}sha512`,
};

/** Encrypts the assertion with node:crypto, and with the library only where OpenSSL cannot: digest and mask that differ. */
export async function encryptedAssertion(xml: string, encryption: Encryption): Promise<string> {
  const { content, recipients, place } = encryption;
  const { uri, keyLength, ivLength } = contentMethods[content];
  const [key, iv] = [randomBytes(keyLength), randomBytes(ivLength)];
  const cipher = createCipheriv(content.replace("aes", "aes-") as "aes-256-gcm", key, iv);
  const tag = () => (content.endsWith("gcm") ? cipher.getAuthTag() : Buffer.alloc(0));
  const bytes = Buffer.concat([iv, cipher.update(xml), cipher.final(), tag()]);
  const keys: string[] = [];
  for (const [at, recipient] of recipients.entries()) keys.push(await encryptedKey(key, recipient, at));
  const retrieval = `<ds:RetrievalMethod Type="${xmlenc}EncryptedKey" URI="#_key0"/>`;
  const keyInfo = {
    inside: keys.join(""),
    retrieved: retrieval,
    named: "<ds:KeyName>multicast</ds:KeyName>",
  };
  return [
    `<a:EncryptedAssertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"><xenc:EncryptedData xmlns:xenc="${xmlenc}" Id="_data" Type="${xmlenc}Element">`,
    `<xenc:EncryptionMethod Algorithm="${uri}"/>`,
    `<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">${keyInfo[place]}</ds:KeyInfo>`,
    `<xenc:CipherData><xenc:CipherValue>${inLines(bytes)}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>`,
    place === "inside" ? "" : keys.join(""),
    "</a:EncryptedAssertion>",
  ].join("");
}

async function encryptedKey(key: Buffer, recipient: EncryptionRecipient, at: number): Promise<string> {
  const { certificatePem, method = "rsa-oaep-mgf1p", digest = "sha1", mask = null, label, name } = recipient;
  const uri = `${method === "rsa-oaep" ? xmlenc11 : xmlenc}${method}`;
  const certificate = certificatePem.replaceAll(/-----[^-]+-----|\s/g, "");
  return [
    `<e:EncryptedKey xmlns:e="${xmlenc}" Id="_key${at}"${name === undefined ? "" : ` Recipient="${name}"`}>`,
    `<e:EncryptionMethod Algorithm="${uri}">`,
    digest && `<DigestMethod xmlns="http://www.w3.org/2000/09/xmldsig#" Algorithm="${digestUris[digest]}"/>`,
    mask && `<xenc11:MGF xmlns:xenc11="${xmlenc11}" Algorithm="${xmlenc11}mgf1${mask}"/>`,
    label && `<e:OAEPparams>${label}</e:OAEPparams>`,
    "</e:EncryptionMethod>",
    `<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${certificate}</X509Certificate></X509Data></KeyInfo>`,
    `<e:CipherData><e:CipherValue>${inLines(await wrap(key, recipient, uri))}</e:CipherValue></e:CipherData>`,
    '<e:ReferenceList><e:DataReference URI="#_data"/></e:ReferenceList>',
    "<e:CarriedKeyName>multicast</e:CarriedKeyName></e:EncryptedKey>",
  ]
    .filter((part) => typeof part === "string")
    .join("");
}

async function wrap(key: Buffer, recipient: EncryptionRecipient, uri: string): Promise<Buffer> {
  const { certificatePem, method, label } = recipient;
  const [digest, mask] = [recipient.digest ?? "sha1", recipient.mask ?? "sha1"];
  if (method === "rsa-1_5")
    return publicEncrypt({ key: certificatePem, padding: constants.RSA_PKCS1_PADDING }, key);
  const oaepLabel = label === undefined ? {} : { oaepLabel: Buffer.from(label, "base64") };
  if (digest === mask) return publicEncrypt({ key: certificatePem, oaepHash: digest, ...oaepLabel }, key);
  const options = {
    rsa_pub: certificatePem,
    pem: certificatePem,
    keyEncryptionAlgorithm: uri,
    keyEncryptionDigest: digest,
    keyEncryptionOaepParams: label,
    ...(method === "rsa-oaep" ? { keyEncryptionMgf: mask } : {}),
  };
  const keyInfo = await new Promise<string>((resolve, reject) => {
    encryptKeyInfo(key, options as unknown as Parameters<typeof encryptKeyInfo>[1], (error, result) =>
      error ? reject(error) : resolve(result),
    );
  });
  return Buffer.from(/<e:CipherValue>([^<]+)</.exec(keyInfo)?.[1] ?? "", "base64");
}

/** Base64 in lines of 76 characters, as Java and .NET write it. */
function inLines(bytes: Buffer): string {
  return (bytes.toString("base64").match(/.{1,76}/g) ?? []).join("\n");
}
