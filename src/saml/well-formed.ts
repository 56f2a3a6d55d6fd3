import type { Document, Element } from "@xmldom/xmldom";
import type { Checks } from "../checks.ts";
import { elementsOf, parseXml } from "./xml.ts";

/** Okta's responses have about 10 kB; a thousand groups are about 100. */
const maxBytes = 256 * 1024;
const maxDepth = 32;
const maxTags = 10_000;

/**
 * The XML of a `SAMLResponse` field (SAML Bindings §3.5.4: base64, not deflated), before anything is parsed: whatever
 * makes XML dangerous or ambiguous is found by looking at the text, because parsers differ in what they make of it.
 */
export function decodeResponse(field: unknown, checks: Checks): string {
  const isText = typeof field === "string" && /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(field);
  checks.demand(isText, { reason: "saml-malformed", name: "The response is base64" });
  const bytes = Buffer.from(field, "base64");
  const size = `${bytes.length} bytes`;
  checks.demand(bytes.length <= maxBytes, {
    reason: "saml-malformed",
    name: "The response has at most 256 KB",
    detail: size,
  });
  return bytes.toString("utf8");
}

/** The last of the checks that are made before anything is read from the XML. */
export const isWellFormed = "It is well-formed XML";

/** Parses XML that passed what decodeResponse and this function demand of its text. */
export function parseSafely(xml: string, checks: Checks): Document {
  const hasDoctype = /<!(DOCTYPE|ENTITY)/i.test(xml);
  checks.demand(!hasDoctype, { reason: "saml-doctype", name: "There is no document type" });
  // A comment cuts a text in two for some readers (CVE-2017-11427 and its kin); a CDATA section and an instruction may.
  const isPlain = !xml.includes("<!") && !/<\?(?!xml\s)/.test(xml) && xml.lastIndexOf("<?") <= 0;
  checks.demand(isPlain, { reason: "saml-comment", name: "There are no comments or instructions" });
  const isModest = isWithinLimits(xml);
  checks.demand(isModest, { reason: "saml-malformed", name: "It is not nested too deeply, nor too large" });
  const document = parsedOrNull(xml);
  checks.demand(document !== null, { reason: "saml-malformed", name: isWellFormed });
  return document;
}

/** Counts tags and depth in one pass, so that nested tags by the thousand are never handed to a parser. */
function isWithinLimits(xml: string): boolean {
  let [depth, tags, quote] = [0, 0, ""];
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
      if (depth > maxDepth || ++tags > maxTags) return false;
    }
  }
  return true;
}

function parsedOrNull(xml: string): Document | null {
  try {
    return parseXml(xml);
  } catch {
    return null;
  }
}

/** No two elements may have one ID: a signature could mean either. */
export function checkIds(root: Element, checks: Checks): void {
  const ids = elementsOf(root).flatMap((element) =>
    ["ID", "Id", "id", "AssertionID"].flatMap((name) => element.getAttribute(name) ?? []),
  );
  const areUnique = new Set(ids).size === ids.length;
  checks.demand(areUnique, { reason: "saml-duplicate-id", name: "No two elements have one ID" });
}
