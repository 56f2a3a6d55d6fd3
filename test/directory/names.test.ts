import assert from "node:assert/strict";
import fc from "fast-check";
import { checkShownName, validateIdentity, validateLoginName } from "../../src/directory/names.ts";
import { InvalidError } from "../../src/errors.ts";
import { firstText } from "../../src/sso/sign-in.ts";
import { nameKey } from "../../src/store/text-keys.ts";
import { mixedScripts, visible, visibleLines } from "../../src/visible.ts";
import { noProfile } from "../helpers/people.ts";

/** The name that is stored of what an identity provider sent. */
function readName(sent: unknown): string | null {
  const profile = { ...noProfile, familyName: firstText(sent) };
  const identity = { connectionId: "any", subject: "00u1", loginName: "ada@acme.example", profile };
  return validateIdentity(identity).profile.familyName;
}

const hiding: Record<string, string> = {
  "\u202e": "U+202E RIGHT-TO-LEFT OVERRIDE, which cannot be seen",
  "\u200b": "U+200B ZERO WIDTH SPACE, which cannot be seen",
  "\u2066": "U+2066 LEFT-TO-RIGHT ISOLATE, which cannot be seen",
  "\n": "U+000A LINE FEED, which cannot be seen",
  "\u2028": "U+2028 LINE SEPARATOR, which cannot be seen",
  "\u0007": "U+0007 BELL, which cannot be seen",
  "\u001b": "U+001B ESCAPE, which cannot be seen",
  "\u009b": "U+009B, which cannot be seen",
  "\u00ad": "U+00AD SOFT HYPHEN, which cannot be seen",
  "\u3164": "U+3164 HANGUL FILLER, which cannot be seen",
  "\u{e0041}": "U+E0041, which cannot be seen",
};
const onlyInLoginNames: Record<string, string> = {
  "\u200d": "U+200D ZERO WIDTH JOINER, which cannot be seen",
  "\ufe0f": "U+FE0F, which cannot be seen",
  "\ue000": "U+E000, which has no agreed meaning",
  "\u0378": "U+0378, which has no agreed meaning",
  "\uffff": "U+FFFF, which has no agreed meaning",
};
const anyText = fc.string({ unit: "binary", maxLength: 40 });
const says = (message: string) => (error: unknown) =>
  error instanceof InvalidError && error.message === message;

describe("a login name", () => {
  for (const [character, what] of Object.entries({ ...hiding, ...onlyInLoginNames })) {
    for (const name of [`o${character}@inb.test`, `${character}o@inb.test`, `o@inb.test${character}`]) {
      it(`is refused if it contains ${what}: ${JSON.stringify(name)}`, () => {
        assert.throws(() => validateLoginName(name), says(`The login name contains ${what}.`));
      });
    }
  }

  for (const name of [
    "josé+tag@acme.example",
    "o'brien",
    "Ärger_1",
    "山田太郎",
    "иван",
    "علي",
    "d.j. smith",
  ]) {
    it(`may be ${name}`, () => assert.equal(validateLoginName(name), name));
  }

  it("is trimmed", () => {
    assert.equal(validateLoginName("\u00a0 ada@acme.example  "), "ada@acme.example");
    assert.throws(() => validateLoginName("  "), says("The login name is missing."));
  });

  it("is refused if its key is too long for an index, even if the name is short", () => {
    assert.equal(validateLoginName("a".repeat(2000)).length, 2000);
    assert.throws(() => validateLoginName("\ufdfa".repeat(100)), says("The login name is too long."));
  });

  it("contains only visible characters and has a stable key, once accepted", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          const name = validateLoginName(text);
          assert.equal(visible(name), name);
          assert.doesNotMatch(name, /[\p{C}\p{Zl}\p{Zp}]/u);
          assert.equal(nameKey(nameKey(name)), nameKey(name));
        } catch (error) {
          assert.ok(error instanceof InvalidError, String(error));
        }
      }),
    );
  });
});

describe("a displayed name", () => {
  const check = (text: string | null) => checkShownName("The display name", text);
  for (const [character, what] of Object.entries(hiding)) {
    it(`is refused if it contains ${what}`, () => {
      assert.throws(() => check(`Ada${character} Lovelace`), says(`The display name contains ${what}.`));
    });
  }

  const fine = ["José O’Brien-Núñez", "山田 太郎", "علی‌رضا", "क्‍ष", "👩‍💻 Ada", "❤️", "Ops + Sales", "", null];
  for (const name of fine) it(`may be ${JSON.stringify(name)}`, () => check(name));
});

