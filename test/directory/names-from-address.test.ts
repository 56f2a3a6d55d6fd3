import assert from "node:assert/strict";
import fc from "fast-check";
import { namesFromAddress } from "../../src/directory/names-from-address.ts";

describe("the names of an account whose operator gave none", () => {
  const made: [email: string, givenName: string, familyName: string][] = [
    ["grace.hopper@acme.example", "Grace", "Hopper"],
    ["grace_hopper@acme.example", "Grace", "Hopper"],
    ["grace-hopper@acme.example", "Grace", "Hopper"],
    ["GRACE.HOPPER@ACME.EXAMPLE", "Grace", "Hopper"],
    ["grace.hopper+okta@acme.example", "Grace", "Hopper"],
    ["grace.hopper2@acme.example", "Grace", "Hopper"],
    ["grace.brewster.hopper@acme.example", "Grace", "Brewster Hopper"],
    ["g.hopper@acme.example", "G", "Hopper"],
    ["jean-luc.picard@acme.example", "Jean-Luc", "Picard"],
    ["ronald.McDonald@acme.example", "Ronald", "McDonald"],
    ["sinead.o'connor@acme.example", "Sinead", "O'Connor"],
    ["jürgen.groß@acme.example", "Jürgen", "Groß"],
    ["иван.петров@acme.example", "Иван", "Петров"],
    ["grace@acme.example", "Grace", "acme.example"],
    ["grace+okta@acme.example", "Grace", "acme.example"],
    ["admin1@acme.example", "Admin", "acme.example"],
    ["42@acme.example", "42", "acme.example"],
    ["...@acme.example", "...", "acme.example"],
    ["+tag@acme.example", "Tag", "acme.example"],
  ];
  for (const [email, givenName, familyName] of made) {
    it(`are ${givenName} and ${familyName} for ${email}`, () => {
      assert.deepEqual(namesFromAddress(email), { givenName, familyName });
    });
  }

  it("are never empty and never too long, for any address", () => {
    const part = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 250 })
      .filter((text) => !/[\s@]/.test(text));
    fc.assert(
      fc.property(part, part, (local, domain) => {
        for (const name of Object.values(namesFromAddress(`${local}@${domain}`)))
          assert.ok(name.length >= 1 && name.length <= 100 && !/\p{Surrogate}/u.test(name));
      }),
    );
  });
});
