import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { brand } from "../../config/brand.ts";
import { landingPath } from "../../src/web/home.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useSite } from "../helpers/site.ts";

/** The values of the head's elements by their names. */
function meta(html: string): Map<string, string> {
  const found = html.matchAll(/<meta (?:name|property)="([^"]+)" content="([^"]*)"(?: media="([^"]+)")?>/g);
  return new Map([...found].map(([, name, value, media]) => [`${name}${media ?? ""}`, value ?? ""]));
}

describe("the head of a page", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    it("describes the product to search engines and to those who share a link", async () => {
      const found = meta((await site().app.client().get("/")).text);
      assert.equal(found.get("description"), brand.description);
      assert.equal(found.get("og:title"), brand.tagline);
      assert.equal(found.get("og:description"), brand.description);
      assert.equal(found.get("og:type"), "website");
      const picture = found.get("og:image") ?? "";
      assert.ok(picture.startsWith(`${site().app.url}/assets/share.`), picture);
      const answer = await fetch(picture);
      assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "image/png"]);
    });

    it("says nothing of that on the pages of signed-in people", async () => {
      const found = meta((await (await site().clientOf(site().owner)).get(landingPath)).text);
      assert.deepEqual([found.has("description"), found.has("og:title")], [false, false]);
    });

    it("gives the browser's bar the colour of the header, in light and in dark", async () => {
      const tokens = readFileSync(new URL("../../public/tokens.css", import.meta.url), "utf8");
      const [, light, dark] = /--surface: light-dark\((#\w+), (#\w+)\)/.exec(tokens) ?? assert.fail();
      const found = meta((await site().app.client().get("/login")).text);
      assert.equal(found.get("theme-color(prefers-color-scheme: light)"), light);
      assert.equal(found.get("theme-color(prefers-color-scheme: dark)"), dark);
    });

    for (const [rel, size] of [
      ["icon", 32],
      ["apple-touch-icon", 180],
    ] as const) {
      it(`names a PNG of ${size} pixels as its ${rel}`, async () => {
        const { text } = await site().app.client().get("/");
        const [, path] = new RegExp(`<link rel="${rel}"[^>]* href="([^"]+\\.png)">`).exec(text) ?? [];
        const bytes = Buffer.from(await (await fetch(site().app.url + path)).arrayBuffer());
        // The header chunk begins with width and height (PNG §11.2.1).
        assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [size, size]);
      });
    }
  });
});
