import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { onEachDatabase, onOneDatabase } from "../helpers/databases.ts";
import { pathOf } from "../helpers/routes.ts";
import { appRoutes, useSite } from "../helpers/site.ts";

describe("a NUL character", () => {
  onEachDatabase((use) => {
    const site = useSite(use);

    it("in any URL leads to a 404 page, never to a server error", async () => {
      const routes = appRoutes(use().database).filter(({ method }) => method === "GET");
      assert.ok(routes.some(({ path }) => path.includes(":")) && routes.length > 20);
      const client = await site().clientOf(site().owner);
      for (const route of routes) {
        for (const address of [`${pathOf(route, "%00")}?x=1`, `${pathOf(route, "x")}?returnTo=a%00b&q=%00`]) {
          if (!address.includes("%00")) continue;
          const { status } = await client.get(address);
          // Health checks run before all other middleware, and do not read the URL.
          assert.ok(status === 404 || /^\/(healthz|readyz|metrics)/.test(address), `${address}: ${status}`);
        }
      }
    });

    it("is distinguished from escapes that merely look like it", async () => {
      const client = site().app.client();
      assert.equal((await client.get("/login?returnTo=%2500")).status, 200);
    });

    it("in a form is refused, signed in or not", async () => {
      const client = site().app.client();
      const { status, text } = await client.post("/login", { email: "ada\0@acme.example" });
      assert.equal(status, 400);
      assert.match(text, /contains a character that is not text/);
    });
  });
});

describe("a request that names another origin in its first line", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    it("is one for the path alone", async () => {
      const { hostname, port } = new URL(site().app.url);
      const sent = request({ hostname, port, path: "http://evil.example/account?x=1" }).end();
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      answer.resume();
      assert.equal(answer.headers.location, "/login?returnTo=%2Faccount%3Fx%3D1");
    });
  });
});
