import assert from "node:assert/strict";
import { landingPath } from "../../src/web/home.ts";
import { startTestApp } from "../helpers/app.ts";
import type { Answer } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useSite } from "../helpers/site.ts";

/** The parsed policy: directive → sources. */
function policyOf(answer: Answer): Record<string, string> {
  const header = answer.headers.get("content-security-policy") ?? "";
  const directives = header.split(";").map((text) => text.trim().split(/\s+/));
  return Object.fromEntries(directives.map(([name = "", ...sources]) => [name, sources.join(" ")]));
}

const wantedPolicy = {
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  "img-src": "'self'",
  "font-src": "'self'",
  "connect-src": "'self'",
  "form-action": "'self'",
  "base-uri": "'none'",
  "frame-ancestors": "'none'",
};

describe("security headers", () => {
  onOneDatabase((use) => {
    const site = useSite(use);

    for (const path of ["/", "/login", landingPath, "/no-such-page", "/assets/app.css", "/healthz", "/me"]) {
      it(`let ${path} load our own files only, nothing inline, and forbid framing`, async () => {
        const answer = await (await site().clientOf(site().owner)).get(path);
        assert.deepEqual(policyOf(answer), wantedPolicy);
        assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
        assert.equal(answer.headers.get("referrer-policy"), "same-origin");
        assert.equal(answer.headers.get("x-powered-by"), null);
      });
    }

    it("demand https for a year if we use https", async () => {
      const app = await startTestApp(use().database, { baseUrl: "https://product.example" });
      try {
        const answer = await app.client().get("/login");
        assert.equal(answer.headers.get("strict-transport-security"), "max-age=31536000");
      } finally {
        await app.close();
      }
    });

    it("do not demand https on http", async () => {
      const answer = await site().app.client().get("/login");
      assert.equal(answer.headers.get("strict-transport-security"), null);
    });
  });
});
