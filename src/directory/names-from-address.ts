import type { PersonalNames } from "./attributes.ts";
import { longestPersonalName, shorten } from "./names.ts";

/** The names that an account gets if no one gave any. Both are always there. */
type FullName = { [Name in keyof PersonalNames]: string };

/**
 * Makes a first and a last name from an e-mail address: "grace.hopper@acme.example" is Grace Hopper. If the address has one
 * name only, the domain is the last name ("Grace acme.example"): no one takes it for a person's, and clients that need a
 * last name have one (Okta: SCIM 2.0 SPEC test, step 1). The person corrects the names when they set a password.
 */
export function namesFromAddress(email: string): FullName {
  const at = email.lastIndexOf("@");
  const [local = "", domain = ""] = [email.slice(0, at), email.slice(at + 1)];
  const [first, ...others] = partsOf(local);
  return {
    givenName: shorten(first ?? local, longestPersonalName),
    familyName: shorten(others.join(" ") || domain, longestPersonalName),
  };
}

/** The words of an address's first half that may be names. Hyphens join a first name (Jean-Luc) if a dot follows. */
function partsOf(local: string): string[] {
  const untagged = local.replace(/(?<=.)\+.*$/, "");
  const byDots = wordsIn(untagged, /[._\s]+/);
  return byDots.length === 1 ? wordsIn(untagged, /[._\s-]+/) : byDots;
}

function wordsIn(text: string, separator: RegExp): string[] {
  const words = text.split(separator).map((word) => word.replace(/^[^\p{L}]+|[^\p{L}\p{M}]+$/gu, ""));
  return words.filter((word) => word !== "").map(capitalized);
}

/** Leaves capitals inside a word alone (McDonald), unless the whole word has no other letters. */
function capitalized(word: string): string {
  const lower = word === word.toUpperCase() ? word.toLowerCase() : word;
  return lower.replace(/(?<=^|[-'’])\p{L}/gu, (letter) => letter.toUpperCase());
}
