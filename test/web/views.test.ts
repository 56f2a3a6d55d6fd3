import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import ejs from "ejs";
import express from "express";
import { brand } from "../../config/brand.ts";
import { landingPath } from "../../src/web/home.ts";
import { setUpViews } from "../../src/web/views.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { everyPage } from "../helpers/every-page.ts";
import { useSite } from "../helpers/site.ts";

const folder = new URL("../../views/", import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ejs"),
);

describe("views", () => {
  it("exist", () => assert.ok(files.includes("home.ejs") && files.includes("partials/top.ejs")));

  /** Only these are written unescaped: other views, small parts, and Okta's labels, constants of packages/okta-labels. */
  const safe = [
    /^<%-\s*include\(/,
    /^<%- strong\((okta\.[\w.]+|clickPath\(okta\.[\w.]+(, okta\.[\w.]+)*\))\) %>$/,
    /^<%- signOnTab\(strong\) %>$/,
    // A guide's text is Markdown; src/guide/ has escaped every value and lets no HTML through.
    /^<%- guide\.html %>$/,
    // src/web/ui.ts escapes the values of its parts: test/web/ui.test.ts.
    /^<%- ui\.\w+\(\{ .* \}\) %>$/,
  ];

  for (const file of files) {
    it(`${file} escapes all values: it uses <%- for includes, small parts and Okta's labels only`, () => {
      const text = readFileSync(new URL(file, folder), "utf8");
      const unescaped = text.match(/<%-[^%]*%>/g) ?? [];
      assert.deepEqual(
        unescaped.filter((tag) => !safe.some((pattern) => pattern.test(tag))),
        [],
      );
    });
  }
});

describe("a view in production", () => {
  const load = ejs.fileLoader;
  // Other suites run in this process.
  before(() => ejs.clearCache());
  after(() => {
    ejs.fileLoader = load;
    ejs.clearCache();
  });

  it("is compiled once, also if the page has a value called settings", () => {
    const app = express();
    app.enable("view cache");
    setUpViews(app, { baseUrl: "https://app.example", sendsMail: false });
    const loaded: string[] = [];
    ejs.fileLoader = (path) => {
      loaded.push(path);
      return load(path);
    };
    const values = {
      title: "Signed out",
      settings: { days: 30 },
      person: null,
      path: "/",
      answer: undefined,
    };
    for (const _ of [1, 2]) {
      app.render("signed-out", values, (error, html) =>
        assert.match(String(error ?? html), /<!doctype html>/i),
      );
    }
    assert.ok(loaded.some((path) => path.endsWith("top.ejs")));
    assert.deepEqual(loaded, [...new Set(loaded)]);
  });
});

/** Content that the content security policy would block, and parts that each page needs. */
const forbidden: [string, RegExp][] = [
  ["inline script", /<script(?![^>]*\bsrc=)/i],
  ["a style element", /<style/i],
  ["a style attribute", /<[^>]+\sstyle\s*=/i],
  ["an event handler", /<[^>]+\son\w+\s*=/i],
  ["a javascript: URL", /(href|src|action|formaction)\s*=\s*["']?\s*javascript:/i],
  ["another site's file", /<(link|script|img|iframe)[^>]+(href|src)="(https?:)?\/\//i],
  ["a forgotten template value", /\bundefined\b|\[object |NaN|&lt;%/],
];

describe("every page", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    it("renders with exactly one h1 and a title, and has nothing inline", async () => {
      const pages = await everyPage(use, site());
      for (const { name, status, as, path, form } of pages) {
        const client = as ? await site().clientOf(as) : site().app.client();
        const first = await (form ? client.post(path, form) : client.get(path));
        assert.equal(first.status, status, name);
        const page = status === 303 ? await client.get(first.location ?? "") : first;
        assert.match(page.headers.get("content-type") ?? "", /^text\/html; charset=utf-8/, name);
        assert.match(page.text, /^<!doctype html>\n<html lang="en">[\s\S]*<\/html>\s*$/, name);
        assert.equal(page.text.match(/<h1[ >]/g)?.length, 1, `${name}: headings`);
        assert.match(page.text, new RegExp(`<title>(.+ · )?${brand.productName}</title>`), name);
        for (const [what, pattern] of forbidden) {
          assert.doesNotMatch(page.text, pattern, `${name} has ${what}`);
        }
        const ids = [...page.text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
        assert.equal(new Set(ids).size, ids.length, `${name}: ids are unique`);
      }
    });

    it("finds its style sheets and pictures, which are cacheable and set no cookie", async () => {
      const client = await site().clientOf(site().owner);
      const { text } = await client.get(landingPath);
      const files = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, file]) => file as string);
      assert.ok(files.length >= 3);
      for (const file of new Set(files)) {
        const answer = await client.get(file);
        assert.equal(answer.status, 200, file);
        assert.match(answer.headers.get("cache-control") ?? "", /immutable/);
        assert.deepEqual(answer.headers.getSetCookie(), []);
      }
    });

    for (const path of [
      "/assets/",
      "/assets/../package.json",
      "/assets/..%2fpackage.json",
      "/assets/nothing",
    ]) {
      it(`serves no file at ${path}`, async () => {
        assert.equal((await site().app.client().get(path)).status, 404);
      });
    }

    it("keeps a message until its page, even if other files and pages are fetched first", async () => {
      const client = await site().clientOf(site().owner);
      await client.post("/account/sessions/end-others");
      await client.get("/me");
      await client.get("/assets/app.css");
      assert.doesNotMatch((await client.get(landingPath)).text, /You are signed out everywhere else/);
      assert.match((await client.get("/account")).text, /You are signed out everywhere else/);
    });

    it("keeps a message if a script loads the page to update another tab", async () => {
      const client = await site().clientOf(site().owner);
      await client.post("/account/sessions/end-others");
      const byScript = await client.get("/account", { "sec-fetch-dest": "empty" });
      assert.doesNotMatch(byScript.text, /You are signed out everywhere else/);
      const opened = await client.get("/account", { "sec-fetch-dest": "document" });
      assert.match(opened.text, /You are signed out everywhere else/);
    });
  });
});
