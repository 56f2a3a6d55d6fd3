import { InvalidError } from "../errors.ts";

export const passwordLength = { min: 12, max: 256 };

/** Throws InvalidError with the rule that the password breaks. Length protects, not character classes (NIST SP 800-63B §5.1.1). */
export function checkPassword(password: string): void {
  const { min, max } = passwordLength;
  if (password.length < min) throw new InvalidError(`Choose a password of at least ${min} characters.`);
  if (password.length > max) throw new InvalidError(`Choose a password of at most ${max} characters.`);
}
