/**
 * Decides whether a posted SAML response signs a person in (SAML Profiles §4.1.4). The form is read once, and from then
 * on there is one string: it is judged, it is verified, and what its signatures vouch for is what the assertion is read
 * from.
 */
import { isDeepStrictEqual } from "node:util";
import { judge } from "policy-list/policy";
import {
  assertionRules,
  bestConfirmation,
  contextRules,
  endOf,
  type SentRequest,
  signedRules,
  verificationRules,
} from "./assertion-rules.ts";
import { decrypt, type EncryptedAssertion, readEncrypted } from "./decrypt.ts";
import { parseAssertion, parseDecrypted, parseResponse, readForm, readText } from "./parse.ts";
import {
  decryptedRules,
  decryptedTextRules,
  encryptionRules,
  formRules,
  isAllowedKey,
  isSigned,
  responseRules,
  signatureRules,
} from "./response-rules.ts";
import {
  clockSkewMs,
  type ParsedAssertion,
  type ParsedResponse,
  type PostedForm,
  type ServiceProvider,
} from "./rule.ts";
import { type SignedPart, verify } from "./verify.ts";

/** The parts that the application provides. `Inside` is its own handle on a transaction, handed through to `keep`. */
export interface Ports<Sent extends SentRequest, Inside> {
  /** Milliseconds since the epoch. */
  now(): number;
  /** The private keys for encrypted assertions, PKCS #8 in PEM. */
  decryptionKeys(): Promise<readonly string[]>;
  /**
   * The provider's certificates after it may have changed its key, called if none of `certificates` verifies a signature;
   * null if nothing is new.
   */
  refreshCertificates(): Promise<readonly string[] | null>;
  /** Told the XML that the signatures vouch for, once they do and before it is judged: for an inspector. */
  onVerified?(signedXml: string): void;
  /** Runs `work` in one transaction, and rolls back if it throws. */
  transaction<T>(work: (stores: OneTimeStores<Sent>, inside: Inside) => Promise<T>): Promise<T>;
}

/** Stores that every replica shares: their entries work once. */
interface OneTimeStores<Sent extends SentRequest> {
  replay: {
    /** Remembers the assertion until it expires. Returns false if it was consumed before. */
    consume(assertionId: string, expiresAt: number): Promise<boolean>;
  };
  requests: {
    /** Takes the request with this ID out of the store; null if this browser has no such open request. */
    take(requestId: string): Promise<Sent | null>;
  };
}

/** A response that kept every rule. */
export interface AcceptedResponse<Sent extends SentRequest> {
  assertion: ParsedAssertion;
  /** The request that it answers; null if the sign-in began at the provider. */
  request: Sent | null;
  relayState: unknown;
}

/**
 * Consumes a response: after this, neither its assertion nor the request that it answers works again. Returns what `keep`
 * returns, which runs in the same transaction: start the session there, or keep the result for a later step.
 * Throws RuleBrokenError<SamlReason> at the first rule that does not hold; then nothing is consumed.
 */
export async function consume<Sent extends SentRequest, Inside, Kept>(
  posted: PostedForm,
  sp: ServiceProvider,
  ports: Ports<Sent, Inside>,
  keep: (accepted: AcceptedResponse<Sent>, inside: Inside) => Promise<Kept>,
): Promise<Kept> {
  const received = readForm(posted);
  judge(formRules, received);
  const response = parseResponse(received.xml);
  judge(responseRules, { response, sp });
  judge(signatureRules, response);
  const decrypted = await decryptIfNeeded(response, sp, ports);
  const document: JudgedDocument = { xml: received.xml, response, decrypted };

  const signedXml = await verifySignatures(document, sp, ports);
  ports.onVerified?.(signedXml);

  const { inResponseTo } = response;
  const { relayState } = received;
  const assertion = parseAssertion(signedXml);
  const facts = { assertion, inResponseTo, sp, now: ports.now() };
  judge(assertionRules, { ...facts, confirmation: bestConfirmation(facts) });

  return await ports.transaction(async (stores, inside) => {
    const isNew = await consumeAssertion(assertion, stores);
    const request = isNew && inResponseTo !== null ? await stores.requests.take(inResponseTo) : null;
    judge(contextRules, { assertion, inResponseTo, sp, isNew, request, relayState });
    return await keep({ assertion, request, relayState }, inside);
  });
}

