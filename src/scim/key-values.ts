import { nameKey } from "../store/text-keys.ts";
import { badRequest } from "./errors.ts";

/** Names and keys that are unique stand in an index, of which PostgreSQL limits an entry to 2,704 bytes. */
const maxBytes = 2000;

/**
 * Throws badRequest for a name or key that cannot be stored on every engine: one that is too long in bytes, or holds
 * half of a surrogate pair, which would come back as another character.
 */
export function checkKeyValue(label: string, value: string | null | undefined): void {
  if (value === null || value === undefined) return;
  // Compatibility forms grow: one character of three bytes can become 33.
  if (Math.max(Buffer.byteLength(value), Buffer.byteLength(nameKey(value))) > maxBytes) {
    throw badRequest("invalidValue", `${label} is longer than ${maxBytes} bytes.`);
  }
  if (/\p{Surrogate}/u.test(value)) {
    throw badRequest("invalidValue", `${label} holds a character that cannot be stored.`);
  }
}
