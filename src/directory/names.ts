import { InvalidError, RefusedError } from "../errors.ts";
import type { AttributeDocument, ExternalIdentity, Profile } from "../model.ts";
import { nameKey } from "../store/text-keys.ts";
import { codePoint, hidden } from "../visible.ts";

/** Beyond what hides: private use and what Unicode has not assigned look different, or like nothing, at each reader. */
const meaningless = /[\p{Co}\p{Cn}]/u;
/** What a login name has no use for, though scripts and emoji need it in the names that people have for each other. */
const joining = /\u200c|\u200d|\p{Variation_Selector}/u;

/** An entry of an index is at most 2,704 bytes long on PostgreSQL, and compatibility forms can grow elevenfold. */
const longestKey = 2000;

/**
 * A login name as it is kept: without space around it. Throws InvalidError for one with characters that nobody sees or
 * that have no agreed meaning (RFC 8264 §4.2 refuses the same in identifiers), naming the first.
 */
export function validateLoginName(text: string): string {
  for (const pattern of [hidden, joining, meaningless]) refuse("The login name", text, pattern);
  const name = text.trim();
  if (name === "") throw new InvalidError("The login name is missing.");
  if (Buffer.byteLength(nameKey(name)) > longestKey) throw new InvalidError("The login name is too long.");
  return name;
}

/**
 * Throws InvalidError for a name that people read and that holds a control, a line break or something invisible.
 * @param what the subject of the sentence: "The group's name".
 */
export function checkShownName(what: string, text: string | null | undefined): void {
  if (text) refuse(what, text, hidden);
}

function refuse(what: string, text: string, pattern: RegExp): void {
  const [character] = pattern.exec(text) ?? [];
  if (character === undefined) return;
  const why = meaningless.test(character) ? "which has no agreed meaning" : "which cannot be seen";
  throw new InvalidError(`${what} contains ${called(character)}, ${why}.`);
}

/** Names in Unicode, of what turns up. */
const names = new Map([
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

function called(character: string): string {
  return [codePoint(character), names.get(character)].filter(Boolean).join(" ");
}

type Named = Profile & { loginName: string; attributes?: AttributeDocument };

/** The names of a person that pages show, the document's among them (RFC 7643 §4.1.1). */
const shown: { what: string; read(person: Partial<Named>): unknown }[] = [
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
    read: ({ attributes }: Partial<Named>) =>
      (attributes?.name as Record<string, unknown> | undefined)?.[part],
  })),
];

/** The names of somebody new, with the login name as it is kept. Throws InvalidError. */
export function validateNames<Person extends Partial<Named> & Pick<Named, "loginName">>(
  wanted: Person,
): Person {
  const loginName = validateLoginName(wanted.loginName);
  checkShownNames(wanted, null);
  return { ...wanted, loginName };
}

/**
 * A change without a login name that stays the same, and with a new one as it is kept. What was there before these rules
 * is judged when it changes: a deactivation must not fail on it. Throws InvalidError.
 */
export function validateNameChanges<Changes extends Partial<Named>>(
  changes: Changes,
  before: Named,
): Omit<Changes, "loginName"> & { loginName?: string } {
  const { loginName, ...others } = changes;
  const isNew = loginName !== undefined && loginName !== before.loginName;
  const renamed = isNew ? { loginName: validateLoginName(loginName) } : {};
  checkShownNames(changes, before);
  return { ...others, ...renamed };
}

function checkShownNames(wanted: Partial<Named>, before: Named | null): void {
  for (const { what, read } of shown) {
    const text = read(wanted);
    if (typeof text === "string" && text !== (before && read(before))) checkShownName(what, text);
  }
}

const everyHidden = new RegExp(hidden, "gu");
const cleaned = (text: string | null) => text?.replace(everyHidden, "").trim() || null;

/**
 * Who an identity provider vouches for, with names that can be kept. In a profile, what hides is left out: a sign-in must
 * not fail for it. Throws RefusedError `login-name-not-valid` for a login name that holds it.
 */
export function validateIdentity(identity: ExternalIdentity): ExternalIdentity {
  const { givenName, familyName, displayName, email } = identity.profile;
  const profile = {
    givenName: cleaned(givenName),
    familyName: cleaned(familyName),
    displayName: cleaned(displayName),
    email: cleaned(email),
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
