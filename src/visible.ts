/** Allowed where a script or an emoji needs them: joiners (Persian, Indic scripts, emoji), variants of one sign. */
const joining = String.raw`\u200c\u200d\p{Variation_Selector}`;

/**
 * Drawn as nothing, or moving what stands around it: controls, format characters (bidi controls, zero width), breaks of
 * lines, halves of surrogate pairs, fillers that are no format characters (Default_Ignorable_Code_Point), blank braille.
 */
const hiding = String.raw`(?![${joining}])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]`;

/** Finds the first character that hides in a name that people read. */
export const hidden = new RegExp(hiding, "u");

// No word of these scripts has use for a joiner.
const idle = String.raw`(?<=^|[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}@._-])[${joining}]`;
const everyHidden = new RegExp(`${idle}|${hiding}`, "gu");
const everyHiddenButLayout = new RegExp(String.raw`(?![\n\t])(?:${idle}|${hiding})`, "gu");

/** A text with its invisible characters spelled out, as in ⟨U+202E⟩. */
export function visible(text: string): string {
  return text.replace(everyHidden, (character) => `⟨${codePoint(character)}⟩`);
}

/** As visible, for a text of several lines that we laid out: line breaks and tabs stay. */
export function visibleLines(text: string): string {
  return text.replace(everyHiddenButLayout, (character) => `⟨${codePoint(character)}⟩`);
}

/** How Unicode writes a character's number: "U+202E". */
export function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** The scripts that names are written in today, and those whose letters are mistaken for Latin ones. */
const scripts = [
  ...["Latin", "Cyrillic", "Greek", "Arabic", "Armenian", "Bengali", "Bopomofo", "Cherokee", "Coptic"],
  ...["Devanagari", "Ethiopic", "Georgian", "Gujarati", "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana"],
  ...["Kannada", "Katakana", "Khmer", "Lao", "Lisu", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil"],
  ...["Telugu", "Thaana", "Thai", "Tibetan"],
].map((name) => ({ name, of: new RegExp(String.raw`\p{scx=${name}}`, "u") }));

/** What one language writes together (UTS 39 §5.2, "highly restrictive"). */
const together = [
  ["Han", "Hiragana", "Katakana"],
  ["Han", "Bopomofo"],
  ["Han", "Hangul"],
].map((names) => new Set(["Latin", ...names]));
const plain = /^[\p{scx=Latin}\p{scx=Common}\p{scx=Inherited}]*$/u;
const anyScript = /[\p{scx=Common}\p{scx=Inherited}]/u;

/**
 * The scripts of a name whose letters come from several that no language writes together, as in a Latin name with one
 * Cyrillic letter that looks the same; empty for any other name. By Script_Extensions (UAX 24): a character that
 * several scripts share belongs to each of them.
 */
export function mixedScripts(name: string): string[] {
  if (plain.test(name)) return [];
  const letters = [...new Set(name.normalize("NFC"))].filter((letter) => !anyScript.test(letter));
  const ofLetters = letters.map((letter) =>
    scripts.filter(({ of }) => of.test(letter)).map((one) => one.name),
  );
  const fits = (allowed: Set<string>) => ofLetters.every((names) => names.some((one) => allowed.has(one)));
  if ([...scripts.map((one) => new Set([one.name])), ...together].some(fits)) return [];
  const found = new Set(ofLetters.map(([first = "another script"]) => first));
  // Letters of scripts that are not listed: whether they are of one or of several is not known.
  return found.size > 1 ? [...found] : [];
}
