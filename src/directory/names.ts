import { InvalidError, RefusedError } from "../errors.ts";
import type { AttributeDocument, ExternalIdentity, Profile } from "../model.ts";
import { nameKey } from "../store/text-keys.ts";
import { codePoint, hidden } from "../visible.ts";
import type { PersonalNames } from "./attributes.ts";

/** Private-use and unassigned characters: each reader may see something else, or nothing. */
const meaningless = /[\p{Co}\p{Cn}]/u;
/** Joiners: scripts and emoji need them in display names, but login names do not. */
const joining = /\u200c|\u200d|\p{Variation_Selector}/u;

/** PostgreSQL limits an index entry to 2,704 bytes. This checks the key because NFKC can grow a name elevenfold. */
const maxKeyBytes = 2000;

/**
 * Returns a login name without surrounding spaces. Throws InvalidError that names the first character that is invisible
 * or has no agreed meaning (RFC 8264 §4.2 refuses the same in identifiers).
 */
export function validateLoginName(text: string): string {
  for (const pattern of [hidden, joining, meaningless]) refuse("The login name", text, pattern);
  const name = text.trim();
  if (name === "") throw new InvalidError("The login name is missing.");
  if (Buffer.byteLength(nameKey(name)) > maxKeyBytes) throw new InvalidError("The login name is too long.");
  return name;
}

/**
 * Throws InvalidError if a displayed name contains a control character, a line break or an invisible character.
 * @param what the subject of the sentence: "The group's name".
 */
export function checkShownName(what: string, text: string | null | undefined): void {
  if (text) refuse(what, text, hidden);
}

function refuse(what: string, text: string, pattern: RegExp): void {
  const [character] = pattern.exec(text) ?? [];
  if (character === undefined) return;
  const why = meaningless.test(character) ? "which has no agreed meaning" : "which cannot be seen";
  throw new InvalidError(`${what} contains ${describe(character)}, ${why}.`);
}

/** Unicode's names of the characters that occur most. */
const characterNames = new Map([
  ["\u0007", "BELL"],
  ["\t", "CHARACTER TABULATION"],
  ["\n", "LINE FEED"],
  ["\r", "CARRIAGE RETURN"],
  ["\u001b", "ESCAPE"],
  ["\u007f", "DELETE"],
  ["\u00ad", "SOFT HYPHEN"],
  ["\u061c", "ARABIC LETTER MARK"],
  ["\u200b", "ZERO WIDTH SPACE"],
  ["\u200c", "ZERO WIDTH NON-JOINER"],
  ["\u200d", "ZERO WIDTH JOINER"],
  ["\u200e", "LEFT-TO-RIGHT MARK"],
  ["\u200f", "RIGHT-TO-LEFT MARK"],
  ["\u2028", "LINE SEPARATOR"],
  ["\u2029", "PARAGRAPH SEPARATOR"],
  ["\u202a", "LEFT-TO-RIGHT EMBEDDING"],
  ["\u202b", "RIGHT-TO-LEFT EMBEDDING"],
  ["\u202c", "POP DIRECTIONAL FORMATTING"],
  ["\u202d", "LEFT-TO-RIGHT OVERRIDE"],
  ["\u202e", "RIGHT-TO-LEFT OVERRIDE"],
  ["\u2060", "WORD JOINER"],
  ["\u2066", "LEFT-TO-RIGHT ISOLATE"],
  ["\u2067", "RIGHT-TO-LEFT ISOLATE"],
  ["\u2068", "FIRST STRONG ISOLATE"],
  ["\u2069", "POP DIRECTIONAL ISOLATE"],
  ["\u3164", "HANGUL FILLER"],
  ["\ufeff", "ZERO WIDTH NO-BREAK SPACE"],
]);

function describe(character: string): string {
  return [codePoint(character), characterNames.get(character)].filter(Boolean).join(" ");
}

type PersonNames = Profile & { loginName: string; attributes?: AttributeDocument };

