import { InvalidError } from "../errors.ts";
import type { User } from "../model.ts";
import { isCommonPassword } from "./common-passwords.ts";

export const passwordLength = { min: 12, max: 256 };

/** Without this many letters or digits of its own, a password consists of the words that an attacker tries first. */
const ownCharacters = 8;
/** Shorter words are part of many others. */
const shortestWord = 3;

/**
 * Throws InvalidError with the rule that the password breaks. Length protects, not character classes; known passwords and words
 * of the context are refused (NIST SP 800-63B §5.1.1).
 * @param words Names of the product, the organisation and the person (wordsOf).
 */
export function checkPassword(password: string, words: readonly string[] = []): void {
  const { min, max } = passwordLength;
  if (password.length < min) throw new InvalidError(`Choose a password of at least ${min} characters.`);
  if (password.length > max) throw new InvalidError(`Choose a password of at most ${max} characters.`);
  if (isCommonPassword(password))
    throw new InvalidError(
      "This password is on the list of common passwords, which attackers try first. Choose another one.",
    );
  if (consistsOf(password, words))
    throw new InvalidError(
      "This password is little more than a name or an address of you, your organisation or the product. Choose another one.",
    );
}

/** The words of a person that their password must not consist of. */
export function wordsOf({
  loginName,
  email,
  givenName,
  familyName,
}: Pick<User, "loginName" | "email" | "givenName" | "familyName">): string[] {
  return [loginName, email, givenName, familyName].filter((name) => name !== null);
}

/** Whether little is left without the words, which may be parts of an address. Case, spaces and signs do not count. */
function consistsOf(password: string, words: readonly string[]): boolean {
  const parts = words.flatMap((word) => [word, ...word.split(/[^\p{L}\p{N}]+/u)]).map(lettersAndDigits);
  const longestFirst = parts
    .filter((part) => part.length >= shortestWord)
    .sort((a, b) => b.length - a.length);
  const all = lettersAndDigits(password);
  const left = longestFirst.reduce((text, part) => text.replaceAll(part, ""), all);
  return left !== all && left.length < ownCharacters;
}

function lettersAndDigits(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, "");
}
