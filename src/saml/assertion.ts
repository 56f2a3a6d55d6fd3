import type { Element } from "@xmldom/xmldom";
import { type Checks, mismatch } from "../checks.ts";
import type { Expected } from "./response.ts";
import { attributeOf, children, ns, onlyChild, parseXml, textOf } from "./xml.ts";

/** What a verified assertion says. */
export interface Assertion {
  id: string;
  nameId: string | null;
  nameIdFormat: string | null;
  /** Values of each attribute by name, in the order in which they came. */
  attributes: Map<string, string[]>;
  /** When the provider says that the person signed in there; null when it does not say. */
  authenticatedAt: number | null;
  /** From when on it cannot be used again: ms since the epoch. */
  expiresAt: number;
}

/** What is expected of an assertion beside what is expected of the response around it. */
export interface ExpectedOfAssertion extends Expected {
  /** Of the response around the assertion. */
  inResponseTo: string | null;
  now: number;
}

const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/** Clocks may differ by a minute. */
export const skewMs = 60_000;
/** Assertions are made when a person signs in: an old one is somebody else's. Okta's live for five minutes. */
const maxAgeMs = 10 * 60_000;

/**
 * Reads an assertion from the very bytes that were signed, and applies the rules of the web browser profile (SAML Profiles
 * §4.1.4.3, SAML Core §2.5.1). Throws RefusedError.
 * @param xml what the signature verification says is signed: the assertion, or the response around it.
 */
export function readAssertion(xml: string, expected: ExpectedOfAssertion, checks: Checks): Assertion {
  const root = assertionIn(xml, checks);
  const id = attributeOf(root, "ID");
  const version = attributeOf(root, "Version");
  checks.demand(version === "2.0" && id !== null, {
    reason: "saml-version",
    name: "The assertion is of SAML 2.0",
    detail: mismatch("2.0", version),
  });
  const issuer = textOf(onlyChild(root, ns.assertion, "Issuer"));
  checks.demand(issuer === expected.idpEntityId, {
    reason: "saml-issuer",
    name: "The assertion is of the connection's provider",
    detail: mismatch(expected.idpEntityId, issuer),
  });
  checkAudience(root, expected, checks);
  const expiresAt = checkTimes(root, expected, checks);
  const subject = onlyChild(root, ns.assertion, "Subject");
  checkConfirmation(subject, expected, checks);
  const [statement] = children(root, ns.assertion, "AuthnStatement");
  // Without it the provider vouches for somebody, but not that they are here (SAML Profiles §4.1.4.2).
  checks.demand(statement !== undefined, {
    reason: "saml-not-a-sign-in",
    name: "The assertion is about a sign-in",
  });
  const nameId = onlyChild(subject, ns.assertion, "NameID");
  return {
    id,
    nameId: textOf(nameId),
    nameIdFormat: attributeOf(nameId, "Format"),
    attributes: attributesOf(root),
    authenticatedAt: timeOf(statement, "AuthnInstant"),
    expiresAt,
  };
}

function assertionIn(xml: string, checks: Checks): Element {
  const signed = parseXml(xml).documentElement as Element;
  const isResponse = signed.localName === "Response" && signed.namespaceURI === ns.protocol;
  const assertion = isResponse ? onlyChild(signed, ns.assertion, "Assertion") : signed;
  checks.demand(assertion?.localName === "Assertion" && assertion.namespaceURI === ns.assertion, {
    reason: "saml-assertion-count",
    name: "What is signed holds the assertion",
  });
  return assertion;
}