/** The names that pages show, also those of the attribute document (RFC 7643 §4.1.1). */
const shownNames: { what: string; read(person: Partial<PersonNames>): unknown }[] = [
  { what: "The first name", read: (person) => person.givenName },
  { what: "The last name", read: (person) => person.familyName },
  { what: "The display name", read: (person) => person.displayName },
  { what: "The e-mail address", read: (person) => person.email },
  { what: "The nickname", read: (person) => person.attributes?.nickName },
  ...[
    ["The full name", "formatted"],
    ["The middle name", "middleName"],
    ["The honorific prefix", "honorificPrefix"],
    ["The honorific suffix", "honorificSuffix"],
  ].map(([what = "", part = ""]) => ({
    what,
    read: ({ attributes }: Partial<PersonNames>) =>
      (attributes?.name as Record<string, unknown> | undefined)?.[part],
  })),
];

/** Returns the names of a new user, with the login name as it is stored. Throws InvalidError. */
export function validateNames<Names extends Partial<PersonNames> & Pick<PersonNames, "loginName">>(
  wanted: Names,
): Names {
  const loginName = validateLoginName(wanted.loginName);
  checkShownNames(wanted, null);
  return { ...wanted, loginName };
}

/**
 * Returns a change with a new login name as it is stored, and without one that stays the same. Names may be older than
 * these rules, so only new ones are checked: a deactivation must not fail because of an old name. Throws InvalidError.
 */
export function validateNameChanges<Changes extends Partial<PersonNames>>(
  changes: Changes,
  before: PersonNames,
): Omit<Changes, "loginName"> & { loginName?: string } {
  const { loginName, ...others } = changes;
  const isNew = loginName !== undefined && loginName !== before.loginName;
  const renamed = isNew ? { loginName: validateLoginName(loginName) } : {};
  checkShownNames(changes, before);
  return { ...others, ...renamed };
}

function checkShownNames(wanted: Partial<PersonNames>, before: PersonNames | null): void {
  for (const { what, read } of shownNames) {
    const text = read(wanted);
    if (typeof text === "string" && text !== (before && read(before))) checkShownName(what, text);
  }
}

const everyHidden = new RegExp(hidden, "gu");
const withoutHidden = (text: string | null) => text?.replace(everyHidden, "").trim() || null;

/** The most UTF-16 code units of a name that a sign-in brings: longer than any name, and short enough for every page. */
const longestName = 500;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A name without hidden characters, and cut to 500 characters. */
function storableName(sent: string | null): string | null {
  const name = withoutHidden(sent);
  return name === null ? null : shorten(name, longestName);
}

/** Cuts a name with more than `longest` UTF-16 code units where a character that people see ends. */
export function shorten(name: string, longest: number): string {
  if (name.length <= longest) return name;
  const text = name.slice(0, 2 * longest);
  const whole = graphemes.segment(text).containing(longest)?.index ?? longest;
  // One letter with hundreds of accents is a single character, which must be cut, but not inside a surrogate pair.
  const isWithinPair = /[\ud800-\udbff]/.test(text[longest - 1] ?? "");
  const end = whole > 0 ? whole : longest - (isWithinPair ? 1 : 0);
  return text.slice(0, end).trimEnd();
}

/** The most UTF-16 code units of a first or last name that a person or an operator enters. */
export const longestPersonalName = 100;

/** Throws InvalidError for names that are too long, or have a character that cannot be seen. */
export function checkPersonalNames({ givenName, familyName }: PersonalNames): void {
  for (const [what, name] of [
    ["The first name", givenName],
    ["The last name", familyName],
  ] as const) {
    if (name !== null && name.length > longestPersonalName)
      throw new InvalidError(`${what} may have at most ${longestPersonalName} characters.`);
    checkShownName(what, name);
  }
}

/**
 * Returns an external identity with names that can be stored: those of the profile lose hidden characters and are cut,
 * because a sign-in must not fail for a name. Throws RefusedError `login-name-not-valid` if the login name has hidden
 * characters.
 */
export function validateIdentity(identity: ExternalIdentity): ExternalIdentity {
  const { givenName, familyName, displayName, email } = identity.profile;
  const profile = {
    givenName: storableName(givenName),
    familyName: storableName(familyName),
    displayName: storableName(displayName),
    email: withoutHidden(email),
  };
  return { ...identity, loginName: loginNameOf(identity), profile };
}

function loginNameOf({ loginName }: ExternalIdentity): string {
  try {
    return validateLoginName(loginName);
  } catch (error) {
    if (error instanceof InvalidError) throw new RefusedError("login-name-not-valid", error.message);
    throw error;
  }
}
