/** The rules about an assertion after its signature is verified, in the order in which they are applied. */
import {
  type Confirmation,
  clockSkewMs,
  maxAgeMs,
  mismatch,
  type ParsedAssertion,
  type SamlRule,
  type ServiceProvider,
} from "./rule.ts";

/** Longer than any name, and short enough for the index of any database. */
const longestValue = 500;

const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/** Which parts carry a signature, valid or not. */
export interface SignedFacts {
  sp: ServiceProvider;
  signed: { response: boolean; assertion: boolean };
}

/** Presence of the required signature. */
export const signedRules: readonly SamlRule<SignedFacts>[] = [
  {
    id: "signed",
    name: "The part that has to be signed is signed",
    citation: "SAML Profiles §4.1.3.5",
    reason: "saml-signature-missing",
    holds: ({ sp, signed }) => signed[sp.signed],
    found: ({ sp }) => `the ${sp.signed} has no signature`,
  },
];

/** The result of verify.ts. */
export interface VerificationFacts {
  /** The XML that the signatures vouch for; null if one of them is not valid. */
  signedXml: string | null;
  problem: string | null;
}

export const verificationRules: readonly SamlRule<VerificationFacts>[] = [
  {
    id: "signature",
    name: "A certificate of the connection verifies every signature",
    citation: "SAML Core §5.4, XML Signature §3.2",
    reason: "saml-signature-not-valid",
    holds: ({ signedXml }) => signedXml !== null,
    found: ({ problem }) => problem,
  },
];

export interface AssertionFacts {
  assertion: ParsedAssertion;
  /** The ID of the request that the response around the assertion answers; null if it answers none. */
  inResponseTo: string | null;
  sp: ServiceProvider;
  now: number;
  /** The subject confirmation from bestConfirmation(); null if there is none. */
  confirmation: Confirmation | null;
}

/** One subject confirmation. An assertion may have several, for other ways to use it: one that keeps every rule is enough. */
const confirmationRules: readonly SamlRule<AssertionFacts>[] = [
  {
    id: "confirmation",
    name: "A subject confirmation is for the bearer, and says when it ends",
    citation: "SAML Profiles §4.1.4.2",
    reason: "saml-confirmation",
    holds: ({ confirmation }) =>
      confirmation?.method === bearer &&
      isTime(confirmation.notOnOrAfter) &&
      isTimeOrAbsent(confirmation.notBefore),
    found: ({ confirmation }) =>
      confirmation?.method === bearer
        ? "SubjectConfirmationData is missing, or one of its times is missing or not valid"
        : mismatch(bearer, confirmation?.method ?? null),
  },
  {
    id: "confirmation-begin",
    name: "The subject confirmation is valid already",
    citation: "SAML Core §2.4.1.2",
    reason: "saml-not-yet-valid",
    holds: ({ confirmation, now }) => (confirmation?.notBefore ?? 0) <= now + clockSkewMs,
    found: ({ confirmation, now }) => `it begins ${seconds((confirmation?.notBefore ?? 0) - now)} from now`,
  },
  {
    id: "confirmation-time",
    name: "The subject confirmation has not expired",
    citation: "SAML Profiles §4.1.4.3",
    reason: "saml-expired",
    holds: ({ confirmation, now }) => now - clockSkewMs < (confirmation?.notOnOrAfter ?? 0),
    found: ({ confirmation, now }) => `it ended ${seconds(now - (confirmation?.notOnOrAfter ?? 0))} ago`,
  },
  {
    id: "recipient",
    name: "The recipient is this address",
    citation: "SAML Profiles §4.1.4.2",
    reason: "saml-recipient",
    holds: ({ confirmation, sp }) => confirmation?.recipient === sp.acsUrl,
    found: ({ confirmation, sp }) => mismatch(sp.acsUrl, confirmation?.recipient ?? null),
  },
  {
    id: "same-request",
    name: "Response and assertion answer the same request",
    citation: "SAML Profiles §4.1.4.2",
    reason: "saml-request-unknown",
    holds: ({ confirmation, inResponseTo }) => (confirmation?.inResponseTo ?? null) === inResponseTo,
    found: ({ confirmation, inResponseTo }) =>
      mismatch(inResponseTo ?? "none", confirmation?.inResponseTo ?? null),
  },
];

/**
 * The subject confirmation that keeps every rule (SAML Profiles §4.1.4.2: at least one has to). If there is none, the one
 * that keeps the most rules, the first of these: its fault is the one to report. Null if the assertion has none.
 */
