import type { Element, Node } from "@xmldom/xmldom";
import { attributeOf, children, ns } from "./xml.ts";

/**
 * XML as the inspector shows it: indented, and without what is nobody's business. Only what is known to be harmless is
 * shown: values of attributes that are mapped to something of ours, names and addresses, times and algorithms.
 */
const shownTexts = new Set([
  ...["Issuer", "NameID", "Audience", "AuthnContextClassRef", "AuthenticatingAuthority", "StatusMessage"],
]);
const shownXmlAttributes = new Set([
  ...["ID", "Version", "IssueInstant", "Destination", "InResponseTo", "Recipient", "Consent", "Method"],
  ...["NotBefore", "NotOnOrAfter", "SessionNotOnOrAfter", "AuthnInstant", "Format", "NameFormat"],
  ...["NameQualifier", "SPNameQualifier", "Name", "FriendlyName", "Algorithm", "URI", "AllowCreate"],
  ...["AssertionConsumerServiceURL", "ProtocolBinding", "ForceAuthn", "IsPassive", "ProviderName"],
]);
const notMapped = "[not mapped]";
/** What a certificate or a long text is cut to. */
const shortened = 40;

/** @param mapped names of the SAML attributes whose values may be seen. */
export function shownXml(element: Element, mapped: ReadonlySet<string>, depth = 0): string {
  const indent = "  ".repeat(depth);
  const open = [element.tagName, ...xmlAttributes(element)].join(" ");
  const inside = Array.from(element.childNodes).filter((node): node is Element => node.nodeType === 1);
  const text = element.textContent?.trim() ?? "";
  if (element.localName === "AttributeValue" && !isMapped(element, mapped))
    return `${indent}<${open}>${notMapped}</${element.tagName}>`;
  if (inside.length > 0) {
    const lines = inside.map((child) => shownXml(child, mapped, depth + 1));
    return [`${indent}<${open}>`, ...lines, `${indent}</${element.tagName}>`].join("\n");
  }
  return text === ""
    ? `${indent}<${open}/>`
    : `${indent}<${open}>${escaped(shownText(element, text))}</${element.tagName}>`;
}

function isMapped(value: Element, mapped: ReadonlySet<string>): boolean {
  const parent: Node | null = value.parentNode;
  const name = parent?.nodeType === 1 ? attributeOf(parent as Element, "Name") : null;
  return name !== null && mapped.has(name) && children(value, ns.assertion, "NameID").length === 0;
}

function shownText({ localName }: Element, text: string): string {
  if (localName === "AttributeValue" || shownTexts.has(localName ?? "")) return text;
  // A certificate is public, but long.
  if (localName === "X509Certificate") return `${text.slice(0, shortened)}…`;
  return ["SignatureValue", "DigestValue", "CipherValue"].includes(localName ?? "")
    ? "[redacted]"
    : notMapped;
}

function xmlAttributes(element: Element): string[] {
  return Array.from(element.attributes).map(({ name, localName, value }) => {
    const isShown =
      name.startsWith("xmlns") ||
      name.startsWith("xsi:") ||
      shownXmlAttributes.has(name) ||
      (element.localName === "StatusCode" && localName === "Value");
    return `${name}="${isShown ? escaped(value) : notMapped}"`;
  });
}

/** What would be read as markup. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
