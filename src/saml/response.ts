import type { Element } from "@xmldom/xmldom";
import { type Checks, mismatch } from "../checks.ts";
import { checkSignatureForms } from "./signatures.ts";
import { checkIds, decodeResponse, parseSafely } from "./well-formed.ts";
import { attributeOf, children, elementsOf, ns, onlyChild, textOf } from "./xml.ts";

/** What one connection expects of a response. */
export interface Expected {
  /** Our address, to which responses are sent. */
  acsUrl: string;
  /** Our entity ID: the audience. */
  entityId: string;
  /** The provider's entity ID: the issuer. */
  idpEntityId: string;
  signed: "assertion" | "response";
}

/** A response whose form is right. Nothing in it is to be believed yet. */
export interface ReceivedResponse {
  xml: string;
  /** The field as it was posted. */
  encoded: string;
  inResponseTo: string | null;
  /** Null when the assertion is not encrypted. */
  encryptedAssertion: Element | null;
  isSigned: { response: boolean; assertion: boolean };
}

const success = "urn:oasis:names:tc:SAML:2.0:status:Success";

/**
 * Everything that can be said of a response before its signatures are verified (SAML Core §3.2.2, Profiles §4.1.4.2):
 * its form, its algorithms, and whether it is meant for this connection at all. Throws RefusedError.
 */
export function readResponse(field: unknown, expected: Expected, checks: Checks): ReceivedResponse {
  const xml = decodeResponse(field, checks);
  const root = parseSafely(xml, checks).documentElement as Element;
  checkIsResponse(root, checks);
  checkIssuerAndDestination(root, expected, checks);
  const encryptedAssertion = checkAssertionCount(root, checks);
  checkIds(root, checks);
  const signedElements = checkSignatureForms(root, checks);
  const isSigned = {
    response: signedElements.includes(root),
    assertion: signedElements.some((element) => element.localName === "Assertion"),
  };
  const isAddressed = !isSigned.response || root.hasAttribute("Destination");
  checks.demand(isAddressed, {
    reason: "saml-destination",
    name: "A signed response says where it is sent",
  });
  const encoded = field as string;
  return { xml, encoded, inResponseTo: attributeOf(root, "InResponseTo"), encryptedAssertion, isSigned };
}

function checkIsResponse(root: Element, checks: Checks): void {
  const isResponse = root.localName === "Response" && root.namespaceURI === ns.protocol;
  checks.demand(isResponse, {
    reason: "saml-not-a-sign-in",
    name: "It is a SAML response",
    detail: root.localName,
  });
  const version = attributeOf(root, "Version");
  checks.demand(version === "2.0", {
    reason: "saml-version",
    name: "The response is of SAML 2.0",
    detail: mismatch("2.0", version),
  });
  const status = onlyChild(onlyChild(root, ns.protocol, "Status"), ns.protocol, "StatusCode");
  const code = attributeOf(status, "Value");
  checks.demand(code === success, {
    reason: "saml-status",
    name: "The provider says Success",
    detail: mismatch(success, code),
  });
}

function checkIssuerAndDestination(root: Element, expected: Expected, checks: Checks): void {
  const [issuer, second] = children(root, ns.assertion, "Issuer");
  const isIssuer = !issuer || (!second && textOf(issuer) === expected.idpEntityId);
  checks.demand(isIssuer, {
    reason: "saml-issuer",
    name: "The response is of the connection's provider",
    detail: mismatch(expected.idpEntityId, textOf(issuer ?? null)),
  });
  const destination = root.getAttribute("Destination");
  checks.demand(destination === null || destination === expected.acsUrl, {
    reason: "saml-destination",
    name: "The response is sent to this address",
    detail: mismatch(expected.acsUrl, destination),
  });
}

/** Exactly one assertion, in the one place for it, encrypted or not: every signature wrapping needs another one. */
function checkAssertionCount(root: Element, checks: Checks): Element | null {
  const all = elementsOf(root).filter((element) =>
    ["Assertion", "EncryptedAssertion"].includes(element.localName ?? ""),
  );
  const [only] = all;
  const isAlone = all.length === 1 && only?.parentNode === root && only.namespaceURI === ns.assertion;
  checks.demand(isAlone, {
    reason: "saml-assertion-count",
    name: "There is exactly one assertion",
    detail: `found ${all.length}`,
  });
  return only?.localName === "EncryptedAssertion" ? only : null;
}
