import assert from "node:assert/strict";
import { type SignedPart, verify } from "saml-policy/verify";
import { idpKey, otherKey, postedForm } from "./response.ts";

const xmlSignedBy = async (privateKey: string, name: string) => {
  const { form } = await postedForm({
    privateKey,
    assertion: (xml) => xml.replace("ada@", `${name}@`),
  });
  return Buffer.from(String(form.SAMLResponse), "base64").toString();
};
const partsOf = (xml: string): SignedPart[] => [
  { xml, element: "Response" },
  { xml, element: "Assertion" },
];

describe("verify", () => {
  it("answers each of many calls at once with its own result", async () => {
    const cases = Array.from({ length: 30 }, (_, number) => {
      const [key, other] = number % 2 === 0 ? [idpKey, otherKey] : [otherKey, idpKey];
      return { name: `person${number}`, key, trusted: number % 3 === 0 ? other : key };
    });
    const documents = await Promise.all(cases.map(({ key, name }) => xmlSignedBy(key.privateKey, name)));
    const results = await Promise.all(
      cases.map(({ trusted }, number) => verify(partsOf(documents[number] ?? ""), [trusted.certificate])),
    );
    for (const [number, { name, key, trusted }] of cases.entries()) {
      const result = results[number];
      if (key !== trusted) assert.ok(result && "problem" in result);
      else {
        assert.ok(result && "signed" in result);
        assert.equal(result.signed.length, 2);
        for (const xml of result.signed) assert.match(xml, new RegExp(`>${name}@example\\.com</a:NameID>`));
      }
    }
  });

  it("returns the bytes of the part that is signed", async () => {
    const xml = await xmlSignedBy(idpKey.privateKey, "grace");
    const result = await verify(partsOf(xml), [otherKey.certificate, idpKey.certificate]);
    assert.ok("signed" in result);
    assert.deepEqual(
      result.signed.map((signed) => /^<[pa]:(\w+)/.exec(signed)?.[1]),
      ["Response", "Assertion"],
    );
    assert.ok(!result.signed[1]?.includes("Signature"), "the signature does not sign itself");
  });

  it("refuses a part that is changed, that has no signature, or that is not there", async () => {
    const xml = await xmlSignedBy(idpKey.privateKey, "grace");
    const changed = xml.replace("grace@", "eve@");
    const unsigned = xml.replace(/<Signature .*?<\/Signature>/s, "");
    for (const document of [changed, unsigned, "<a/>", "no XML"])
      assert.ok("problem" in (await verify(partsOf(document), [idpKey.certificate])), document);
  });

  it("rejects if the program is at fault, and works on", async () => {
    const xml = await xmlSignedBy(idpKey.privateKey, "grace");
    const uncloneable = [() => ""] as unknown as string[];
    await assert.rejects(verify(partsOf(xml), uncloneable));
    assert.ok("signed" in (await verify(partsOf(xml), [idpKey.certificate])));
  });
});
