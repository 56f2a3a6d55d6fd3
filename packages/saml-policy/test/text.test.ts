import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { RuleBrokenError } from "policy-list/policy";
import { consume } from "saml-policy/consume";
import { keepAll, memoryPorts } from "./ports.ts";
import { postedForm, serviceProvider } from "./response.ts";

type Encode = (xml: string) => Buffer;

const bigEndian: Encode = (xml) => Buffer.from(xml, "utf16le").swap16();
const littleEndian: Encode = (xml) => Buffer.from(xml, "utf16le");
const bom = "\uFEFF";
const declared = (encoding: string, xml: string) => `<?xml version="1.0" encoding="${encoding}"?>\r\n${xml}`;

const accepted: Record<string, Encode> = {
  "UTF-8": (xml) => Buffer.from(declared("UTF-8", xml)),
  "UTF-8 with a byte order mark": (xml) => Buffer.from(`${bom}${declared("utf-8", xml)}`),
  "UTF-8 with a byte order mark and no declaration": (xml) => Buffer.from(`${bom}${xml}`),
  "UTF-8 with white space before the declaration": (xml) =>
    Buffer.from(`\r\n  ${declared("UTF-8", xml)}\r\n`),
  "UTF-16, little-endian, with a byte order mark": (xml) => littleEndian(`${bom}${declared("UTF-16", xml)}`),
  "UTF-16, big-endian, with a byte order mark": (xml) => bigEndian(`${bom}${declared("UTF-16", xml)}`),
  "UTF-16, little-endian, without a byte order mark": (xml) => littleEndian(declared("UTF-16LE", xml)),
  "UTF-16, big-endian, without a byte order mark": (xml) => bigEndian(declared("UTF-16BE", xml)),
};

const notText: Record<string, Encode> = {
  "bytes of Latin-1": (xml) => Buffer.from(xml.replace("</a:Assertion>", " é</a:Assertion>"), "latin1"),
  "half a character of UTF-16": (xml) => Buffer.concat([littleEndian(`${bom}${xml}`), Buffer.from("<")]),
  "deflated XML": (xml) => deflateRawSync(xml),
  "deflated XML that looks like a comment": (xml) =>
    Buffer.concat([deflateRawSync(xml), Buffer.from("<!-- ")]),
  JSON: () => Buffer.from('{"xml":"<!-- -->"}'),
  "white space": () => Buffer.from(" \n"),
};

const refusedBy = (id: string) => (error: unknown) => {
  assert.ok(error instanceof RuleBrokenError, String(error));
  assert.equal(error.rule.id, id, error.message);
  return true;
};

async function consumeEncoded(encode: Encode) {
  const posted = await postedForm({
    assertion: (xml) => xml.replace(">Ada<", ">Adá 愛<"),
    form: (form) => {
      const xml = Buffer.from(String(form.SAMLResponse), "base64").toString();
      form.SAMLResponse = encode(xml).toString("base64");
    },
  });
  return await consume(posted, serviceProvider, memoryPorts(), keepAll);
}

describe("the text of a response", () => {
  for (const [name, encode] of Object.entries(accepted)) {
    it(`is accepted in ${name}`, async () => {
      const { assertion } = await consumeEncoded(encode);
      assert.deepEqual(assertion.attributes.get("firstName"), ["Adá 愛"]);
    });

    it(`is refused with a comment in ${name}`, () =>
      assert.rejects(
        consumeEncoded((xml) => encode(xml.replace("ada@example.com", "ada@example.com<!-- -->.evil"))),
        refusedBy("markup"),
      ));
  }

  for (const [name, encode] of Object.entries(notText)) {
    it(`is malformed, and not a comment, if it is ${name}`, () =>
      assert.rejects(consumeEncoded(encode), refusedBy("text")));
  }

  for (const [name, text] of [
    ["a NUL in decimal", "&#0;"],
    ["a NUL with zeros before it", "&#0000;"],
    ["a NUL in hexadecimal", "&#x0;"],
    ["a control character", "&#1;"],
    ["an escape in hexadecimal", "&#x1B;"],
    ["half of a pair", "&#xD800;"],
    ["a non-character", "&#xFFFE;"],
    ["a number beyond Unicode", "&#x110000;"],
    ["a number that a parser may read as a NUL", "&#x0x41;"],
    ["no number", "&#;"],
    ["a number without an end", "&#65"],
    ["a hexadecimal number after a capital X", "&#X41;"],
    ["a control character itself", "\u0001"],
    ["a NUL itself", "\0"],
    ["a non-character itself", "\uFFFF"],
  ] as const) {
    it(`is malformed if it has ${name}`, () =>
      assert.rejects(
        consumeEncoded((xml) => Buffer.from(xml.replace("ada@example.com", `ada${text}@example.com`))),
        refusedBy("characters"),
      ));
  }

  it("may refer to every character of XML, and may name a reference", async () => {
    const text = "&#x41;&#100;&#xE1; &#x611B;&#x1F600;&#xd;&#9;&amp;#0;";
    const posted = await postedForm({ assertion: (xml) => xml.replace(">Ada<", `>${text}<`) });
    const { assertion } = await consume(posted, serviceProvider, memoryPorts(), keepAll);
    assert.deepEqual(assertion.attributes.get("firstName"), ["Adá 愛😀\r\t&#0;"]);
  });
});
