import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Router } from "express";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { answerForm } from "../../src/web/answers.ts";
import { asset, brandStyles, readAssets } from "../../src/web/assets.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useSite } from "../helpers/site.ts";

const publicFolder = new URL("../../public/", import.meta.url);
const names = readdirSync(publicFolder, { recursive: true, encoding: "utf8" }).filter((name) =>
  /\.\w+$/.test(name),
);
const views = new URL("../../views/", import.meta.url);

/** A page that shows a secret once, as the answer to a form. */
const secretPage = Router()
  .post("/secret", (req, res) =>
    answerForm(req, res, "/secret", { kind: "done", text: "Done.", at: null, secrets: { token: "s3cret" } }),
  )
  .get("/secret", (_req, res) => res.render("error", errorPage()));

function errorPage() {
  const page = { text: "x".repeat(2_000), next: "", link: null };
  return { title: "Secret", page, reference: "1" };
}

describe("a folder of assets", () => {
  const folder = mkdtempSync(join(tmpdir(), "assets-"));
  after(() => rmSync(folder, { recursive: true }));

  /** The names with a hash, after the files have been written. */
  function namesAfter(texts: Record<string, string>): (string | undefined)[] {
    for (const [name, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const read = readAssets(folder, {});
    return ["page.js", "parts/part.js"].map((name) => read.get(name)?.hashedName);
  }

  it("gives a script another name if a script that it imports changes", () => {
    const page = 'import { part } from "./parts/part.js";\nawait import("./parts/part.js");\n';
    const [first, part] = namesAfter({ "page.js": page, "parts/part.js": "export const part = 1;\n" });
    const text = readAssets(folder, {}).get("page.js")?.body.toString();
    assert.equal(text, page.replaceAll("parts/part.js", part ?? ""));
    const [second] = namesAfter({ "parts/part.js": "export const part = 2;\n" });
    assert.notEqual(first, second);
    assert.deepEqual(namesAfter({}), namesAfter({}));
  });

  it("is refused if its scripts import each other in a circle, or one that is missing", () => {
    assert.throws(
      () => namesAfter({ "parts/part.js": 'import "../page.js";\n' }),
      /page.js → parts\/part.js → page.js/,
    );
    assert.throws(() => namesAfter({ "parts/part.js": 'import "./none.js";\n' }), /parts\/none.js/);
  });
});

describe("assets", () => {
  onOneDatabase((use) => {
    const site = useSite(use, { extraRoutes: secretPage });
    const get = (path: string, encoding: string) =>
      site().app.client().get(path, { "accept-encoding": encoding });

    it("have a hash of their content in their names, and are kept for a year", async () => {
      assert.ok(names.length > 10);
      for (const name of [...names, "brand.css"]) {
        const answer = await get(asset(name), "identity");
        assert.equal(answer.status, 200, name);
        assert.match(asset(name), /\.[0-9a-f]{12}\.\w+$/, name);
        assert.equal(answer.headers.get("cache-control"), "public, max-age=31536000, immutable", name);
      }
    });

    it("also answer to their plain names, for minutes", async () => {
      const { status, text, headers } = await get("/assets/copy.js", "identity");
      assert.deepEqual([status, text], [200, readFileSync(new URL("copy.js", publicFolder), "utf8")]);
      assert.equal(headers.get("cache-control"), "public, max-age=300");
      const fresh = { "if-none-match": headers.get("etag") ?? "", "cache-control": "max-age=0" };
      assert.equal((await site().app.client().get("/assets/copy.js", fresh)).status, 304);
    });

    it("never give a page of an older version the styles of a newer one", async () => {
      const old = asset("app.css").replace(/[0-9a-f]{12}/, "0123456789ab");
      const answer = await get(old, "br");
      assert.equal(answer.status, 404);
      assert.doesNotMatch(answer.headers.get("cache-control") ?? "", /immutable|public/);
    });

    for (const encoding of ["br", "gzip"]) {
      it(`are compressed for browsers that take ${encoding}, and the same then`, async () => {
        for (const name of names.filter((one) => /\.(css|js|svg)$/.test(one))) {
          const [plain, packed] = [await get(asset(name), "identity"), await get(asset(name), encoding)];
          assert.equal(packed.headers.get("content-encoding"), encoding, name);
          assert.equal(packed.headers.get("vary"), "Accept-Encoding", name);
          // fetch() decodes the body.
          assert.equal(packed.text, plain.text, name);
        }
      });
    }

    it("are left as they are if they are compressed already, or if the browser wants that", async () => {
      assert.equal((await get(asset("logo-oin.png"), "br")).headers.get("content-encoding"), null);
      assert.equal((await get(asset("app.css"), "identity")).headers.get("content-encoding"), null);
    });

    it("name each other by their hashed names", async () => {
      const { text } = await get(asset("app.css"), "identity");
      const base = `${site().app.url}/assets/app.css`;
      const fonts = [...text.matchAll(/url\("([^"]+)"\)/g)].map(
        ([, name]) => new URL(name ?? "", base).pathname,
      );
      assert.deepEqual(fonts, [asset("fonts/inter-latin.woff2"), asset("fonts/inter-latin-ext.woff2")]);
    });

    it("include the brand's colours", async () => {
      assert.equal((await get(asset("brand.css"), "br")).text, brandStyles());
    });

    it("are named by views through asset() only", () => {
      const files = readdirSync(views, { recursive: true, encoding: "utf8" }).filter((one) =>
        one.endsWith(".ejs"),
      );
      const literal = files.filter((file) => readFileSync(new URL(file, views), "utf8").includes("/assets/"));
      assert.deepEqual(literal, []);
      assert.throws(() => asset("no-such-file.css"), /public\/ has no no-such-file.css/);
    });

    describe("and pages", () => {
      it("are compressed, for signed-in people too", async () => {
        const client = await site().clientOf(site().owner);
        for (const path of ["/account", "/admin/people", "/guides/okta/oidc", "/guides/okta/oidc.md"]) {
          const answer = await client.get(path, { "accept-encoding": "br, gzip" });
          assert.equal(answer.status, 200, path);
          assert.equal(answer.headers.get("content-encoding"), "br", path);
          assert.match(answer.headers.get("vary") ?? "", /Accept-Encoding/, path);
        }
      });

      it("are not compressed if they show a secret", async () => {
        const setUp = await get(`/setup/${await inviteOwner(site().acme.store, "x@acme.example")}`, "br");
        const client = await site().clientOf(site().owner);
        await client.post("/secret");
        const secret = await client.get("/secret", { "accept-encoding": "br" });
        for (const { status, headers, text } of [setUp, secret]) {
          assert.equal(status, 200);
          assert.ok(text.length > 1_024, "long enough for compression");
          assert.equal(headers.get("content-encoding"), null);
          assert.equal(headers.get("cache-control"), "no-store, no-transform");
        }
        const next = await client.get("/secret", { "accept-encoding": "br" });
        assert.equal(next.headers.get("content-encoding"), "br", "the secret is not shown again");
      });

      it("are not compressed if they answer a posted form", async () => {
        const form = { loginName: "unknown", password: "wrong" };
        const path = `/login/password/${site().acme.tenant.slug}`;
        const answer = await site().app.client().post(path, form, { "accept-encoding": "br" });
        assert.ok(answer.text.length > 1_024);
        assert.equal(answer.headers.get("content-encoding"), null);
      });
    });

    for (const path of [
      "/scim/v2/Schemas",
      "/me",
      "/healthz",
      "/mcp",
      "/api/v1/openapi.json",
      "/api/v1/tasks", // sample domain
      "/.well-known/oauth-protected-resource",
    ]) {
      it(`are unlike ${path}, which is never compressed`, async () => {
        assert.equal((await get(path, "br, gzip")).headers.get("content-encoding"), null);
      });
    }
  });
});
