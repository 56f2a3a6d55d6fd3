import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/**
 * Passwords that attackers try first: those of 12 characters and more from published lists of leaked ones
 * (common-passwords.txt, made by scripts/common-passwords.mjs). No request leaves the machine.
 */

const file = new URL("common-passwords.txt", import.meta.url);
/** Each line has so many characters of a SHA-256 in hex: 48 bits, which an uncommon password does not meet by chance. */
const prefixLength = 12;

let prefixes: ReadonlySet<string> | undefined;

/** Whether a password is on the list. Upper and lower case do not count. */
export function isCommonPassword(password: string): boolean {
  prefixes ??= new Set(
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => !line.startsWith("#")),
  );
  const hash = createHash("sha256").update(password.toLowerCase()).digest("hex");
  return prefixes.has(hash.slice(0, prefixLength));
}
