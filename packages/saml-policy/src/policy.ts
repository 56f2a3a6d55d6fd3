/**
 * The policy: every rule that a SAML response has to keep before it signs a person in, phase by phase in the order in
 * which consume.ts applies them. Each rule relies on those before it. To add a rule, add a row to one of the lists: the
 * documentation, an application's inspector and the tests read them, too.
 */
import {
  assertionRules,
  attributeRules,
  contextRules,
  signedRules,
  subjectRules,
  verificationRules,
} from "./assertion-rules.ts";
import {
  decryptedRules,
  decryptedTextRules,
  encryptionRules,
  formRules,
  responseRules,
  signatureRules,
} from "./response-rules.ts";
import type { SamlRule } from "./rule.ts";

/** One rule without its functions: for documents, inspectors and tests. */
type RuleRow = Pick<SamlRule<never>, "id" | "name" | "citation" | "reason">;

interface Phase {
  name: string;
  /** The phase applies to encrypted assertions only. */
  isEncryption: boolean;
  rules: readonly RuleRow[];
}

const phase = (name: string, rules: readonly RuleRow[]): Phase => ({ name, isEncryption: false, rules });
const encryptionPhase = (name: string, rules: readonly RuleRow[]): Phase => ({
  name,
  isEncryption: true,
  rules,
});

export const policy: readonly Phase[] = [
  phase("The form, and the text of its response", formRules),
  phase("The response", responseRules),
  phase("How response and assertion are signed", signatureRules),
  encryptionPhase("Encryption, before a private key is used", encryptionRules),
  encryptionPhase("The decrypted text", decryptedTextRules),
  encryptionPhase("The decrypted assertion", decryptedRules),
  phase("Presence of the required signature", signedRules),
  phase("Validity of all signatures", verificationRules),
  phase("The assertion, read from the signed bytes", assertionRules),
  phase("The sign-in that the application remembers", contextRules),
  phase("The person", subjectRules),
  phase("The person's attributes", attributeRules),
];
