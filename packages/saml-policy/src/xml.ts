import { DOMParser, type Document, type Element, type Node } from "@xmldom/xmldom";

export type { Element, Node };

export const ns = {
  assertion: "urn:oasis:names:tc:SAML:2.0:assertion",
  protocol: "urn:oasis:names:tc:SAML:2.0:protocol",
  metadata: "urn:oasis:names:tc:SAML:2.0:metadata",
  signature: "http://www.w3.org/2000/09/xmldsig#",
} as const;

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
