/**
 * Makes src/directory/common-passwords.txt from a list of leaked passwords, the most common first, one in a line:
 *
 *   node scripts/common-passwords.mjs 10-million-password-list-top-1000000.txt > src/directory/common-passwords.txt
 *
 * Keeps the passwords that the rule of length lets through, and of each only the beginning of a hash.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const [shortest, kept, hexDigits] = [12, 20_000, 12];
const words = readFileSync(process.argv[2] ?? "/dev/stdin", "utf8").split(/\r?\n/);
const common = new Set(words.filter((word) => word.length >= shortest).map((word) => word.toLowerCase()));
const hashes = [...common]
  .slice(0, kept)
  .map((word) => createHash("sha256").update(word).digest("hex").slice(0, hexDigits));
process.stdout.write(`# The ${hashes.length} most common passwords of ${shortest} characters and more, in lower case: ${hexDigits} hex digits of SHA-256.
# Source: SecLists, "10-million-password-list-top-1000000.txt" by Mark Burnett. Copyright (c) 2025 Daniel Miessler, MIT License.
${hashes.sort().join("\n")}
`);
