import assert from "node:assert/strict";
import { onOneDatabase } from "../helpers/databases.ts";
import { useSite } from "../helpers/site.ts";

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const forPrograms = [
  ...["/api", "/api/", "/api/v1", "/API/V1/nothing", "/api/v1/nothing", "/api/v2/things", "/api/v1/%zz"],
  ...["/api/v1/a%00b", "/mcp", "/mcp/nothing", "/webhooks", "/webhooks/unknown"],
];
const endpoints = [
  ...[
    "/oauth2/token",
    "/oauth2/token?a=%00",
    "/oauth2/revoke",
    "/oauth2/revoke/x",
    "/global-token-revocation",
  ],
  ...["/global-token-revocation?a=%00", "/shared-signals/unknown", "/shared-signals/unknown?a=%00"],
  ...[
    "/shared-signals/unknown/jwks.json",
    "/.well-known/unknown",
    "/.well-known/oauth-authorization-server?a=%00",
  ],
];

describe("what an error looks like", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    for (const path of forPrograms) {
      it(`is never a page at ${path}, signed in or not, from here or from another site`, async () => {
        for (const client of [site().app.client(), await site().clientOf(site().owner)]) {
          for (const method of ["GET", "POST", "PUT", "DELETE"]) {
            for (const fetchSite of ["same-origin", "cross-site"]) {
              const answer = await client.send(method, path, {
                accept: browser,
                "sec-fetch-site": fetchSite,
              });
              assert.ok(answer.status >= 400, `${method} ${path}: ${answer.status}`);
              assert.match(
                answer.headers.get("content-type") ?? "",
                /^application\/(problem\+)?json/,
                method,
              );
              JSON.parse(answer.text);
            }
          }
        }
      });
    }

    for (const path of endpoints) {
      it(`is never a page at ${path}, by any method`, async () => {
        const client = site().app.client();
        for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
          const answer = await client.send(method, path, { accept: browser });
          assert.ok(answer.status >= 400, `${method} ${path}: ${answer.status}`);
          assert.doesNotMatch(answer.headers.get("content-type") ?? "", /html/, method);
          assert.doesNotMatch(answer.text, /</, method);
        }
      });
    }

    for (const path of ["/account", "/admin", "/admin/people"]) {
      it(`is 401 at ${path} for a program without a session, and a redirect for a browser`, async () => {
        const client = site().app.client();
        for (const accept of [
          "application/json",
          "application/problem+json",
          "application/json, */*;q=0.1",
        ]) {
          const answer = await client.send("GET", path, { accept });
          assert.deepEqual([answer.status, answer.location], [401, null]);
          assert.equal(answer.headers.get("content-type"), "application/problem+json");
          assert.ok(answer.headers.has("www-authenticate"));
          assert.equal(JSON.parse(answer.text).reference, answer.headers.get("x-request-id"));
        }
        for (const accept of [browser, "*/*", "text/html"])
          assert.equal((await client.send("GET", path, { accept })).status, 303);
      });
    }

    it("is a page at a path that only looks like the API's", async () => {
      for (const path of [
        "/apis",
        "/api-keys",
        "/account/api/v1",
        "/mcpx",
        "/oauth2/tokens",
        "/shared-signals",
      ]) {
        const answer = await site().app.client().get(path);
        assert.match(answer.headers.get("content-type") ?? "", /^text\/html/, path);
      }
    });
  });
});
