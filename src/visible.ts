/** Joiners and variation selectors, which Persian, Indic scripts and emoji need. */
const joining = String.raw`\u200c\u200d\p{Variation_Selector}`;

/**
 * Invisible characters, and those that reorder the text around them: controls, format characters (bidi controls, zero
 * width), line breaks, lone surrogates, fillers (Default_Ignorable_Code_Point) and the blank braille pattern.
 */
const hiding = String.raw`(?![${joining}])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]`;

/** Matches the first hidden character of a displayed name. */
export const hidden = new RegExp(hiding, "u");

// Joiners after a letter of these scripts have no purpose.
const idle = String.raw`(?<=^|[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}@._-])[${joining}]`;
const everyHidden = new RegExp(`${idle}|${hiding}`, "gu");
const everyHiddenButLayout = new RegExp(String.raw`(?![\n\t])(?:${idle}|${hiding})`, "gu");

/** Spells out a text's invisible characters, as in ⟨U+202E⟩. */
export function visible(text: string): string {
  return text.replace(everyHidden, (character) => `⟨${codePoint(character)}⟩`);
}

/** Like visible, but keeps line breaks and tabs: for texts that we format ourselves. */
export function visibleLines(text: string): string {
  return text.replace(everyHiddenButLayout, (character) => `⟨${codePoint(character)}⟩`);
}

/** Formats a character's code point as Unicode does: "U+202E". */
export function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** The scripts of today's names, and scripts with letters that look like Latin ones. */
const scripts = `
  Latin Cyrillic Greek Arabic Armenian Bengali Bopomofo Cherokee Coptic Devanagari Ethiopic Georgian
  Gujarati Gurmukhi Han Hangul Hebrew Hiragana Kannada Katakana Khmer Lao Lisu Malayalam Myanmar
  Oriya Sinhala Tamil Telugu Thaana Thai Tibetan
`
  .trim()
  .split(/\s+/)
  .map((name) => ({ name, of: new RegExp(String.raw`\p{scx=${name}}`, "u") }));

/** Scripts that one language mixes (UTS 39 §5.2, "highly restrictive"). */
const allowedMixes = [
  ["Han", "Hiragana", "Katakana"],
  ["Han", "Bopomofo"],
  ["Han", "Hangul"],
].map((names) => new Set(["Latin", ...names]));
const plain = /^[\p{scx=Latin}\p{scx=Common}\p{scx=Inherited}]*$/u;
const anyScript = /[\p{scx=Common}\p{scx=Inherited}]/u;

/**
 * Returns a name's scripts if no language mixes them, as in a Latin name with one Cyrillic look-alike; otherwise an empty
 * list. Uses Script_Extensions (UAX 24), so a character that several scripts share belongs to each of them.
 */
export function mixedScripts(name: string): string[] {
  if (plain.test(name)) return [];
  const letters = [...new Set(name.normalize("NFC"))].filter((letter) => !anyScript.test(letter));
  const ofLetters = letters.map((letter) =>
    scripts.filter(({ of }) => of.test(letter)).map((one) => one.name),
  );
  const fits = (allowed: Set<string>) => ofLetters.every((names) => names.some((one) => allowed.has(one)));
  if ([...scripts.map((one) => new Set([one.name])), ...allowedMixes].some(fits)) return [];
  const found = new Set(ofLetters.map(([first = "another script"]) => first));
  // Letters of unlisted scripts count as one script, because we cannot tell them apart.
  return found.size > 1 ? [...found] : [];
}