/** Each restriction must name us (SAML Core §2.5.1.4); one at least has to be there (Profiles §4.1.4.2). */
function checkAudience(root: Element, { entityId }: Expected, checks: Checks): void {
  const conditions = onlyChild(root, ns.assertion, "Conditions");
  checks.demand(conditions !== null, { reason: "saml-conditions", name: "The assertion has conditions" });
  const restrictions = children(conditions, ns.assertion, "AudienceRestriction").map((restriction) =>
    children(restriction, ns.assertion, "Audience").map(textOf),
  );
  const isForUs = restrictions.length > 0 && restrictions.every((audiences) => audiences.includes(entityId));
  checks.demand(isForUs, {
    reason: "saml-audience",
    name: "The audience is this application",
    detail: mismatch(entityId, restrictions.flat().join(", ") || null),
  });
}

/** Returns when the assertion is over for good. */
function checkTimes(root: Element, { now }: ExpectedOfAssertion, checks: Checks): number {
  const conditions = onlyChild(root, ns.assertion, "Conditions");
  const issued = timeOf(root, "IssueInstant");
  const [from, until] = [timeOf(conditions, "NotBefore"), timeOf(conditions, "NotOnOrAfter")];
  const areTimes = issued !== null && until !== null && Number.isFinite(issued + until + (from ?? 0));
  checks.demand(areTimes, {
    reason: "saml-conditions",
    name: "The assertion says when it was made and ends",
  });
  const begins = Math.max(issued, from ?? issued);
  checks.demand(begins <= now + skewMs, {
    reason: "saml-not-yet-valid",
    name: "The assertion's time has begun",
    detail: `it begins ${seconds(begins - now)} from now`,
  });
  const ends = Math.min(until, issued + maxAgeMs);
  checks.demand(now - skewMs < ends, {
    reason: "saml-expired",
    name: "The assertion's time is not over",
    detail: `it ended ${seconds(now - ends)} ago`,
  });
  return ends + skewMs;
}

/** A bearer confirmation for this address and, if there was one, for our request (SAML Profiles §4.1.4.2). */
function checkConfirmation(
  subject: Element | null,
  { acsUrl, inResponseTo, now }: ExpectedOfAssertion,
  checks: Checks,
): void {
  const confirmations = subject ? children(subject, ns.assertion, "SubjectConfirmation") : [];
  const [confirmation] = confirmations.filter((one) => attributeOf(one, "Method") === bearer);
  const data = confirmation ? onlyChild(confirmation, ns.assertion, "SubjectConfirmationData") : null;
  const until = timeOf(data, "NotOnOrAfter");
  checks.demand(confirmations.length === 1 && data !== null && until !== null && Number.isFinite(until), {
    reason: "saml-confirmation",
    name: "The subject is confirmed for its bearer, with an end",
  });
  checks.demand(now - skewMs < until, {
    reason: "saml-expired",
    name: "The confirmation's time is not over",
    detail: `it ended ${seconds(now - until)} ago`,
  });
  const recipient = attributeOf(data, "Recipient");
  checks.demand(recipient === acsUrl, {
    reason: "saml-recipient",
    name: "The recipient is this address",
    detail: mismatch(acsUrl, recipient),
  });
  const answered = attributeOf(data, "InResponseTo");
  checks.demand(answered === inResponseTo, {
    reason: "saml-request-unknown",
    name: "Response and assertion answer the same request",
    detail: mismatch(inResponseTo ?? "none", answered),
  });
}

function attributesOf(root: Element): Map<string, string[]> {
  const attributes = new Map<string, string[]>();
  for (const statement of children(root, ns.assertion, "AttributeStatement")) {
    for (const attribute of children(statement, ns.assertion, "Attribute")) {
      const name = attributeOf(attribute, "Name");
      if (name === null) continue;
      const values = children(attribute, ns.assertion, "AttributeValue").flatMap(
        (value) => textOf(value) ?? [],
      );
      attributes.set(name, [...(attributes.get(name) ?? []), ...values]);
    }
  }
  return attributes;
}

/** Null when the attribute is absent, NaN when it is no time. Times of SAML are UTC (SAML Core §1.3.3). */
function timeOf(element: Element | null, name: string): number | null {
  const text = attributeOf(element, name);
  if (text === null) return null;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
