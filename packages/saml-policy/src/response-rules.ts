/** The rules about a response before its signatures are verified, in the order in which they are applied. */
import { contentCiphers, type EncryptedAssertion, type EncryptedKey } from "./decrypt.ts";
import {
  type DocumentFacts,
  mismatch,
  type ParsedResponse,
  printable,
  type ReceivedForm,
  type SamlRule,
  type ServiceProvider,
  type SignatureForm,
  type TextFacts,
} from "./rule.ts";

/** The largest response: Okta's have about 10 kB; a thousand groups are about 100. */
const maxBytes = 256 * 1024;
const maxDepth = 32;
const maxTags = 10_000;

const success = "urn:oasis:names:tc:SAML:2.0:status:Success";

const signatureMethods = [
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
];
const digestMethods = ["http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512"];
/** With comments or without (SAML Core §5.4.3): comments are refused before. Amazon signs with them. */
const exclusive = ["", "WithComments"].map((kind) => `http://www.w3.org/2001/10/xml-exc-c14n#${kind}`);
const enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/** SHA-1 as a signature method or a digest, with RSA, DSA or HMAC. */
const sha1 = /sha1$/i;
const isSha1 = (algorithm: string | null) => algorithm !== null && sha1.test(algorithm);

/** Authenticated encryption only: CBC lets an attacker who can try often decrypt it (XML Encryption 1.1 §6.1). */
const contentMethods = Object.keys(contentCiphers);
const oaepWithSha1Mask = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
/** OAEP only. Its digest and its mask are SHA-1 by default, where nothing depends on collisions. */
const keyMethods = [oaepWithSha1Mask, "http://www.w3.org/2009/xmlenc11#rsa-oaep"];
const paddingDigests = ["http://www.w3.org/2000/09/xmldsig#sha1", ...digestMethods];
const sha1Mask = "http://www.w3.org/2009/xmlenc11#mgf1sha1";
const masks = [
  sha1Mask,
  ...["sha256", "sha384", "sha512"].map((hash) => `http://www.w3.org/2009/xmlenc11#mgf1${hash}`),
];
/** Each is tried with each private key, and trying one takes about a millisecond. */
const maxKeys = 8;

/** The text of a document, before a parser sees it. */
const textRules: readonly SamlRule<TextFacts>[] = [
  {
    id: "text",
    name: "The document is XML in UTF-8 or UTF-16",
    citation: "XML 1.0 §2.1, §4.3.3",
    reason: "saml-malformed",
    holds: ({ isXml }) => isXml,
  },
  {
    id: "doctype",
    name: "There is no document type",
    citation: "Entity expansion and external entities (CWE-611, CWE-776)",
    reason: "saml-doctype",
    holds: ({ hasDoctype }) => !hasDoctype,
  },
  {
    id: "markup",
    name: "There are no comments, instructions or CDATA sections",
    citation: "Some readers end a text at a comment (CVE-2017-11427)",
    reason: "saml-comment",
    holds: ({ hasMarkup }) => !hasMarkup,
  },
  {
    id: "characters",
    name: "Every character, and every reference to one, is of XML",
    citation: "XML 1.0 §2.2, §4.1",
    reason: "saml-malformed",
    holds: ({ hasXmlCharacters }) => hasXmlCharacters,
  },
  {
    id: "nesting",
    name: `There are at most ${maxTags.toLocaleString("en")} tags, nested at most ${maxDepth} deep`,
    citation: "Exhaustion of memory or stack (CWE-400)",
    reason: "saml-malformed",
    holds: ({ depth, tags }) => depth <= maxDepth && tags <= maxTags,
    found: ({ depth, tags }) => `found ${tags} tags, ${depth} deep`,
  },
];

