import assert from "node:assert/strict";
import type { Area } from "oin-kit/check/rules/rule";
import { runCheck } from "oin-kit/check/run";
import { connectionTypes } from "../../../src/sign-in-protocols.ts";
import { Demo } from "../../helpers/demo.ts";
import { freePort } from "../../helpers/postgres-server.ts";
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
    const options = { url: demo.url, scimUrl: baseUrl, scimToken: token, idpMetadata: null };
    const areas: Area[] = ["site", "listing", ...connectionTypes, "universal-logout", "guides", "scim"];
    const { results, left } = await runCheck({ ...options, areas, connections: [] }, checkout);
    // Only an ISV can take screenshots of its app in Okta; until then the guides show drawings.
    const broken = results.filter(
      ({ rule, verdict }) => verdict === "fail" || (verdict === "warning" && rule !== "guide-drawings"),
    );
    assert.deepEqual(broken, []);
    const passed = (rule: string) => results.find((result) => result.rule === rule)?.verdict === "pass";
    const expected = [
      ...["oidc-initiate", "guide-images", "scim-group-push"],
      "saml-request", // SAML
    ];
    for (const rule of expected) assert.ok(passed(rule), rule);
    assert.deepEqual(left, []);

    // As docs/how-to/check-readiness.md says: an agent, and a connection whose org the check plays.
    const issuer = `http://127.0.0.1:${await freePort()}`;
    const made = await demo.script("admin", "--", "client", "create", "--name", "Readiness check", "--json");
    const { client, clientSecret } = JSON.parse(made.stdout) as {
      client: { clientId: string };
      clientSecret: string;
    };
    const connection = ["connection", "create", "acme", "--type", "oidc", "--key", "oincheck"];
    const registration = ["--issuer", issuer, "--client-id", "0oaoincheck", "--client-secret-stdin"];
    await demo.scriptReading("unused", "admin", "--", ...connection, ...registration);
    const agents = { agent: { clientId: client.clientId, clientSecret }, org: { issuer, port: null } };
    const outcome = await runCheck(
      { ...options, areas: ["agents"], connections: ["oincheck"], agents },
      checkout,
    );
    assert.deepEqual(
      outcome.results.filter(({ verdict }) => verdict !== "pass"),
      [],
    );
    assert.deepEqual(outcome.left, []);
  });
});