/** A response and its decrypted assertion, if it had one to decrypt. */
interface JudgedDocument {
  xml: string;
  response: ParsedResponse;
  decrypted: DecryptedAssertion | null;
}

interface DecryptedAssertion {
  /** What was decrypted. */
  from: EncryptedAssertion;
  xml: string;
  isSigned: boolean;
}

/** Judges encryption before a private key is used, and what was encrypted by the same rules as everything else. */
async function decryptIfNeeded(
  response: ParsedResponse,
  sp: ServiceProvider,
  ports: Pick<Ports<never, never>, "decryptionKeys">,
): Promise<DecryptedAssertion | null> {
  if (response.encrypted === null) return null;
  const encrypted = readEncrypted(response.encrypted);
  judge(encryptionRules, { encrypted, sp });
  const keys = encrypted.keys.filter(isAllowedKey);
  const decryption = decrypt(encrypted, keys, await ports.decryptionKeys());
  const decrypted = "bytes" in decryption ? readText(decryption.bytes) : null;
  judge(decryptedTextRules, { decrypted, problem: "problem" in decryption ? decryption.problem : null });
  const xml = decrypted?.xml ?? "";
  const document = parseDecrypted(xml);
  judge(decryptedRules, document);
  return { from: encrypted, xml, isSigned: isSigned(document, "Assertion") };
}

/** Verifies every signature, and returns the XML of the assertion, or of the response around it, that they vouch for. */
async function verifySignatures(
  document: JudgedDocument,
  sp: ServiceProvider,
  ports: Pick<Ports<never, never>, "refreshCertificates">,
): Promise<string> {
  const { xml, response, decrypted } = document;
  const signed = {
    response: isSigned(response, "Response"),
    assertion: decrypted ? decrypted.isSigned : isSigned(response, "Assertion"),
  };
  judge(signedRules, { sp, signed });

  const parts: SignedPart[] = [];
  if (signed.response) parts.push({ xml, element: "Response" });
  if (signed.assertion) parts.push({ xml: decrypted?.xml ?? xml, element: "Assertion" });
  let verification = await verify(parts, sp.certificates);
  if ("problem" in verification) {
    const certificates = await ports.refreshCertificates();
    if (certificates) verification = await verify(parts, certificates);
  }
  const problem = "problem" in verification ? verification.problem : null;
  const signedXml = "signed" in verification ? assertionSource(verification.signed, document, signed) : null;
  judge(verificationRules, { signedXml, problem });
  return signedXml ?? "";
}

/**
 * The XML to read the assertion from. The assertion's own signature comes last and wins; a signed response around an
 * encrypted assertion vouches for the ciphertext, and so for what was decrypted from the very same ciphertext.
 */
function assertionSource(
  signedParts: readonly string[],
  { decrypted }: JudgedDocument,
  signed: { assertion: boolean },
): string | null {
  const last = signedParts.at(-1) ?? null;
  if (last === null || decrypted === null || signed.assertion) return last;
  const { encrypted } = parseResponse(last);
  const isSame = encrypted !== null && isDeepStrictEqual(readEncrypted(encrypted), decrypted.from);
  return isSame ? decrypted.xml : null;
}

/**
 * An assertion works once (SAML Profiles §4.1.4.5), and is remembered for as long as the rules would let it pass. That is
 * until the assertion ends, and not until the confirmation of this sign-in ends: it may have another one, which ends later.
 */
async function consumeAssertion(
  assertion: ParsedAssertion,
  { replay }: OneTimeStores<SentRequest>,
): Promise<boolean> {
  return await replay.consume(assertion.id ?? "", endOf(assertion) + clockSkewMs);
}