/** The form, and the text of its response. */
export const formRules: readonly SamlRule<ReceivedForm>[] = [
  {
    id: "form",
    name: "The form holds a response and nothing else",
    citation: "SAML Bindings §3.5.4",
    reason: "saml-not-a-sign-in",
    holds: ({ hasResponse, hasMore }) => hasResponse && !hasMore,
  },
  {
    id: "base64",
    name: "The response is base64",
    citation: "SAML Bindings §3.5.4",
    reason: "saml-malformed",
    holds: ({ isBase64 }) => isBase64,
  },
  {
    id: "size",
    name: `The response has at most ${maxBytes / 1024} KB`,
    citation: "Exhaustion of memory (CWE-400)",
    reason: "saml-malformed",
    holds: ({ bytes }) => bytes <= maxBytes,
    found: ({ bytes }) => `${bytes} bytes`,
  },
  ...textRules,
];

export interface ResponseFacts {
  response: ParsedResponse;
  sp: ServiceProvider;
}

const wellFormed: SamlRule<DocumentFacts> = {
  id: "well-formed",
  name: "The XML is well-formed",
  citation: "XML 1.0 §2.1",
  reason: "saml-malformed",
  holds: ({ isWellFormed }) => isWellFormed,
};
const uniqueIds: SamlRule<DocumentFacts> = {
  id: "unique-ids",
  name: "No two elements have the same ID",
  citation: "SAML Core §1.3.4: a signature could mean either",
  reason: "saml-duplicate-id",
  holds: ({ ids }) => new Set(ids).size === ids.length,
};

/** The contents of the response. */
export const responseRules: readonly SamlRule<ResponseFacts>[] = [
  about(wellFormed, ({ response }) => response),
  {
    id: "response",
    name: "The message is a SAML response",
    citation: "SAML Core §3.2.2",
    reason: "saml-not-a-sign-in",
    holds: ({ response }) => response.isResponse,
    found: ({ response }) => `found ${response.rootName}`,
  },
  {
    id: "response-version",
    name: "The response has SAML version 2.0",
    citation: "SAML Core §3.2.2",
    reason: "saml-version",
    holds: ({ response }) => response.version === "2.0",
    found: ({ response }) => mismatch("2.0", response.version),
  },
  {
    id: "status",
    name: "The provider says Success",
    citation: "SAML Core §3.2.2.2",
    reason: "saml-status",
    holds: ({ response }) => response.status === success,
    found: ({ response }) => mismatch(success, statusText(response)),
  },
  {
    id: "response-issuer",
    name: "The issuer of the response, if it names one, is the connection's provider",
    citation: "SAML Profiles §4.1.4.2",
    reason: "saml-issuer",
    holds: ({ response: { issuers, issuer }, sp }) =>
      issuers === 0 || (issuers === 1 && issuer === sp.idpEntityId),
    found: ({ response, sp }) => mismatch(sp.idpEntityId, response.issuer),
  },
  {
    id: "destination",
    name: "The response, if it names a destination, is sent to this address",
    citation: "SAML Bindings §3.5.5.2",
    reason: "saml-destination",
    holds: ({ response: { destination }, sp }) => destination === null || destination === sp.acsUrl,
    found: ({ response, sp }) => mismatch(sp.acsUrl, response.destination),
  },
  {
    id: "signed-destination",
    name: "A signed response names its destination",
    citation: "SAML Bindings §3.5.5.2",
    reason: "saml-destination",
    holds: ({ response }) => response.destination !== null || !isSigned(response, "Response"),
  },
  {
    id: "assertion-count",
    name: "There is exactly one assertion, a child of the response",
    citation: "Signature wrapping needs another one (Somorovsky et al., 2012)",
    reason: "saml-assertion-count",
    holds: ({ response }) => response.assertions === 1 && response.isAssertionInPlace,
    found: ({ response }) => `found ${response.assertions}`,
  },
  about(uniqueIds, ({ response }) => response),
];

