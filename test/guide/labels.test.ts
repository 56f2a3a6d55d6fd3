import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { okta } from "okta-labels/labels";
import { capabilities } from "../../src/guide/facts.ts";
import { writeGuide } from "../../src/guide/guide.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { everyPage } from "../helpers/every-page.ts";
import { useSite } from "../helpers/site.ts";

/** Each label of okta-labels by itself: "Directory > People" is two. */
const oktaLabels = new Set(
  Object.values(okta)
    .flatMap((labels) => Object.values<string>(labels))
    .flatMap((label) => label.split(" > ")),
);

/** The bold labels in a guide's steps and texts, without the bold words at the start of list items. */
function labelsIn(markdown: string): string[] {
  const lines = markdown.split("\n").filter((line) => !line.startsWith(">"));
  const prose = lines.map((line) => line.replace(/^- \*\*[^*]+\*\*(?=[:,])/, "")).join("\n");
  return [...prose.matchAll(/\*\*([^*]+)\*\*/g)].map(([, label = ""]) => label.replace(/\\(.)/g, "$1"));
}

/** The visible text of a page. */
function wordsOf(html: string): string {
  const text = html.replace(/<(script|style)[\s\S]*?<\/\1>/g, " ").replace(/<[^>]*>/g, "");
  return text.replace(/&#39;/g, "'").replace(/&amp;/g, "&").replace(/\s+/g, " ");
}

describe("the labels in the guides", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    it("are Okta's, or appear on a page of the application", async function () {
      this.timeout(120_000);
      // Pages without an identity provider do not show the result of a test sign-in.
      const texts = [wordsOf(readFileSync("views/partials/test-result.ejs", "utf8"))];
      for (const { as, path, form, name } of await everyPage(use, site())) {
        if (/guide/.test(name)) continue;
        const client = as ? await site().clientOf(as) : site().app.client();
        const { text } = form ? await client.post(path, form) : await client.get(path);
        texts.push(wordsOf(text));
      }
      const reader = { origin: "https://app.example.com", tenant: "acme", key: "acme" };
      const named = capabilities.flatMap((capability) =>
        labelsIn(writeGuide(capability, reader)).map((label) => `${capability}: ${label}`),
      );
      assert.ok(named.length > 150, `only ${named.length} labels were found`);
      const nowhere = [...new Set(named)].filter((one) => {
        const label = one.replace(/^\w+: /, "");
        return !oktaLabels.has(label) && !texts.some((text) => text.includes(label));
      });
      assert.deepEqual(nowhere, []);
    });
  });
});
