/**
 * Turns a posted form into typed values, without judging any of them: a field is null if the message does not say it.
 * policy.ts judges. The text of the XML is measured before it is parsed, because parsers differ in what they make of
 * dangerous XML.
 */
import { DOMParser, type Document, type Element, type Node } from "@xmldom/xmldom";
import type {
  Confirmation,
  DocumentFacts,
  ParsedAssertion,
  ParsedResponse,
  PostedForm,
  ReceivedForm,
  SignatureForm,
  TextFacts,
} from "./rule.ts";

export type { Element, Node };

export const ns = {
  assertion: "urn:oasis:names:tc:SAML:2.0:assertion",
  protocol: "urn:oasis:names:tc:SAML:2.0:protocol",
  metadata: "urn:oasis:names:tc:SAML:2.0:metadata",
  signature: "http://www.w3.org/2000/09/xmldsig#",
} as const;

/** Reads the form. A response is base64, not deflated (SAML Bindings §3.5.4). */
export function readForm({ form, query }: PostedForm): ReceivedForm {
  const { SAMLResponse: field, SAMLRequest: request, RelayState: relayState } = form;
  const isBase64 = typeof field === "string" && /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(field);
  const bytes = Buffer.from(typeof field === "string" ? field : "", "base64");
  return {
    hasResponse: field !== undefined,
    hasMore: request !== undefined || Object.keys(query).length > 0,
    isBase64,
    bytes: bytes.length,
    relayState,
    ...readText(bytes),
  };
}

/** Decodes a document, and measures it without parsing it. */
export function readText(bytes: Uint8Array): TextFacts {
  const xml = decodeResponse(bytes) ?? "";
  return {
    xml,
    isXml: xml.startsWith("<"),
    hasDoctype: /<!(DOCTYPE|ENTITY)/i.test(xml),
    hasMarkup: /<!(?!DOCTYPE|ENTITY)/i.test(xml) || /<\?(?!xml\s)/.test(xml) || xml.lastIndexOf("<?") > 0,
    hasXmlCharacters: hasXmlCharacters(xml),
    ...measureTags(xml),
  };
}

/**
 * The text of a document in UTF-8, or in UTF-16 if its first bytes say so (XML 1.0, appendix F.1). A byte order mark and
 * white space before it are dropped: neither is part of what is signed. Null if the bytes are not such a text.
 */
function decodeResponse(bytes: Uint8Array): string | null {
  const [first, second] = bytes;
  const isBigEndian = first === 0xfe || first === 0;
  const isLittleEndian = second === 0xfe || second === 0;
  const encoding = isBigEndian ? "utf-16be" : isLittleEndian ? "utf-16le" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes).trimStart();
  } catch {
    return null;
  }
}

/** Counts tags and their depth in one pass: a parser could run out of stack or memory with thousands of them. */
function measureTags(xml: string): { depth: number; tags: number } {
  let [depth, deepest, tags, quote] = [0, 0, 0, ""];
  let inTag = false;
  for (let at = 0; at < xml.length; at++) {
    const character = xml[at] as string;
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (inTag) {
      if (character === '"' || character === "'") quote = character;
      else if (character === ">") {
        inTag = false;
        if (xml[at - 1] === "/" || xml[at - 1] === "?") depth--;
      }
    } else if (character === "<") {
      inTag = true;
      depth += xml[at + 1] === "/" ? -1 : 1;
      if (xml[at + 1] === "/") at++;
      tags++;
      deepest = Math.max(deepest, depth);
    }
  }
  return { depth: deepest, tags };
}

/** Parses a response whose text was judged. */
export function parseResponse(xml: string): ParsedResponse {
  const root = rootOf(xml);
  const issuers = root ? children(root, ns.assertion, "Issuer") : [];
  const status = onlyChild(root, ns.protocol, "Status");
  const [topStatus = null, ...subStatuses] = statusCodes(status);
  const [encrypted = null] = childrenOf(root, "EncryptedAssertion");
  return {
    ...documentFacts(root, (assertion) => assertion.parentNode === root),
    isResponse: root?.localName === "Response" && root.namespaceURI === ns.protocol,
    version: attributeOf(root, "Version"),
    status: topStatus,
    subStatuses,
    statusMessage: textOf(onlyChild(status, ns.protocol, "StatusMessage")),
    issuer: textOf(issuers[0] ?? null),
    issuers: issuers.length,
    destination: root?.getAttribute("Destination") ?? null,
    inResponseTo: attributeOf(root, "InResponseTo"),
    encrypted,
  };
}