describe("a name that a sign-in brings", () => {
  const read: [what: string, sent: unknown, name: string | null][] = [
    ["an absent one", undefined, null],
    ["null", null, null],
    ["an empty one", "", null],
    ["spaces, also unusual ones", " \u00a0\u3000 ", null],
    ["hidden characters alone", "\u200b\u202e\u3164", null],
    ["a number", 42, null],
    ["an object", { value: "Ada" }, null],
    ["an empty list", [], null],
    ["a list of other things", [null, 7, {}, ""], null],
    ["the first text of a list", ["", " ", "Ada", "Eve"], "Ada"],
    ["surrounding spaces and hidden characters", " A\u202eda\u0007 ", "Ada"],
    ["half of a surrogate pair", "Ada\ud83d", "Ada"],
    ["500 letters", "x".repeat(500), "x".repeat(500)],
    ["10,000 letters", "x".repeat(10_000), "x".repeat(500)],
    ["a cut at a space", `${"x".repeat(499)} y`, "x".repeat(499)],
    ["a cut inside an emoji", `${"x".repeat(499)}😀!`, "x".repeat(499)],
    ["a cut inside a family of emoji", `${"x".repeat(495)}👨‍👩‍👧`, "x".repeat(495)],
    ["a cut before an accent", `${"x".repeat(499)}e\u0301!`, "x".repeat(499)],
    ["one letter with 1,000 accents", `a${"\u0301".repeat(1000)}`, `a${"\u0301".repeat(499)}`],
  ];
  for (const [what, sent, name] of read) {
    it(`is read from ${what}`, () => assert.equal(readName(sent), name));
  }

  it("is at most 500 units long, has no hidden character, and is stable when read again", () => {
    const long = fc.string({ unit: "binary", minLength: 400, maxLength: 700 });
    fc.assert(
      fc.property(long, (text) => {
        const name = readName(text) ?? "";
        assert.ok(name.length <= 500 && !/\p{Surrogate}/u.test(name));
        checkShownName("The name", name);
        assert.equal(readName(name) ?? "", name);
      }),
    );
  });
});

describe("visible", () => {
  it("spells out invisible characters and keeps the rest", () => {
    assert.equal(visible("o\u202e@\u001b[31m\n"), "o⟨U+202E⟩@⟨U+001B⟩[31m⟨U+000A⟩");
    for (const name of ["علی‌رضا", "👩‍💻", "❤️", "José"]) assert.equal(visible(name), name);
  });

  it("spells out a joiner that no script needs", () => {
    assert.equal(visible("ad\u200da \u200cb"), "ad⟨U+200D⟩a \u200cb");
    assert.equal(visible("\u200dada"), "⟨U+200D⟩ada");
  });

  it("keeps line breaks and tabs in visibleLines", () => {
    assert.equal(visibleLines("a\tb\n\u001b[1mc\r"), "a\tb\n⟨U+001B⟩[1mc⟨U+000D⟩");
  });

  it("leaves no invisible characters but joiners, and is idempotent", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = visible(text);
        assert.doesNotMatch(shown, /(?!\u200c|\u200d)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        assert.equal(visible(shown), shown);
      }),
    );
  });
});

describe("mixedScripts", () => {
  const mixed: Record<string, string[]> = {
    "\u0430da@acme.example": ["Cyrillic", "Latin"],
    Αda: ["Greek", "Latin"],
    αбв: ["Greek", "Cyrillic"],
    Ꭺda: ["Cherokee", "Latin"],
    かなКана: ["Hiragana", "Cyrillic"],
    かな한글: ["Hiragana", "Hangul"],
  };
  for (const [name, found] of Object.entries(mixed)) {
    it(`finds ${found.join(" and ")} in ${name}`, () => assert.deepEqual(mixedScripts(name), found));
  }

  const one = [
    ...["ada@acme.example", "José O’Brien 3+4", "иван 1", "", "👩‍💻", "ϕ", "علی‌رضا", "e\u0301"],
    ...["東京 Tokyo タワー です", "서울 Seoul 漢字", "注音ㄅㄆ ABC", "ーカナ", "がくせい々", "l·l"],
  ];
  for (const name of one) {
    it(`accepts ${JSON.stringify(name)}`, () => assert.deepEqual(mixedScripts(name), []));
  }
});
