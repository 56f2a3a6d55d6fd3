import assert from "node:assert/strict";
import { runCheck } from "oin-kit/check/run";
import { Demo } from "../../helpers/demo.ts";
import { checkout } from "../../helpers/readiness.ts";

describe("oin:check against npm run demo", function () {
  this.timeout(180_000);
  let demo: Demo;
  before(() => {
    demo = new Demo();
  });
  after(() => demo.remove());

  it("finds both connections on the story's page, and passes", async () => {
    await demo.start();
    const created = await demo.script("admin", "--", "token", "create", "acme", "--json");
    const { token, baseUrl } = JSON.parse(created.stdout) as { token: string; baseUrl: string };
    const { results, left } = await runCheck(
      {
        url: demo.url,
        scimUrl: baseUrl,
        scimToken: token,
        connections: [],
        idpMetadata: null,
        areas: ["site", "listing", "oidc", "saml", "universal-logout", "guides", "scim"],
      },
      checkout,
    );
    // Only an ISV can take screenshots of its app in Okta; until then the guides show drawings.
    const broken = results.filter(
      ({ rule, verdict }) => verdict === "fail" || (verdict === "warning" && rule !== "guide-drawings"),
    );
    assert.deepEqual(broken, []);
    const passed = (rule: string) => results.find((result) => result.rule === rule)?.verdict === "pass";
    for (const rule of ["oidc-initiate", "saml-request", "guide-images", "scim-group-push"])
      assert.ok(passed(rule), rule);
    assert.deepEqual(left, []);
  });
});
