import assert from "node:assert/strict";
import { textKey } from "../../src/store/text-keys.ts";

describe("textKey", () => {
  const same: [string, string][] = [
    ["Ada@Acme.example", "aDA@aCME.EXAMPLE"],
    ["Ärger", "äRGER"],
    ["jos\u00e9", "JOSE\u0301"],
    ["ИВАН", "иван"],
  ];
  for (const [one, other] of same) {
    it(`takes ${one} and ${other} for the same name`, () => assert.equal(textKey(one), textKey(other)));
  }

  const different: [string, string][] = [
    ["Ärger", "Arger"],
    ["straße", "strasse"],
    ["ada", "ada "],
    ["ada", "\u0430da"],
    ["ﬁ", "fi"],
  ];
  for (const [one, other] of different) {
    it(`takes ${JSON.stringify(one)} and ${JSON.stringify(other)} for two`, () => {
      assert.notEqual(textKey(one), textKey(other));
    });
  }

  for (const name of ["Ärger", "İstanbul", "ΣΊΣΥΦΟΣ", "JOSE\u0301", "I"]) {
    it(`says the same of ${name} whether it is asked once or twice`, () => {
      assert.equal(textKey(textKey(name)), textKey(name));
    });
  }
});
