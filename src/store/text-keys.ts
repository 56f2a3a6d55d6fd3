import { domainToASCII } from "node:url";

/**
 * Returns the key by which texts are compared, ignoring case and the composition of accents (NFC). Keys are stored next to
 * the original, because the engines fold case only for ASCII (SQLite) or by locale (PostgreSQL).
 */
export function textKey(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

/**
 * Like textKey, for unique names (login names and group names): compatibility forms are equal too, such as the ligature ﬁ
 * and the letters fi, or full-width letters (NFKC). The second normalization makes the key of a key itself, because
 * lower-casing decomposes some accents. Subjects of identity providers use textKey instead: a provider keeps such names
 * apart, so they are two people.
 */
export function nameKey(name: string): string {
  return name.normalize("NFKC").toLowerCase().normalize("NFKC");
}

/**
 * Returns the form in which domains are stored and compared: that of DNS (UTS #46), without the dot of the root. Mail servers
 * and browsers take `acme。example`, `acme.example.` and `bücher.example` for the domains whose names DNS has, so that a rule
 * for a domain must cover these spellings, too.
 */
export function domainKey(domain: string): string {
  const name = nameKey(domain);
  // domainToASCII would cut off a path or a port, and give another name's domain.
  const ascii = /[/\\?#@:]/.test(name) ? "" : domainToASCII(name);
  return (ascii || name).replace(/\.+$/, "");
}

/** Returns the searchable beginning of a text. PostgreSQL limits an index entry to 2,704 bytes. */
export function searchKey(text: string): string {
  return textKey(text).slice(0, 200);
}
