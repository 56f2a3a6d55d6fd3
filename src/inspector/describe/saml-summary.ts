import { children, type Element, elementsOf, ns, textOf } from "saml-policy/parse";
import type { MessageFact } from "../../recording.ts";
import { isMapped } from "./saml-xml.ts";

/** A signed part of a response, and the algorithms of its signature. */
interface SignedPart {
  name: "response" | "assertion";
  algorithms: string;
}

/** The parts of a response that have a signature, valid or not. */
export function signedParts(response: Element): SignedPart[] {
  const assertions = children(response, ns.assertion, "Assertion");
  return [
    ...signatureOf(response, response.localName === "Assertion" ? "assertion" : "response"),
    ...assertions.flatMap((assertion) => signatureOf(assertion, "assertion")),
  ];
}

function signatureOf(part: Element, name: SignedPart["name"]): SignedPart[] {
  return children(part, ns.signature, "Signature").map((signature) => {
    const algorithms = ["SignatureMethod", "DigestMethod"].map((method) => {
      const [found] = elementsOf(signature).filter(({ localName }) => localName === method);
      return found?.getAttribute("Algorithm")?.replace(/^.*#/, "") ?? "unknown";
    });
    return { name, algorithms: `${algorithms[0]}, digest ${algorithms[1]}` };
  });
}

/**
 * Summarises a response.
 * @param roots the response, and the assertion that was encrypted in it.
 * @param mapped the attributes whose values may be shown.
 */
export function responseFacts(roots: readonly Element[], mapped: ReadonlySet<string>): MessageFact[] {
  const all = roots.flatMap(elementsOf);
  const assertion = all.findLast(({ localName }) => localName === "Assertion");
  const inside = assertion ? elementsOf(assertion) : all;
  const texts = (name: string) =>
    inside.flatMap((element) => (element.localName === name ? [textOf(element) ?? ""] : []));
  const facts: MessageFact[] = [];
  const add = (label: string, value: string) => {
    if (value !== "") facts.push({ label, value });
  };
  add("Issuer", texts("Issuer")[0] ?? "");
  add("Subject", texts("NameID")[0] ?? "");
  add("Audience", texts("Audience").join(", "));
  const [conditions] = inside.filter(({ localName }) => localName === "Conditions");
  for (const [label, name] of [
    ["Valid from", "NotBefore"],
    ["Valid until", "NotOnOrAfter"],
  ] as const) {
    const value = conditions?.getAttribute(name) ?? "";
    const at = Date.parse(value);
    if (Number.isFinite(at)) facts.push({ label, value, at });
  }
  const signed = roots.flatMap(signedParts);
  add("Signed", signed.map(({ name, algorithms }) => `${name} (${algorithms})`).join("; "));
  for (const attribute of inside.filter(({ localName }) => localName === "Attribute")) {
    const values = children(attribute, ns.assertion, "AttributeValue").map((value) =>
      isMapped(value, mapped) ? (textOf(value) ?? "") : "[not mapped]",
    );
    add(`Attribute ${attribute.getAttribute("Name") ?? ""}`, values.join(", "));
  }
  return facts;
}