/** How the response and its assertion are signed. Libraries accept more: node-saml 5 accepts SHA-1. */
export const signatureRules: readonly SamlRule<DocumentFacts>[] = [
  {
    id: "signature-place",
    name: "Each signature is the only one in the response or assertion that it signs",
    citation: "SAML Core §5.4.2",
    reason: "saml-signature-not-valid",
    holds: ({ signatures }) => signatures.every(({ parent, siblings }) => parent !== null && siblings === 1),
  },
  {
    id: "sha1",
    name: "Nothing is signed with SHA-1",
    citation: "Collisions of SHA-1; Okta: SHA-256 only",
    reason: "saml-sha1",
    holds: ({ signatures }) => !signatures.some(({ method, digest }) => isSha1(method) || isSha1(digest)),
    found: ({ signatures }) =>
      `found ${signatures.flatMap(({ method, digest }) => [method, digest].filter(isSha1)).join(", ")}`,
  },
  allow("signature-method", "Signature methods are RSA with SHA-256 or SHA-512", {
    citation: "RFC 9231 §2.3.2; Okta: SHA-256 only",
    allowed: signatureMethods,
    used: ({ method }) => [method].filter((algorithm) => !isSha1(algorithm)),
  }),
  allow("digest-method", "Digest methods are SHA-256 or SHA-512", {
    citation: "XML Encryption 1.1 §5.7; Okta: SHA-256 only",
    allowed: digestMethods,
    used: ({ digest }) => [digest].filter((algorithm) => !isSha1(algorithm)),
  }),
  allow("canonicalization", "Canonicalization is exclusive", {
    citation: "SAML Core §5.4.3",
    allowed: exclusive,
    used: ({ canonicalization }) => [canonicalization],
  }),
  allow("transforms", "Transforms are enveloped signature and exclusive canonicalization", {
    citation: "SAML Core §5.4.4",
    allowed: [enveloped, ...exclusive],
    used: ({ transforms }) => (transforms.length > 0 ? transforms : [null]),
  }),
  {
    id: "reference",
    name: "Each signature refers to the element that it is in",
    citation: "SAML Core §5.4.2",
    reason: "saml-signature-not-valid",
    holds: ({ signatures }) => signatures.every(refersToParent),
    found({ signatures }) {
      const wrong = signatures.find((signature) => !refersToParent(signature));
      return mismatch(`#${wrong?.parentId ?? ""}`, wrong?.reference ?? null);
    },
  },
];

export interface EncryptionFacts {
  encrypted: EncryptedAssertion;
  sp: ServiceProvider;
}

/** An encrypted assertion, before a private key is used. */
export const encryptionRules: readonly SamlRule<EncryptionFacts>[] = [
  {
    id: "encryption-accepted",
    name: "The connection accepts encrypted assertions",
    citation: "The connection's settings",
    reason: "saml-encryption",
    holds: ({ sp }) => sp.acceptsEncrypted,
  },
  {
    id: "encryption-methods",
    name: "Encryption is AES-GCM with RSA-OAEP",
    citation: "XML Encryption 1.1 §5.2.4, §5.5.2, §6.1",
    reason: "saml-encryption",
    holds: ({ encrypted: { contents, keys } }) =>
      contents.length === 1 &&
      contents.every(({ method }) => isOneOf(contentMethods, method)) &&
      keys.some(isAllowedKey),
    found: ({ encrypted: { contents, keys } }) =>
      printable(`found ${[...contents, ...keys].map(methodText).join(", ")}`),
  },
  {
    id: "encrypted-keys",
    name: `The content's key is encrypted at most ${maxKeys} times`,
    citation: "Exhaustion of CPU time (CWE-400): each is tried",
    reason: "saml-encryption",
    holds: ({ encrypted: { keys } }) => keys.length <= maxKeys,
    found: ({ encrypted: { keys } }) => `found ${keys.length}`,
  },
];

/** A key by another method may be there for another recipient, but is never tried. */
export function isAllowedKey({ method, digest, mask }: EncryptedKey): boolean {
  const hasMask = method === oaepWithSha1Mask ? mask === null : isOneOf(masks, mask ?? sha1Mask);
  return isOneOf(keyMethods, method) && hasMask && (digest === null || isOneOf(paddingDigests, digest));
}

function methodText({ method, digest, mask }: Pick<EncryptedKey, "method"> & Partial<EncryptedKey>): string {
  const parameters = [digest, mask].filter((parameter) => parameter);
  return `${method ?? "no method"}${parameters.length > 0 ? ` (${parameters.join(", ")})` : ""}`;
}

