/**
 * The form in which names are compared: equal keys, equal names. Stored beside the original, because the
 * engines' own case-insensitive comparison ends at ASCII (SQLite) or depends on the locale (PostgreSQL).
 * Lower-casing is locale-independent here; composed and decomposed accents are the same letter (NFC).
 */
export function textKey(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

/** What of a name can be searched for: its beginning, because an entry of an index has a limit (PostgreSQL: 2,704 bytes). */
export function searchKey(text: string): string {
  return textKey(text).slice(0, 200);
}
