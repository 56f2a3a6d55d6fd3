import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { pathOf } from "../helpers/routes.ts";
import { appRoutes, useSite } from "../helpers/site.ts";

describe("a NUL", () => {
  onEachDatabase((use) => {
    const site = useSite(use);

    it("in an address makes it no page of ours, on any path, and no fault either", async () => {
      const routes = appRoutes(use().database).filter(({ method }) => method === "GET");
      assert.ok(routes.some(({ path }) => path.includes(":")) && routes.length > 20);
      const client = await site().clientOf(site().owner);
      for (const route of routes) {
        for (const address of [`${pathOf(route, "%00")}?x=1`, `${pathOf(route, "x")}?returnTo=a%00b&q=%00`]) {
          if (!address.includes("%00")) continue;
          const { status } = await client.get(address);
          // What runs the program is asked before anything else, and looks at no address.
          assert.ok(status === 404 || /^\/(healthz|readyz|metrics)/.test(address), `${address}: ${status}`);
        }
      }
    });

    it("is told from digits that mean something else", async () => {
      const client = site().app.client();
      assert.equal((await client.get("/login?returnTo=%2500")).status, 200);
    });

    it("in a form is no text, whoever sends it", async () => {
      const client = site().app.client();
      const { status, text } = await client.post("/login", { email: "ada\0@acme.example" });
      assert.equal(status, 400);
      assert.match(text, /contains a character that is not text/);
    });
  });
});
