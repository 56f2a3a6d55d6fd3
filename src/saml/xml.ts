import { DOMParser, type Document, type Element, type Node } from "@xmldom/xmldom";

export const ns = {
  assertion: "urn:oasis:names:tc:SAML:2.0:assertion",
  protocol: "urn:oasis:names:tc:SAML:2.0:protocol",
  metadata: "urn:oasis:names:tc:SAML:2.0:metadata",
  signature: "http://www.w3.org/2000/09/xmldsig#",
  encryption: "http://www.w3.org/2001/04/xmlenc#",
} as const;

/** Parses a document. Throws an Error where it is not well-formed. */
export function parseXml(xml: string): Document {
  const onError = (_level: string, message: string) => {
    throw new Error(message);
  };
  return new DOMParser({ onError }).parseFromString(xml, "text/xml");
}

function isElement(node: Node): node is Element {
  return node.nodeType === node.ELEMENT_NODE;
}

/** The element children of that name. */
export function children(parent: Element, namespace: string, localName: string): Element[] {
  return Array.from(parent.childNodes).filter(
    (node): node is Element =>
      isElement(node) && node.namespaceURI === namespace && node.localName === localName,
  );
}

/** The one element child of that name; null when there is none, or more than one. */
export function onlyChild(parent: Element | null, namespace: string, localName: string): Element | null {
  const [only, second] = parent ? children(parent, namespace, localName) : [];
  return only && !second ? only : null;
}

/** All elements below a node and the node itself, in the order of the document. */
export function elementsOf(root: Element): Element[] {
  return [root, ...Array.from(root.getElementsByTagName("*"))];
}

/** The text of an element that has no elements in it, without space around it; null when it is empty or has some. */
export function textOf(element: Element | null): string | null {
  if (!element || Array.from(element.childNodes).some(isElement)) return null;
  return element.textContent?.trim() || null;
}

/** An attribute's value; null when it is absent or empty. */
export function attributeOf(element: Element | null, name: string): string | null {
  return element?.getAttribute(name) || null;
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
