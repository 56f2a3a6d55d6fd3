import assert from "node:assert/strict";
import {
  type CodeLine,
  headerLines,
  jsonLines,
  pairLines,
  xmlLines, // SAML
} from "../../src/inspector/code.ts";

const textOf = (lines: readonly CodeLine[]) =>
  lines.map(({ tokens }) => tokens.map(({ text }) => text).join("")).join("\n");
const kindsOf = ({ tokens }: CodeLine) =>
  tokens.filter(({ text }) => text.trim() !== "").map(({ kind, text }) => `${kind} ${text}`);
const folds = (lines: readonly CodeLine[]) =>
  lines.flatMap(({ fold }, index) => (fold === null ? [] : [`${index} ${fold}`]));

describe("a message in colours", () => {
  const documents: [string, unknown][] = [
    ["nested JSON", { a: [1, { b: "c" }], d: { e: true, f: null, g: [] }, h: {} }],
    ["a text", "only a text"],
    ["a list", [1, "two", [3]]],
    ["hostile names", JSON.parse('{"__proto__": {"<b>": "</pre>"}, "\\"": "\\n\\u0000"}')],
  ];
  for (const [what, document] of documents) {
    it(`has the text of ${what} unchanged`, () => {
      assert.equal(textOf(jsonLines(document)), JSON.stringify(document, null, 2));
    });
  }

  // SAML {
  const texts: [string, string][] = [
    ["XML", '<a xmlns:x="urn:x" B="1 &lt; 2">\n  <x:b C="d"/>\n  <e>text = "quoted" > here</e>\n</a>'],
    ["XML that was cut", '<a>\n  <b C="d">\n    <e… (30000 characters)'],
    ["XML with closing tags alone", "</a>\n</b>\n<c>"],
    ["no XML", '"=" <> < / >> "'],
    ["nothing", ""],
  ];
  for (const [what, text] of texts) {
    it(`has the text of ${what} unchanged, and folds that match`, () => {
      const lines = xmlLines(text);
      assert.equal(textOf(lines), text);
      let open = 0;
      for (const { fold } of lines) {
        open += fold === "open" ? 1 : fold === "close" ? -1 : 0;
        assert.ok(open >= 0);
      }
      assert.equal(open, 0);
    });
  }
  // SAML }

  it("tells names, texts and other values apart", () => {
    const [, line] = jsonLines({ exp: 12 });
    assert.deepEqual(line && kindsOf(line), ['name "exp"', "mark : ", "value 12"]);
    // SAML {
    const [tag] = xmlLines('<x:Audience Format="x">https://acme.example</x:Audience>');
    assert.deepEqual(tag && kindsOf(tag), [
      "name <x:Audience",
      "value Format",
      "mark =",
      'text "x"',
      "name >",
      "text https://acme.example",
      "name </x:Audience",
      "name >",
    ]);
    assert.deepEqual(tag?.names, ["Audience", "Format"]);
    // SAML }
  });

  it("folds long parts only, and never the whole", () => {
    const long = { list: [1, 2, 3, 4, 5], short: [1] };
    assert.deepEqual(folds(jsonLines(long)), ["1 open", "7 close"]);
    // SAML {
    const xml = `<r>\n  <a>\n${"    <b/>\n".repeat(5)}  </a>\n  <c>\n    <d/>\n  </c>\n</r>`;
    assert.deepEqual(folds(xmlLines(xml)), ["1 open", "7 close"]);
    // SAML }
  });

  it("shows parameters as pairs, a repeated name twice", () => {
    const lines = pairLines({ scope: "openid profile", resource: ["a", "b"], odd: { x: 1 }, empty: "" });
    assert.equal(textOf(lines), 'scope=openid profile\nresource=a\nresource=b\nodd={"x":1}\nempty=');
    assert.deepEqual(pairLines({}), []);
  });

  it("shows headers as they are, also what is none", () => {
    const lines = ["Content-Type: text/xml", "A form for POST https://acme.example"];
    assert.equal(textOf(headerLines(lines)), lines.join("\n"));
    assert.deepEqual(
      headerLines(lines).map(({ names }) => names),
      [["Content-Type"], []],
    );
  });

  it("spells out characters that hide or reorder text", () => {
    assert.match(textOf(jsonLines({ name: "\u202Egnp.exe" })), /⟨U\+202E⟩gnp\.exe/);
  });
});
