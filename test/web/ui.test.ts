import assert from "node:assert/strict";
import type { User } from "../../src/model.ts";
import type { MomentStyle } from "../../src/web/moments.ts";
import { ui } from "../../src/web/ui.ts";

/** Which entities the parts write: those of EJS. */
const hostile = `"><script>alert('1')</script>&`;
const escaped = "&#34;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;";

describe("the small parts of pages", () => {
  describe("an icon", () => {
    it("is hidden from screen readers unless it has a label", () => {
      assert.match(
        ui.icon({ name: "check" }),
        /^<svg class="icon" [^>]* aria-hidden="true"><path [^<]*\/>\s*<\/svg>$/,
      );
      assert.match(ui.icon({ name: "check", label: "Done" }), /^<svg [^>]* role="img" aria-label="Done">/);
    });

    it("escapes its label", () => {
      assert.ok(ui.icon({ name: "check", label: hostile }).includes(` aria-label="${escaped}">`));
    });

    for (const name of ["unknown", "", "../partials/top", "constructor"]) {
      it(`throws for the name ${JSON.stringify(name)}, which is not a file of views/icons/`, () => {
        assert.throws(() => ui.icon({ name }), /There is no icon/);
      });
    }
  });

  describe("a time", () => {
    const at = Date.UTC(2020, 1, 3, 4, 5, 6);

    it("is for people, with the exact time as its title, and for scripts", () => {
      assert.equal(
        ui.moment({ at }),
        '<time datetime="2020-02-03T04:05:06.000Z" title="3 Feb 2020, 04:05:06 UTC" data-moment="relative">3 Feb 2020</time>',
      );
      assert.match(ui.moment({ at, style: "clock" }), / data-moment="clock">04:05<\/time>$/);
      assert.match(ui.moment({ at, style: "exact" }), / data-moment="exact">3 Feb 2020, 04:05 UTC<\/time>$/);
    });

    it("escapes its style", () => {
      assert.ok(ui.moment({ at, style: hostile as MomentStyle }).includes(` data-moment="${escaped}">`));
    });
  });

  describe("an avatar", () => {
    for (const [name, initials] of [
      ["Ada Lovelace", "AL"],
      ["Ada King Lovelace", "AL"],
      ["ada.lovelace@acme.example", "A"],
      ["åsa", "Å"],
      ["--", "?"],
      ["\u{1d4d0}da \u202e", "\u{1d4d0}⟨"],
    ] as const) {
      it(`of ${name} is ${initials}`, () => {
        assert.equal(ui.avatar({ name }), `<span class="avatar" aria-hidden="true">${initials}</span>`);
      });
    }

    it("escapes the initials", () => {
      assert.equal(ui.avatar({ name: "<b &c" }), '<span class="avatar" aria-hidden="true">&lt;&amp;</span>');
    });
  });

  it("warn of a name that mixes scripts", () => {
    assert.equal(
      ui.mixedScripts({ name: "\u0410da" }),
      ' <span class="badge warning" title="Letters of Cyrillic and Latin: one may look like another">mixed scripts<span class="visually-hidden">. Letters of Cyrillic and Latin: one may look like another.</span></span>',
    );
    for (const name of ["Ada", "", null]) assert.equal(ui.mixedScripts({ name }), "");
  });

  describe("the state of a person", () => {
    const person = { active: true, blocked: false, origin: "scim" } as const;
    const badges = (user: Pick<User, "active" | "blocked" | "origin">, signedInAt?: number | null) =>
      [...ui.personState({ user, signedInAt }).matchAll(/<span class="(badge[^"]*)">(\w+)<\/span>\n/g)].map(
        ([, kind, text]) => [kind, text],
      );

    it("is active, deactivated or blocked", () => {
      assert.deepEqual(badges(person), [["badge done", "Active"]]);
      assert.deepEqual(badges({ ...person, active: false }), [["badge warning", "Deactivated"]]);
      assert.deepEqual(badges({ ...person, blocked: true }), [["badge problem", "Blocked"]]);
      const both = badges({ ...person, active: false, blocked: true });
      assert.deepEqual(both, [
        ["badge problem", "Blocked"],
        ["badge warning", "Deactivated"],
      ]);
    });

    it("is invited until the first sign-in, where the page knows of it", () => {
      const invited = { ...person, origin: "invited" } as const;
      assert.deepEqual(badges(invited, null), [["badge", "Invited"]]);
      assert.deepEqual(badges(invited, 1), [["badge done", "Active"]]);
      assert.deepEqual(badges(invited), [["badge done", "Active"]]);
    });
  });
});
