import assert from "node:assert/strict";
import { acceptsCrossSite } from "../../src/endpoints.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { headingOf } from "../helpers/pages.ts";
import { testPassword } from "../helpers/people.ts";
import { pathOf, type Route } from "../helpers/routes.ts";
import { appRoutes, useSite } from "../helpers/site.ts";

const us = "http://localhost";
/** The headers by which a browser tells where a request came from; `origin: "ours"` means our own. */
const combinations: [site: string | null, origin: string | null, allowed: boolean][] = [
  ["same-origin", "ours", true],
  ["same-origin", null, true],
  [null, "ours", true],
  ["same-site", "ours", false],
  ["same-site", "http://evil.localhost", false],
  ["cross-site", "ours", false],
  ["cross-site", "https://evil.example", false],
  ["cross-site", null, false],
  ["none", "ours", false],
  ["none", null, false],
  ["", "ours", false],
  ["same-origin, same-origin", "ours", false],
  [null, "https://evil.example", false],
  [null, "null", false],
  [null, `${us}.evil.example`, false],
  [null, "https://localhost", false],
  [null, null, false],
];

describe("requests from another site", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let routes: Route[];
    before(() => {
      routes = appRoutes(use().database).filter(({ method }) => !["GET", "HEAD"].includes(method));
    });

    async function send(
      route: Pick<Route, "method" | "path">,
      fetchSite: string | null,
      origin: string | null,
      client?: Client,
    ) {
      client ??= await site().clientOf(site().owner);
      const headers: Record<string, string> = { accept: "text/html" };
      if (fetchSite !== null) headers["sec-fetch-site"] = fetchSite;
      if (origin !== null) headers.origin = origin === "ours" ? site().app.url : origin;
      return await client.send(route.method, pathOf(route, "x"), headers, new URLSearchParams());
    }

    it("are possible for every form: the routes exist", () => {
      const paths = routes.map(({ path }) => path);
      for (const path of [
        "/login",
        "/logout",
        "/account/sessions/end-others",
        "/account/password",
        "/setup/:token",
      ]) {
        assert.ok(paths.includes(path), path);
      }
    });

    for (const [fetchSite, origin, allowed] of combinations) {
      const what = `Sec-Fetch-Site ${fetchSite ?? "absent"}, Origin ${origin ?? "absent"}`;
      it(`${allowed ? "accepts" : "refuses"} ${what}, at every route that is not a GET`, async () => {
        // An accepted request may end the session; a refused one changes nothing.
        const client = allowed ? undefined : await site().clientOf(site().owner);
        for (const route of routes) {
          if (acceptsCrossSite(pathOf(route, "x"))) continue;
          const answer = await send(route, fetchSite, origin, client);
          const refused =
            headingOf(answer) === "That came from another site" ||
            answer.text.includes("A browser's session can change something only from our own pages.");
          assert.equal(refused, !allowed, `${route.method} ${route.path}: ${answer.status}`);
          if (refused) assert.equal(answer.status, 403);
        }
      });
    }

    it("are refused for any other method", async () => {
      for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
        const answer = await send({ method, path: "/account" }, "cross-site", "https://evil.example");
        assert.equal(headingOf(answer), "That came from another site", method);
      }
    });

    it("change nothing, and are logged with their origin", async () => {
      const { acme, owner, app } = site();
      const client = await site().clientOf(owner);
      const elsewhere = await site().clientOf(owner);
      const passwordHash = await acme.store.credentials.passwordHash(owner.id);
      const form = { current: testPassword, password: "chosen by evil", repeated: "chosen by evil" };
      const headers = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
      for (const path of ["/logout", "/account/password", "/account/sessions/end-others"]) {
        assert.equal((await client.post(path, form, headers)).status, 403);
      }
      assert.equal((await client.get("/me")).status, 200);
      assert.equal((await elsewhere.get("/me")).status, 200);
      assert.equal(await acme.store.credentials.passwordHash(owner.id), passwordHash);
      const line = app.logged.findLast(({ event }) => event === "request.cross_site_refused");
      assert.deepEqual([line?.site, line?.path], ["cross-site", "/account/sessions/end-others"]);
    });

    it("can open our pages, as links do", async () => {
      const client = await site().clientOf(site().owner);
      assert.equal((await client.get("/account", { "sec-fetch-site": "cross-site" })).status, 200);
    });
  });

  describe("pass to endpoints whose protocol authenticates the caller", () => {
    for (const path of [
      ...["/scim/v2", "/scim/v2/Users", "/scim/v2/Users/1", "/oidc/acme/initiate"],
      "/saml/acme/acs", // SAML
      "/global-token-revocation",
      "/shared-signals/acme",
    ]) {
      it(path, () => assert.equal(acceptsCrossSite(path), true));
    }
  });
  describe("do not pass to paths that only look like such an endpoint", () => {
    for (const path of [
      ...["/scim/v22", "/x/scim/v2", "/oidc/acme/login", "/oidc/a/b/initiate", "/logout"],
      ...["/saml/acme/login", "/saml/acme/acs/x", "/saml//acs"], // SAML
      ...[
        "/oidc/acme/initiate/x",
        "/oidc//initiate",
        "/global-token-revocation/x",
        "/shared-signals",
        "/shared-signals/acme/x",
        "/account/scim/v2",
        "/",
        "",
      ],
    ]) {
      it(path === "" ? "nothing" : path, () => assert.equal(acceptsCrossSite(path), false));
    }
  });
});
