import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { capabilities } from "../../src/guide/facts.ts";
import { writeGuide } from "../../src/guide/guide.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { everyPage, loadPage } from "../helpers/every-page.ts";
import { labelParts } from "../helpers/okta-labels.ts";
import { useSite } from "../helpers/site.ts";

const reader = { origin: "https://app.example.com", tenant: "acme", key: "acme" };

/** Pictures of Okta's screens, which show a tab's name alone. */
const drawings = /<figure class="okta-screen">[\s\S]*?<\/figure>/g;

/** A page with everything that it may show. */
interface ShownPage {
  name: string;
  html: string;
}

describe("the labels in the guides and on the pages", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let pages: ShownPage[];
    before(async function () {
      this.timeout(120_000);
      pages = [];
      for (const one of await everyPage(use, site())) {
        const { as, name } = one;
        const client = as ? await site().clientOf(as) : site().app.client();
        const { text } = await loadPage(client, one);
        pages.push({ name, html: text });
      }
    });
    /** The console and the product, without the pages that show a guide. */
    const product = () => pages.filter(({ name }) => !/guide/.test(name));

    it("are Okta's in the guides, or labels of a button, a link, a field or a heading of the application", () => {
      // Pages without an identity provider do not show the result of a test sign-in.
      const result = readFileSync("views/partials/test-result.ejs", "utf8");
      const shown = [...product().map(({ html }) => html), result].flatMap(labelsOn);
      assert.ok(shown.length > 1_000, `only ${shown.length} labels are on the pages`);
      const named = capabilities.flatMap((capability) =>
        labelsIn(writeGuide(capability, reader)).map((label) => ({ capability, label })),
      );
      assert.ok(named.length > 150, `only ${named.length} labels were found`);
      const nowhere = named.filter(
        ({ label }) => !labelParts.has(label) && !shown.some((text) => text.includes(label)),
      );
      assert.deepEqual([...new Set(nowhere.map(({ capability, label }) => `${capability}: ${label}`))], []);
    });

    it("name the tab Sign On together with its newer name, Authentication", () => {
      const texts = [
        ...product().map(({ name, html }) => ({ name, text: wordsOf(html.replace(drawings, "")) })),
        ...capabilities.map((name) => ({ name, text: withoutPictures(writeGuide(name, reader)) })),
      ];
      const mentions = texts.flatMap(({ name, text }) =>
        [...text.matchAll(/(?<![-\w])Sign On(?! URL).{0,60}/g)].map(([mention]) => ({ name, mention })),
      );
      assert.ok(mentions.length >= 10, `${mentions.length} mentions`);
      assert.deepEqual(
        mentions.filter(({ mention }) => !mention.includes("Authentication")),
        [],
      );
    });
  });
});

/** The bold labels in a guide's steps and texts, without the bold words at the start of list items. */
function labelsIn(markdown: string): string[] {
  const lines = markdown.split("\n").filter((line) => !line.startsWith(">"));
  const prose = lines.map((line) => line.replace(/^- \*\*[^*]+\*\*(?=[:,])/, "")).join("\n");
  return [...prose.matchAll(/\*\*([^*]+)\*\*/g)].map(([, label = ""]) => label.replace(/\\(.)/g, "$1"));
}

function withoutPictures(markdown: string): string {
  return markdown.replace(/^(?:!\[.*|\*Figure.*)$/gm, "");
}

/** The names of a page's buttons, links, fields and sections: an instruction can send a person there. */
function labelsOn(html: string): string[] {
  const elements = /<(button|a|label|legend|summary|h[1-3]|dt|th|option)\b[^>]*>([\s\S]*?)<\/\1>/g;
  return [...html.matchAll(elements)].map(([, , inner = ""]) => wordsOf(inner).trim());
}

/** The visible text of a page. */
function wordsOf(html: string): string {
  const text = html.replace(/<(script|style)[\s\S]*?<\/\1>/g, " ").replace(/<[^>]*>/g, "");
  return text.replace(/&#39;/g, "'").replace(/&amp;/g, "&").replace(/&gt;/g, ">").replace(/\s+/g, " ");
}