/** The status code and the codes inside it (SAML Core §3.2.2.2); none if the first of them has no value. */
function statusCodes(parent: Element | null): string[] {
  const code = onlyChild(parent, ns.protocol, "StatusCode");
  const value = attributeOf(code, "Value");
  return value === null ? [] : [value, ...statusCodes(code)];
}

/** Parses the XML that was encrypted: an assertion by itself. */
export function parseDecrypted(xml: string): DocumentFacts {
  const root = rootOf(xml);
  return documentFacts(root, (assertion) => assertion === root && assertion.localName === "Assertion");
}

function rootOf(xml: string): Element | null {
  try {
    return parseXml(xml).documentElement;
  } catch {
    return null;
  }
}

function documentFacts(root: Element | null, isInPlace: (assertion: Element) => boolean): DocumentFacts {
  const all = root ? elementsOf(root) : [];
  const assertions = all.filter(({ localName }) =>
    ["Assertion", "EncryptedAssertion"].includes(localName ?? ""),
  );
  const [first] = assertions;
  return {
    isWellFormed: root !== null,
    rootName: root?.localName ?? "",
    assertions: assertions.length,
    isAssertionInPlace: first !== undefined && first.namespaceURI === ns.assertion && isInPlace(first),
    ids: all.flatMap((element) =>
      ["ID", "Id", "id", "AssertionID"].flatMap((name) => element.getAttribute(name) ?? []),
    ),
    signatures: all
      .filter(({ localName, namespaceURI }) => localName === "Signature" && namespaceURI === ns.signature)
      .map((signature) => signatureForm(signature, root)),
  };
}

function signatureForm(signature: Element, root: Element | null): SignatureForm {
  const parent = signature.parentNode as Element;
  const info = onlyChild(signature, ns.signature, "SignedInfo");
  const reference = onlyChild(info, ns.signature, "Reference");
  const transforms = onlyChild(reference, ns.signature, "Transforms");
  const isResponse = parent === root && parent.localName === "Response";
  const isAssertion = (parent === root || parent.parentNode === root) && parent.localName === "Assertion";
  return {
    parent: isResponse ? "Response" : isAssertion ? "Assertion" : null,
    siblings: signature === root ? 1 : children(parent, ns.signature, "Signature").length,
    method: algorithmOf(info, "SignatureMethod"),
    digest: algorithmOf(reference, "DigestMethod"),
    canonicalization: algorithmOf(info, "CanonicalizationMethod"),
    transforms: (transforms ? children(transforms, ns.signature, "Transform") : []).map((transform) =>
      attributeOf(transform, "Algorithm"),
    ),
    reference: attributeOf(reference, "URI"),
    parentId: signature === root ? null : attributeOf(parent, "ID"),
  };
}

function algorithmOf(parent: Element | null, localName: string): string | null {
  return attributeOf(onlyChild(parent, ns.signature, localName), "Algorithm");
}

/** Parses the signed XML: an assertion, or the response around it. */
export function parseAssertion(signedXml: string): ParsedAssertion {
  const signed = rootOf(signedXml);
  const isResponse = signed?.localName === "Response" && signed.namespaceURI === ns.protocol;
  const root = isResponse ? onlyChild(signed, ns.assertion, "Assertion") : signed;
  const conditions = onlyChild(root, ns.assertion, "Conditions");
  const subject = onlyChild(root, ns.assertion, "Subject");
  const nameId = onlyChild(subject, ns.assertion, "NameID");
  const statements = childrenOf(root, "AuthnStatement");
  const [statement = null] = statements;
  const sessionEnds = statements.flatMap((each) => timeOf(each, "SessionNotOnOrAfter") ?? []);
  return {
    isAssertion: root?.localName === "Assertion" && root.namespaceURI === ns.assertion,
    id: attributeOf(root, "ID"),
    version: attributeOf(root, "Version"),
    issuer: textOf(onlyChild(root, ns.assertion, "Issuer")),
    hasConditions: conditions !== null,
    restrictions: childrenOf(conditions, "AudienceRestriction").map((restriction) =>
      children(restriction, ns.assertion, "Audience").map(textOf),
    ),
    issuedAt: timeOf(root, "IssueInstant"),
    notBefore: timeOf(conditions, "NotBefore"),
    notOnOrAfter: timeOf(conditions, "NotOnOrAfter"),
    confirmations: childrenOf(subject, "SubjectConfirmation").map(confirmationOf),
    hasAuthnStatement: statement !== null,
    authenticatedAt: timeOf(statement, "AuthnInstant"),
    authnContext: textOf(
      onlyChild(childrenOf(statement, "AuthnContext")[0] ?? null, ns.assertion, "AuthnContextClassRef"),
    ),
    sessionEndsAt: sessionEnds.length > 0 ? Math.min(...sessionEnds) : null,
    nameId: textOf(nameId),
    nameIdFormat: attributeOf(nameId, "Format"),
    attributes: attributesOf(root),
  };
}