export function bestConfirmation(facts: Omit<AssertionFacts, "confirmation">): Confirmation | null {
  let [best, bestKept]: [Confirmation | null, number] = [null, -1];
  for (const confirmation of facts.assertion.confirmations) {
    const broken = confirmationRules.findIndex((rule) => !rule.holds({ ...facts, confirmation }));
    const kept = broken === -1 ? confirmationRules.length : broken;
    if (kept > bestKept) [best, bestKept] = [confirmation, kept];
  }
  return best;
}

/** The contents of the assertion, in the bytes that are signed. */
export const assertionRules: readonly SamlRule<AssertionFacts>[] = [
  {
    id: "signed-assertion",
    name: "The signed XML contains the assertion",
    citation: "SAML Core §5.4.1",
    reason: "saml-assertion-count",
    holds: ({ assertion }) => assertion.isAssertion,
  },
  {
    id: "assertion-version",
    name: "The assertion has SAML version 2.0 and an ID",
    citation: "SAML Core §2.3.3",
    reason: "saml-version",
    holds: ({ assertion: { version, id } }) => version === "2.0" && id !== null,
    found: ({ assertion: { version } }) => mismatch("2.0", version),
  },
  {
    id: "assertion-issuer",
    name: "The issuer of the assertion is the connection's provider",
    citation: "SAML Core §2.3.3",
    reason: "saml-issuer",
    holds: ({ assertion, sp }) => assertion.issuer === sp.idpEntityId,
    found: ({ assertion, sp }) => mismatch(sp.idpEntityId, assertion.issuer),
  },
  {
    id: "conditions",
    name: "The assertion has conditions",
    citation: "SAML Profiles §4.1.4.2",
    reason: "saml-conditions",
    holds: ({ assertion }) => assertion.hasConditions,
  },
  {
    id: "audience",
    name: "The audience is this application, in every restriction",
    citation: "SAML Core §2.5.1.4, Profiles §4.1.4.2",
    reason: "saml-audience",
    holds: ({ assertion: { restrictions }, sp }) =>
      restrictions.length > 0 && restrictions.every((audiences) => audiences.includes(sp.entityId)),
    found: ({ assertion, sp }) => mismatch(sp.entityId, assertion.restrictions.flat().join(", ") || null),
  },
  {
    id: "times",
    name: "The assertion says when it was issued and when it ends, and every time is a time",
    citation: "SAML Core §1.3.3, §2.5.1.2",
    reason: "saml-conditions",
    holds: ({ assertion: { issuedAt, notBefore, notOnOrAfter, sessionEndsAt } }) =>
      isTime(issuedAt) && isTime(notOnOrAfter) && [notBefore, sessionEndsAt].every(isTimeOrAbsent),
  },
  {
    id: "not-before",
    name: "The assertion is valid already",
    citation: "SAML Core §2.5.1.2",
    reason: "saml-not-yet-valid",
    holds: ({ assertion, now }) => beginOf(assertion) <= now + clockSkewMs,
    found: ({ assertion, now }) => `it begins ${seconds(beginOf(assertion) - now)} from now`,
  },
  {
    id: "not-on-or-after",
    name: `The assertion has not expired, and is at most ${maxAgeMs / 60_000} minutes old`,
    citation: "SAML Core §2.5.1.2",
    reason: "saml-expired",
    holds: ({ assertion, now }) => now - clockSkewMs < endOf(assertion),
    found: ({ assertion, now }) => `it ended ${seconds(now - endOf(assertion))} ago`,
  },
  ...confirmationRules,
  {
    id: "authn-statement",
    name: "The assertion is about a sign-in",
    citation: "SAML Profiles §4.1.4.2: without it the provider does not say that the person is here",
    reason: "saml-not-a-sign-in",
    holds: ({ assertion }) => assertion.hasAuthnStatement,
  },
  {
    id: "session-end",
    name: "The provider's session has not ended",
    citation: "SAML Core §2.7.2, Profiles §4.1.4.3: SessionNotOnOrAfter",
    reason: "provider-session-ended",
    // Without clock skew: the session here ends at that instant, so none could begin after it.
    holds: ({ assertion: { sessionEndsAt }, now }) => sessionEndsAt === null || now < sessionEndsAt,
    found: ({ assertion: { sessionEndsAt }, now }) => `it ended ${seconds(now - (sessionEndsAt ?? now))} ago`,
  },
];

/** The request that a response answers, as it was kept when the browser left. */
export interface SentRequest {
  relayState: string;
  /** When the browser left, in ms since the epoch. */
  sentAt: number;
  /** Whether this request had ForceAuthn, even if others of the service provider have not. */
  forceAuthn?: boolean;
}

export interface ContextFacts {
  assertion: ParsedAssertion;
  inResponseTo: string | null;
  sp: ServiceProvider;
  /** The assertion was not consumed before. */
  isNew: boolean;
  /** The kept request; null if the response answers none, or none of this browser that is still open. */
  request: SentRequest | null;
  /** RelayState as it came back. */
  relayState: unknown;
}

