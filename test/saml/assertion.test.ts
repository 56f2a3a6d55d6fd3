import assert from "node:assert/strict";
import { Checks } from "../../src/checks.ts";
import { RefusedError } from "../../src/errors.ts";
import { readAssertion } from "../../src/saml/assertion.ts";
import { ns } from "../../src/saml/xml.ts";

describe("readAssertion", () => {
  const assertion = `<Assertion xmlns="${ns.assertion}" ID="a" Version="2.0"/>`;
  const response = (content: string) => `<Response xmlns="${ns.protocol}">${content}</Response>`;
  const signed: [what: string, xml: string][] = [
    ["a response without an assertion", response("")],
    ["a response with two", response(assertion + assertion)],
    ["an element of that name elsewhere", '<Assertion xmlns="urn:example" ID="a" Version="2.0"/>'],
    ["a part of an assertion", `<Subject xmlns="${ns.assertion}"/>`],
  ];

  for (const [what, xml] of signed) {
    it(`finds no assertion where what is signed is ${what}`, () => {
      const checks = new Checks();
      const expected = {
        acsUrl: "https://a.example/acs",
        entityId: "https://a.example",
        idpEntityId: "urn:idp",
        ...({ signed: "assertion", inResponseTo: null, now: Date.now() } as const),
      };
      assert.throws(
        () => readAssertion(xml, expected, checks),
        (error) => error instanceof RefusedError && error.reason === "saml-assertion-count",
      );
    });
  }
});
