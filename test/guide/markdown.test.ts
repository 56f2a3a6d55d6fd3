import assert from "node:assert/strict";
import { figures } from "../../src/guide/guide.ts";
import { toHtml, withContents } from "../../src/guide/html.ts";
import { code, table, toMarkdown } from "../../src/guide/templates.ts";

const html = (markdown: string) => toHtml(markdown, { imageBase: "pictures/" }).html;

/** Texts that an ISV may configure, and that a reader must see unchanged. */
const hostile = [
  "A_B_C and *stars*",
  "Smith & Sons",
  "<b onclick=x>now</b>",
  "[a](javascript:alert(1))",
  "back`tick",
  "a | b",
  "![x](y)",
  "back\\slash",
  "# no heading",
];

describe("the Markdown of guides", () => {
  for (const text of hostile) {
    it(`shows ${text} unchanged, in a sentence, as a value and in a table`, () => {
      const shown = text
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll(">", "&gt;")
        .replaceAll('"', "&quot;");
      assert.equal(html(`It is ${toMarkdown(text)}.`), `<p>It is ${shown}.</p>\n`);
      assert.equal(html(`It is ${code(text).text}.`), `<p>It is <code>${shown}</code>.</p>\n`);
      const cells = html(table(["Name", "Value"], [[text, code(text)]]).text);
      assert.ok(cells.includes(`scope="row">${shown}</th>`), cells);
      assert.ok(cells.includes(`<code class="value" id="value-1">${shown}</code>`), cells);
    });
  }

  it("escapes HTML in a template", () => {
    assert.equal(html("<b onclick=x>hi</b>").includes("<b"), false);
    assert.equal(html("a <img src=x onerror=y> b").includes("<img"), false);
  });

  it("refuses a missing fact", () => {
    assert.throws(() => toMarkdown(undefined), /missing value/);
    assert.throws(() => toMarkdown(null), /missing value/);
  });

  it("gives headings the anchors of GitHub, and lists them in the contents", () => {
    const text = "# Guide\n\n[[contents]]\n\n## SHA-256\n\n### Tips\n\n## Known issues / Tips\n\n### Tips\n";
    const ids = [...html(text).matchAll(/<h\d id="([^"]+)"/g)].map(([, id]) => id);
    assert.deepEqual(ids, ["guide", "sha-256", "tips", "known-issues--tips", "tips-1"]);
    const links = [...html(text).matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    assert.deepEqual(links, ids.slice(1));
    assert.match(withContents(text), /^- \[SHA-256\]\(#sha-256\)\n {2}- \[Tips\]\(#tips\)$/m);
    assert.equal(withContents(text).includes("[[contents]]"), false);
  });

  it("prints page numbers in the contents if they are known", () => {
    const pageOf = new Map([["first", 7]]);
    const printed = toHtml("# T\n\n[[contents]]\n\n## First\n", { imageBase: "", pageOf });
    assert.match(printed.html, /<a href="#first">First<\/a><span class="page">7<\/span>/);
  });

  it("lets long URLs break between their parts, without changing the copied text", () => {
    const url = "https://app.example.com/oidc/acme/callback";
    const cells = html(table(["Name", "Value"], [["Redirect URI", code(url)]]).text);
    const [, value = ""] = /<code[^>]*>(.*?)<\/code>/.exec(cells) ?? [];
    assert.ok(value.includes("<wbr>"));
    assert.equal(value.replaceAll("<wbr>", ""), url);
  });

  it("offers a button for values only", () => {
    const cells = html(table(["Name", "Value", "Notes"], [["A", code("b"), code("c")]]).text);
    assert.deepEqual(
      [...cells.matchAll(/data-copy="([^"]+)"/g)].map(([, id]) => id),
      ["value-1"],
    );
  });
});

describe("the pictures of guides", () => {
  it("are numbered in the order of their first mention, and have a caption", () => {
    const { figure, see } = figures({ names: new Set(["second", "first"]), drawn: new Set() });
    assert.equal(see("first").text + see("second").text, " (Figure 1) (Figure 2)");
    const shown = figure("second", "What it shows", "Its caption").text;
    assert.equal(shown, "![What it shows](images/second.png)\n*Figure 2. Its caption*");
    assert.match(
      html(`${shown}\n\nAfter.`),
      /^<div class="figures">\n<figure><img src="pictures\/images\/second.png" alt="What it shows"[^>]*><figcaption>Figure 2\. Its caption<\/figcaption><\/figure>\n<\/div>\n<p>After/,
    );
    const both = html(`${shown}\n\n${figure("first", "a", "b").text}\n`);
    assert.match(both, /^<div class="figures">\n<figure>.*second.*<\/figure>\n<figure>.*first.*\n<\/div>\n$/);
  });

  it("write nothing if the picture does not exist, such as an Okta screen without a screenshot", () => {
    const { figure, see } = figures({ names: new Set(), drawn: new Set() });
    assert.equal(see("okta-catalog").text + figure("okta-catalog", "a", "b").text, "");
  });
});