/** The sign-in that the application remembers. */
export const contextRules: readonly SamlRule<ContextFacts>[] = [
  {
    id: "unsolicited",
    name: "The sign-in began here, or may begin at the provider",
    citation: "SAML Profiles §4.1.5",
    reason: "saml-unsolicited",
    holds: ({ inResponseTo, sp }) => inResponseTo !== null || sp.idpInitiated,
  },
  {
    id: "replay",
    name: "The assertion was not used before",
    citation: "SAML Profiles §4.1.4.5",
    reason: "saml-replayed",
    holds: ({ isNew }) => isNew,
  },
  {
    id: "request",
    name: "The response answers an open request of this browser, connection and tenant",
    citation: "SAML Profiles §4.1.4.3",
    reason: "saml-request-unknown",
    holds: ({ inResponseTo, request }) => inResponseTo === null || request !== null,
  },
  {
    id: "relay-state",
    name: "RelayState came back as it was sent",
    citation: "SAML Bindings §3.4.3",
    reason: "saml-request-unknown",
    holds: ({ request, relayState }) => request === null || request.relayState === relayState,
  },
  {
    id: "reauthentication",
    name: "The person signed in again, if the request asked for it",
    citation: "SAML Core §3.4.1: ForceAuthn",
    reason: "not-signed-in-again",
    holds: ({ request, sp, assertion: { authenticatedAt } }) =>
      request === null ||
      !(sp.forceAuthn || request.forceAuthn) ||
      (authenticatedAt !== null && authenticatedAt >= request.sentAt - clockSkewMs),
  },
  {
    id: "test-request",
    name: "A test sign-in answers its own request",
    citation: "An administrator looks at the result",
    reason: "saml-request-unknown",
    holds: ({ request, sp }) => !sp.isTest || request !== null,
  },
];

export interface SubjectFacts {
  assertion: ParsedAssertion;
  /** The attribute that names the person; null if the NameID does. */
  subjectAttribute: string | null;
}

/** Who it is. The application judges this list and the next, where it maps attributes to its own fields. */
export const subjectRules: readonly SamlRule<SubjectFacts>[] = [
  {
    id: "subject-attribute",
    name: "The attribute that names the person has a value",
    citation: "The connection's settings",
    reason: "saml-subject",
    holds: ({ assertion, subjectAttribute }) =>
      subjectAttribute === null || firstValue(assertion, subjectAttribute) !== null,
    found: ({ subjectAttribute }) => `nothing in ${subjectAttribute}`,
  },
  {
    id: "name-id",
    name: "The NameID names the person, and is the same at each sign-in",
    citation: "SAML Core §8.3.8: a transient NameID changes",
    reason: "saml-subject",
    holds: ({ subjectAttribute, assertion: { nameId, nameIdFormat } }) =>
      subjectAttribute !== null ||
      (nameId !== null && nameId.length <= longestValue && nameIdFormat !== transient),
  },
];

export interface AttributeFacts {
  assertion: ParsedAssertion;
  /** The names of the attributes without which a person cannot be created. */
  required: readonly string[];
}

export const attributeRules: readonly SamlRule<AttributeFacts>[] = [
  {
    id: "required-attributes",
    name: "All required attributes have a value",
    citation: "The application's attributes",
    reason: "profile-incomplete",
    holds: ({ assertion, required }) => missingAttributes(assertion, required).length === 0,
    found({ assertion, required }) {
      const received = [...assertion.attributes.keys()].join(", ") || "no attribute";
      return `missing ${missingAttributes(assertion, required).join(", ")}; received ${received}`;
    },
  },
];

function missingAttributes(assertion: ParsedAssertion, required: readonly string[]): string[] {
  return required.filter((name) => firstValue(assertion, name) === null);
}

/** The first value of an attribute; null if there is none, or if it is longer than any name. */
export function firstValue({ attributes }: ParsedAssertion, name: string): string | null {
  const value = attributes.get(name)?.[0];
  return value === undefined || value.length > longestValue ? null : value;
}

/** When an assertion ends. Its age counts, too, because a provider may set an end that is years away. */
export function endOf({ issuedAt, notOnOrAfter }: ParsedAssertion): number {
  return Math.min(isTime(notOnOrAfter) ? notOnOrAfter : Number.POSITIVE_INFINITY, (issuedAt ?? 0) + maxAgeMs);
}

function beginOf({ issuedAt, notBefore }: ParsedAssertion): number {
  return Math.max(issuedAt ?? 0, notBefore ?? 0);
}

function isTime(time: number | null): time is number {
  return time !== null && Number.isFinite(time);
}

function isTimeOrAbsent(time: number | null): boolean {
  return time === null || isTime(time);
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