export interface DecryptionFacts {
  /** The text that was encrypted; null if no key decrypts it. */
  decrypted: TextFacts | null;
  /** Why there is none, for the log. */
  problem: string | null;
}

/** The text that was encrypted. */
export const decryptedTextRules: readonly SamlRule<DecryptionFacts>[] = [
  {
    id: "decryption",
    name: "One of the connection's keys decrypts the assertion",
    citation: "XML Encryption 1.1 §4.4",
    reason: "saml-encryption",
    holds: ({ decrypted }) => decrypted !== null,
    found: ({ problem }) => problem,
  },
  ...textRules.map((rule) => insideEncryption(rule, ({ decrypted }: DecryptionFacts) => decrypted)),
];

/** The document that was encrypted: the same rules as outside. */
export const decryptedRules: readonly SamlRule<DocumentFacts>[] = [
  insideEncryption(wellFormed, (facts: DocumentFacts) => facts),
  {
    id: "decrypted-assertion-count",
    name: "Exactly one assertion was encrypted, and nothing else",
    citation: "SAML Core §2.3.4",
    reason: "saml-assertion-count",
    holds: ({ assertions, isAssertionInPlace }) => assertions === 1 && isAssertionInPlace,
    found: ({ assertions }) => `found ${assertions}`,
  },
  ...[uniqueIds, ...signatureRules].map((rule) => insideEncryption(rule, (facts: DocumentFacts) => facts)),
];

/** The part carries a signature, valid or not. */
export function isSigned({ signatures }: DocumentFacts, part: SignatureForm["parent"]): boolean {
  return signatures.some(({ parent }) => parent === part);
}

function refersToParent({ reference, parentId }: SignatureForm): boolean {
  return parentId !== null && reference === `#${parentId}`;
}

function isOneOf(allowed: readonly string[], found: string | null): boolean {
  return found !== null && allowed.includes(found);
}

/** The status, the codes below it and the message. Without e-mail addresses, because it is logged. */
function statusText({ status, subStatuses, statusMessage }: ParsedResponse): string | null {
  if (status === null) return null;
  const codes = withoutAddresses([status, ...subStatuses].join(" / "));
  const message = statusMessage && withoutAddresses(statusMessage);
  return message ? `${codes}: ${message}` : codes;
}

function withoutAddresses(text: string): string {
  // Cut first: the pattern takes quadratic time.
  return printable(text).replaceAll(/\S+@\S+/g, "[address]");
}

interface AllowedAlgorithms {
  citation: string;
  allowed: readonly string[];
  used(signature: SignatureForm): (string | null)[];
}

/** A rule that every signature uses allowed algorithms only. SHA-1 has a rule of its own, because it has its own reason. */
function allow(id: string, name: string, algorithms: AllowedAlgorithms): SamlRule<DocumentFacts> {
  const { citation, allowed, used } = algorithms;
  const isAllowed = (algorithm: string | null) => isOneOf(allowed, algorithm);
  return {
    id,
    name,
    citation,
    reason: "saml-algorithm",
    holds: ({ signatures }) => signatures.flatMap(used).every(isAllowed),
    found({ signatures }) {
      const other = signatures.flatMap(used).find((algorithm) => !isAllowed(algorithm));
      return mismatch(allowed.join(" or "), other ?? null);
    },
  };
}

/** The same rule about a part of other facts. It holds if there is no such part. */
function about<Part, Facts>(rule: SamlRule<Part>, partOf: (facts: Facts) => Part | null): SamlRule<Facts> {
  return {
    ...rule,
    holds(facts) {
      const part = partOf(facts);
      return part === null || rule.holds(part);
    },
    found(facts) {
      const part = partOf(facts);
      return part === null ? null : (rule.found?.(part) ?? null);
    },
  };
}

/** The same rule about the decrypted assertion. */
function insideEncryption<Part, Facts>(
  rule: SamlRule<Part>,
  partOf: (facts: Facts) => Part | null,
): SamlRule<Facts> {
  const { id, name } = rule;
  return { ...about(rule, partOf), id: `decrypted-${id}`, name: `${name} (inside the encryption)` };
}