function childrenOf(parent: Element | null, localName: string): Element[] {
  return parent ? children(parent, ns.assertion, localName) : [];
}

function confirmationOf(confirmation: Element): Confirmation {
  const data = onlyChild(confirmation, ns.assertion, "SubjectConfirmationData");
  return {
    method: attributeOf(confirmation, "Method"),
    notBefore: timeOf(data, "NotBefore"),
    notOnOrAfter: timeOf(data, "NotOnOrAfter"),
    recipient: attributeOf(data, "Recipient"),
    inResponseTo: attributeOf(data, "InResponseTo"),
  };
}

function attributesOf(root: Element | null): Map<string, string[]> {
  const attributes = new Map<string, string[]>();
  for (const statement of childrenOf(root, "AttributeStatement")) {
    for (const attribute of childrenOf(statement, "Attribute")) {
      const name = attributeOf(attribute, "Name");
      if (name === null) continue;
      const values = childrenOf(attribute, "AttributeValue").flatMap((value) => textOf(value) ?? []);
      attributes.set(name, [...(attributes.get(name) ?? []), ...values]);
    }
  }
  return attributes;
}

/** Null if the attribute is absent, NaN if it is empty or not a time. */
function timeOf(element: Element | null, name: string): number | null {
  const text = element?.getAttribute(name) ?? null;
  return text === null ? null : parseTime(text);
}

/**
 * A time with its zone (XML Schema 2, §3.2.7), in ms since the epoch; NaN if the text is not one. White space around it does
 * not count.
 */
export function parseTime(text: string): number {
  const [, day] = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.exec(text.trim()) ?? [];
  return day !== undefined && isDay(day) ? Date.parse(text.trim()) : Number.NaN;
}

/** Parses a document. Throws an Error if it is not well-formed. */
export function parseXml(xml: string): Document {
  const onError = (_level: string, message: string) => {
    throw new Error(message);
  };
  return new DOMParser({ onError }).parseFromString(xml, "text/xml");
}

function isElement(node: Node): node is Element {
  return node.nodeType === node.ELEMENT_NODE;
}

/** The element children with this name. */
export function children(parent: Element, namespace: string, localName: string): Element[] {
  return Array.from(parent.childNodes).filter(
    (node): node is Element =>
      isElement(node) && node.namespaceURI === namespace && node.localName === localName,
  );
}

/** The one element child with this name; null if there is none, or more than one. */
export function onlyChild(parent: Element | null, namespace: string, localName: string): Element | null {
  const [only, second] = parent ? children(parent, namespace, localName) : [];
  return only && !second ? only : null;
}

/** The element itself and all elements below it, in document order. */
export function elementsOf(root: Element): Element[] {
  return [root, ...Array.from(root.getElementsByTagName("*"))];
}

/** The trimmed text of an element; null if it is empty or has child elements. */
export function textOf(element: Element | null): string | null {
  if (!element || Array.from(element.childNodes).some(isElement)) return null;
  return element.textContent?.trim() || null;
}

/** The value of an attribute; null if it is absent or empty. */
export function attributeOf(element: Element | null, name: string): string | null {
  return element?.getAttribute(name) || null;
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Whether a text has the characters of XML only, and well-formed references to them (XML 1.0 §2.2, §4.1). Parsers let others
 * pass: the reference to a NUL, which no database stores, and a reference that they cannot read, which they take for one.
 */
function hasXmlCharacters(xml: string): boolean {
  if (!areXmlCharacters(xml)) return false;
  return Array.from(xml.matchAll(/&#(?:x([0-9a-f]{1,8});|([0-9]{1,8});)?/gi)).every(
    ([start, hex, decimal]) => {
      if (start.startsWith("&#X") || (hex ?? decimal) === undefined) return false;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff && areXmlCharacters(String.fromCodePoint(code));
    },
  );
}

/** Every other control character, half of a surrogate pair and non-character is missing in XML. */
function areXmlCharacters(text: string): boolean {
  return /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u.test(text);
}

/** Whether YYYY-MM-DD is a day: Date.parse() takes February 30 for March 2. */
function isDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}
