/**
 * The form in which texts are compared: equal keys, equal texts. Stored beside the original, because the
 * engines' own case-insensitive comparison ends at ASCII (SQLite) or depends on the locale (PostgreSQL).
 * Lower-casing is locale-independent here; composed and decomposed accents are the same letter (NFC).
 */
export function textKey(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

/**
 * As textKey, for names that are unique: the login names of people and the names of groups. What only looks different in
 * print is the same name, too: the ligature ﬁ and the letters fi, full-width letters and the usual ones (NFKC; once more
 * after lower-casing, which leaves some accents decomposed, so that the key of a key is itself). A
 * subject that an identity provider vouches for is compared by textKey: what a provider keeps apart are two people.
 */
export function nameKey(name: string): string {
  return name.normalize("NFKC").toLowerCase().normalize("NFKC");
}

/** What of a text can be searched for: its beginning, because an entry of an index has a limit (PostgreSQL: 2,704 bytes). */
export function searchKey(text: string): string {
  return textKey(text).slice(0, 200);
}
