import assert from "node:assert/strict";
import { domainKey, nameKey, textKey } from "../../src/store/text-keys.ts";

describe("textKey", () => {
  const same: [string, string][] = [
    ["Ada@Acme.example", "aDA@aCME.EXAMPLE"],
    ["Ärger", "äRGER"],
    ["jos\u00e9", "JOSE\u0301"],
    ["ИВАН", "иван"],
  ];
  for (const [one, other] of same) {
    it(`equates ${one} and ${other}`, () => assert.equal(textKey(one), textKey(other)));
  }

  const different: [string, string][] = [
    ["Ärger", "Arger"],
    ["straße", "strasse"],
    ["ada", "ada "],
    ["ada", "\u0430da"],
    ["ﬁ", "fi"],
  ];
  for (const [one, other] of different) {
    it(`distinguishes ${JSON.stringify(one)} and ${JSON.stringify(other)}`, () => {
      assert.notEqual(textKey(one), textKey(other));
    });
  }

  for (const name of ["Ärger", "İstanbul", "ΣΊΣΥΦΟΣ", "JOSE\u0301", "I"]) {
    it(`is idempotent for ${name}`, () => {
      assert.equal(textKey(textKey(name)), textKey(name));
    });
  }
});

describe("nameKey", () => {
  const same: [string, string][] = [
    ["ﬁona", "FIONA"],
    ["ａｄａ＠acme", "ada@acme"],
    ["jos\u00e9", "JOSE\u0301"],
    ["ℌans", "hans"],
    ["d\u00a0j", "d j"],
    ["\u03aa\u0301", "\u0390"],
  ];
  for (const [one, other] of same) {
    it(`equates ${one} and ${other}`, () => assert.equal(nameKey(one), nameKey(other)));
  }

  for (const [one, other] of [
    ["ada", "\u0430da"],
    ["straße", "strasse"],
  ] as const) {
    it(`distinguishes ${one} and ${other}`, () => assert.notEqual(nameKey(one), nameKey(other)));
  }

  it("is idempotent for every character", () => {
    for (let code = 0; code < 0x110000; code++) {
      const name = `a${String.fromCodePoint(code)}\u0301`;
      if (nameKey(nameKey(name)) !== nameKey(name)) assert.fail(code.toString(16));
    }
  });
});

describe("domainKey", () => {
  const same: [string, string][] = [
    ["ACME.example", "acme.example"],
    ["acme.example.", "acme.example"],
    ["acme\u3002example", "acme.example"],
    ["acme\uff0eexample\uff61", "acme.example"],
    ["ａｃｍｅ.example", "acme.example"],
    ["a\u00adcme.example", "acme.example"],
    ["b\u00fccher.example", "xn--bcher-kva.example"],
    ["BU\u0308CHER.example", "xn--bcher-kva.example"],
    ["XN--BCHER-KVA.example", "xn--bcher-kva.example"],
  ];
  for (const [spelling, domain] of same)
    it(`is ${domain} for ${JSON.stringify(spelling)}`, () => assert.equal(domainKey(spelling), domain));

  for (const [one, other] of [
    ["acme.example", "\u0430cme.example"],
    ["mail.example", "ma\u0131l.example"],
    ["straße.example", "strasse.example"],
  ] as const)
    it(`distinguishes ${one} and ${other}`, () => assert.notEqual(domainKey(one), domainKey(other)));

  it("keeps what is not a domain, and is the key of a key", () => {
    for (const text of ["", "a b", "xn--\u00fc", "a..b", "..", "ada"]) {
      assert.equal(domainKey(domainKey(text)), domainKey(text));
    }
    assert.equal(domainKey("a b"), "a b");
    assert.equal(domainKey("acme.example/a"), "acme.example/a");
  });
});
