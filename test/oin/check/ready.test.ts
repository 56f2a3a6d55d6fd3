import assert from "node:assert/strict";
import type { CheckOutcome } from "oin-kit/check/run";
import { connectionTypes } from "../../../src/sign-in-protocols.ts";
import { onOneDatabase } from "../../helpers/databases.ts";
import { ownAreas, useReadyDeployment } from "../../helpers/readiness.ts";
import { withScreenshots } from "../../helpers/screenshots.ts";

/** The rules that cannot be checked from outside, or on this machine. All others must be judged. */
const notCheckable = [
  "site-https",
  "site-certificate",
  "site-tls-version",
  "site-hsts",
  "site-origin",
  "scim-url-https",
  "oidc-sp-initiate-url",
  "oidc-token-checks",
  "oidc-landing",
  "saml-sp-initiate-url", // SAML
  "saml-response-checks", // SAML
  "scim-password-effective",
  "scim-retry-after",
  "guide-okta-links",
  "guide-current",
  "guide-pdf",
  "listing-unchanged",
  "ul-malformed",
  "ul-media-type",
  "ul-success",
  "ul-unknown-person",
  "ul-tenant",
];

describe("oin:check of this application", () => {
  onOneDatabase((use) => {
    const ready = useReadyDeployment(use);
    let outcome: CheckOutcome | undefined;

    it("passes, and judges every rule that can be checked", async () => {
      const before = await ready().population();
      ready().front.plant(withScreenshots());
      const { key, forAgents } = ready();
      const areas = ownAreas.filter((area) => area !== "idp-metadata");
      outcome = await ready().check({ areas, connections: [key, ...forAgents.connections] });
      const { results, summary, left, stopped } = outcome;
      const open = results.filter(({ verdict }) => verdict !== "pass");
      assert.deepEqual(
        open
          .map(({ rule, verdict, seen }) =>
            verdict === "not-checkable" ? rule : `${rule}: ${verdict}: ${seen}`,
          )
          .sort(),
        [...notCheckable].sort(),
      );
      assert.deepEqual(summary, {
        pass: results.length - open.length,
        fail: 0,
        warning: 0,
        "not-checkable": open.length,
      });
      assert.deepEqual([left, stopped], [[], false]);
      assert.deepEqual(await ready().population(), before);
    });

    it("reports the observation, the source and the fix of each rule, but never the token", async () => {
      const results = outcome?.results ?? [];
      assert.ok(results.length > 150);
      for (const { rule, title, seen, fix, source } of results) {
        for (const text of [title, seen, fix, source.document, source.section])
          assert.ok(text.length > 1, rule);
        assert.ok(URL.canParse(source.url));
      }
      assert.ok(!JSON.stringify(results).includes(ready().token));
    });

    it("judges only authentication if it has no token", async () => {
      const { results } = await ready().check({ areas: ["scim"], scimToken: null });
      const judged = results.filter(({ verdict }) => verdict !== "not-checkable").map(({ rule }) => rule);
      assert.deepEqual(judged.sort(), [
        "scim-anonymous",
        "scim-answer-time",
        "scim-error-status",
        "scim-no-redirect",
        "scim-no-server-error",
        "scim-reachable",
        "scim-token-given",
        "scim-url-length",
        "scim-url-underscore",
        "scim-wrong-token",
        "scim-www-authenticate",
      ]);
      const { seen } = results.find(({ rule }) => rule === "scim-create") ?? { seen: "" };
      assert.match(seen, /no provisioning token was given/);
    });

    it("finds connections on the deployment's pages", async () => {
      const { key, front } = ready();
      front.plant({
        answer(exchange) {
          if (exchange.path === "/login") exchange.body = `<a href="/oidc/${key}/login">Continue</a>`;
        },
      });
      const { results } = await ready().check({ areas: [...connectionTypes], connections: [] });
      assert.equal(results.find(({ rule }) => rule === "oidc-authorization-server")?.verdict, "pass");
      front.plant(null);
      const without = await ready().check({ areas: ["oidc"], connections: [] });
      assert.match(without.results[0]?.seen ?? "", /name one with --connection/);
    });
  });
});
