import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Router } from "express";
import { requireSignIn } from "../../../src/web/guards.ts";
import { type HostRouter, hostRouters } from "../../../src/web/host-routers.ts";
import type { Client } from "../../../test/helpers/client.ts";
import { onOneDatabase } from "../../../test/helpers/databases.ts";
import { codeBlocks } from "../../../test/helpers/docs.ts";
import { createLocalAccount, createTestTenant } from "../../../test/helpers/people.ts";
import { plantSession, useSite } from "../../../test/helpers/site.ts";
import { builtFrontEnd, frontEndOfVite } from "../src/front-end.ts";
import { invoices } from "../src/invoices.ts";

const secret = "the webhook's secret";
const foreign = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };

/** A router that takes what the application gives every page. */
const plain: HostRouter = {
  folders: ["plain", "plain.too"],
  router: Router()
    .use(requireSignIn)
    .post(["/plain", "/plain.too/deep"], (req, res) => res.json(req.body ?? null))
    .get("/plain/broken", () => {
      throw new Error("a bug");
    }),
};

describe("a host's routers inside the application", () => {
  onOneDatabase((use) => {
    const routers = [invoices(secret), builtFrontEnd(resolve("examples/embedded-router/public/app")), plain];
    const site = useSite(use, { hostRouters: routers });
    let owner: Client;
    before(async () => {
      owner = await site().clientOf(site().owner);
    });

    const sendJson = (client: Client, path: string, body: object, more: Record<string, string> = {}) => {
      const own = { origin: site().app.url, "sec-fetch-site": "same-origin", ...more };
      return client.send("POST", path, { "content-type": "application/json", ...own }, JSON.stringify(body));
    };
    const signed = (body: string) => createHmac("sha256", secret).update(body).digest("hex");

    it("parse their own bodies, also larger ones than the application's", async () => {
      const note = "x".repeat(200_000);
      const made = await sendJson(owner, "/invoices", { total: 5, note });
      assert.equal(made.status, 201);
      const refused = await sendJson(owner, "/invoices", { total: -1 });
      assert.deepEqual([refused.status, refused.text], [422, '{"error":"An invoice needs a total."}']);
      assert.equal((await sendJson(owner, "/invoices", { note: "x".repeat(1_100_000) })).status, 413);
    });

    it("know the person and the tenant of the session", async () => {
      const other = await createTestTenant(use().database);
      const eve = await createLocalAccount(other.store, "eve@other.example");
      const stranger = site().app.client();
      stranger.cookies.set("session", await plantSession(use(), other.tenant, eve));
      assert.equal(JSON.parse((await owner.get("/invoices")).text).length, 1);
      assert.deepEqual(JSON.parse((await stranger.get("/invoices")).text), []);
      const signedOut = await site().app.client().get("/invoices");
      assert.deepEqual([signedOut.status, signedOut.location], [303, "/login?returnTo=%2Finvoices"]);
    });

    it("get the body's bytes of a webhook, from a sender without a browser", async () => {
      const body = JSON.stringify({ tenantId: site().acme.tenant.id, number: 1 });
      const machine = site().app.client();
      const send = (signature: string) =>
        machine.send("POST", "/invoices/webhook", { "x-signature": signature }, body);
      assert.equal((await send(signed(`${body} `))).status, 401);
      assert.equal((await send(signed(body))).status, 204);
      assert.equal(JSON.parse((await owner.get("/invoices")).text)[0].paid, true);
    });

    it("have no session in a request that another site made the browser send", async () => {
      const before = (await owner.get("/invoices")).text;
      const crossSite = await sendJson(owner, "/invoices", { total: 1 }, foreign);
      assert.deepEqual([crossSite.status, crossSite.location], [303, "/login"]);
      const bare = await owner.send(
        "POST",
        "/invoices",
        { "content-type": "application/json" },
        '{"total":1}',
      );
      assert.equal(bare.status, 303, "without the headers of a browser");
      assert.deepEqual(crossSite.headers.getSetCookie(), [], "another site cannot sign a person out");
      assert.equal((await owner.get("/invoices")).text, before);
    });

    it("are protected like the application's pages unless they choose otherwise", async () => {
      assert.equal((await owner.post("/plain", { a: "1" }, foreign)).status, 403);
      assert.equal((await owner.post("/plain", { a: "1" })).text, '{"a":"1"}');
      assert.equal((await owner.post("/PLAIN", { a: "1" }, foreign)).status, 403);
      assert.equal((await owner.post("/plain.too/deep", { a: "x".repeat(40_000) })).status, 413);
      assert.equal((await sendJson(owner, "/plain", { a: 1 })).text, "null", "JSON is not parsed");
    });

    it("answer what they do not have, and their errors, with the application's pages", async () => {
      const missing = await owner.get("/invoices/7");
      assert.equal(missing.status, 404);
      assert.match(missing.text, /Page not found/);
      const broken = await owner.get("/plain/broken");
      assert.equal(broken.status, 500);
      assert.match(broken.text, new RegExp(broken.headers.get("x-request-id") ?? "-"));
      const asJson = await owner.send("GET", "/plain/broken", { accept: "application/json" });
      assert.match(asJson.text, /"title":"Internal Server Error"/);
    });

    it("leave the application's own pages as they were", async () => {
      assert.equal((await owner.get("/account")).status, 200);
      assert.equal((await owner.post("/account/sessions/end-others", {}, foreign)).status, 403);
      const policy = (await owner.get("/account")).headers.get("content-security-policy") ?? "";
      assert.doesNotMatch(policy, /data:/);
    });

    it("serve a built front end with its files kept, its page not, and each route the page", async () => {
      const page = await owner.get("/app/invoices/7");
      assert.equal(page.status, 200);
      assert.match(
        page.headers.get("content-security-policy") ?? "",
        /img-src 'self' data:;font-src 'self' data:/,
      );
      assert.match(page.headers.get("content-security-policy") ?? "", /script-src 'self';style-src 'self';/);
      assert.equal(page.headers.get("cache-control"), "no-store");
      const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? "");
      assert.equal(files.length, 2);
      for (const file of files) {
        const { status, headers } = await site().app.client().get(file);
        assert.deepEqual(
          [status, headers.get("cache-control")],
          [200, "public, max-age=31536000, immutable"],
          file,
        );
      }
      assert.equal((await owner.get("/app/assets/missing.js")).status, 404);
      assert.equal((await owner.get("/app/assets/%2e%2e/%2e%2e/%2e%2e/package.json")).status, 404);
      assert.equal((await site().app.client().get("/app")).location, "/login?returnTo=%2Fapp");
    });

    for (const folders of [
      ["admin"],
      ["me"],
      ["forward-auth"],
      ["assets"],
      ["webhooks"],
      [""],
      ["a/b"],
      ["Upper"],
      ["x", "x"],
    ]) {
      it(`refuse the folders ${JSON.stringify(folders)}`, () => {
        const create = () =>
          hostRouters([{ ...plain, folders }], { baseUrl: site().app.url, session: [plain.router] });
        assert.throws(create, /mounted already|first part of a path/);
      });
    }
  });

  onOneDatabase((use) => {
    const site = useSite(use, { hostRouters: [frontEndOfVite("http://localhost:5173")] });

    it("let a page load its scripts from Vite's dev server", async () => {
      const page = await (await site().clientOf(site().owner)).get("/app");
      assert.match(page.text, /src="http:\/\/localhost:5173\/app\/@vite\/client"/);
      const policy = page.headers.get("content-security-policy") ?? "";
      for (const part of [
        "script-src 'self' http://localhost:5173;",
        "style-src 'self' http://localhost:5173 'unsafe-inline';",
        "connect-src 'self' http://localhost:5173 ws://localhost:5173;",
      ])
        assert.ok(policy.includes(part), policy);
    });
  });
});

describe("docs/how-to/embed-a-router.md", () => {
  const blocks = codeBlocks("docs/how-to/embed-a-router.md").filter(({ file }) => file !== null);

  it("shows parts of all three files", () => {
    assert.equal(new Set(blocks.map(({ file }) => file)).size, 3);
  });

  for (const { file, text } of blocks) {
    it(`quotes ${file}: ${text.split("\n")[0]}`, () => {
      const source = readFileSync(file ?? "", "utf8");
      const quoted = ["", "  ", "    "].some((by) => source.includes(`\n${text.replace(/^(?=.)/gm, by)}`));
      assert.ok(quoted, text);
    });
  }
});
