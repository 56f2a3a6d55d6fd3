import { children, type Element, type Node, ns } from "saml-policy/parse";

/** Texts that are known to be harmless. Values of mapped attributes are shown, too; everything else is hidden. */
const shownTexts = new Set(
  "Issuer NameID Audience AuthnContextClassRef AuthenticatingAuthority StatusMessage".split(" "),
);
const shownXmlAttributes = new Set(
  `ID Version IssueInstant Destination InResponseTo Recipient Consent Method NotBefore NotOnOrAfter SessionNotOnOrAfter
AuthnInstant Format NameFormat NameQualifier SPNameQualifier Name FriendlyName Algorithm URI AllowCreate
AssertionConsumerServiceURL ProtocolBinding ForceAuthn IsPassive ProviderName`.split(/\s/),
);
const notMapped = "[not mapped]";
const certificateLength = 40;

/** XML as the inspector shows it: indented, and without personal data that is not mapped to a field of this application. */
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

export function isMapped(value: Element, mapped: ReadonlySet<string>): boolean {
  const parent: Node | null = value.parentNode;
  const name = parent?.nodeType === 1 ? (parent as Element).getAttribute("Name") : null;
  return name !== null && mapped.has(name) && children(value, ns.assertion, "NameID").length === 0;
}

function shownText({ localName }: Element, text: string): string {
  if (localName === "AttributeValue" || shownTexts.has(localName ?? "")) return text;
  // A certificate is public, but long.
  if (localName === "X509Certificate") return `${text.slice(0, certificateLength)}…`;
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

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
