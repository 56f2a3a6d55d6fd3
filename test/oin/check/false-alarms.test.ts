import assert from "node:assert/strict";
import type { Area } from "oin-kit/check/rules/rule";
import { lostPaths } from "oin-kit/check/scim/json";
import { integration } from "../../../config/integration.ts";
import { assertFound, inAnswers, inRequests, leading, page, scimError } from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import type { Fault } from "../../helpers/front.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";
import { withScreenshots } from "../../helpers/screenshots.ts";

/** Parts of right guides of other teams and other tools, of which a careless rule would complain. */
const guideParts: Record<string, string> = {
  "a picture of a content delivery network": '<img src="https://cdn.example/one.png" alt="A page of Okta">',
  "an ornament": '<img src="/assets/logo.svg" alt="">',
  "a minified page": "<h3 id=small>Small</h3><a href=#small>more</a><img src=/assets/logo.svg alt>",
  "a path in the text of a picture": '<img alt="Applications > Sign On" src="/assets/logo.svg">',
  "an anchor of the older form": '<a name="old"></a><a href="#old">more</a>',
  "an anchor with a percent sign": '<b id="100%"></b><a href="#100%">more</a>',
  "a link to the top": '<a href="#top">up</a>',
  "a link in a comment": '<!-- <a href="/guides/okta/nowhere">more</a> -->',
  "a directive about previews": '<meta name="robots" content="index, max-image-preview:none">',
  "a product about to-dos": "<p>People keep their todo lists here.</p>",
  "prose in the words of a setting": "<p>Assertion encryption is not needed.</p>",
  "the origin of the submission": `<table><tr><th>Redirect URI</th><td>${integration.origin}/oidc/acme/callback</td></tr></table>`,
};
const guide = /^\/guides\/okta\/oidc$/;

/** Changes the text of the guide for OpenID Connect. */
const inGuide = (from: string | RegExp, to: string) =>
  withScreenshots(
    inAnswers("GET", guide, (exchange) => {
      assert.match(exchange.body, new RegExp(from), "the guide has what is to be changed");
      exchange.body = exchange.body.replace(from, to);
    }),
  );

const oidcSignIn = /\/oidc\/[^/]+\/(login|initiate)/;
const asking = (change: (parameters: URLSearchParams) => void): Fault => ({
  answer(exchange) {
    if (oidcSignIn.test(exchange.path)) leading(({ searchParams }) => change(searchParams))(exchange);
  },
});

/** Leaves only a reference to a pushed request, or a request object, in the address. */
function carriedBy(name: "request" | "request_uri", changes: Record<string, string> = {}): Fault {
  return asking((parameters) => {
    const claims = { ...Object.fromEntries(parameters), ...changes };
    for (const one of [...parameters.keys()]) if (one !== "client_id") parameters.delete(one);
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const isObject = name === "request";
    parameters.set(name, isObject ? `e30.${payload}.c2lnbmF0dXJl` : "urn:ietf:params:oauth:request_uri:one");
  });
}

describe("oin:check of right deployments of other products", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);
  const verdict = async (area: Area, rule: string) => {
    const { results } = await ready().check({ areas: [area] });
    return results.find((result) => result.rule === rule)?.verdict;
  };

  it(`finds nothing in a guide with ${Object.keys(guideParts).join(", ")}`, async () => {
    ready().front.plant(inGuide("</article>", `${Object.values(guideParts).join("")}</article>`));
    assertFound(await ready().check({ areas: ["guides"] }), []);
  });

  it("reads a guide's features from a table, by Okta's long names", async () => {
    const names = [
      "Service Provider (SP)-Initiated SSO",
      "IdP-initiated SSO",
      "JIT provisioning",
      "Universal Logout",
    ];
    const table = `<table>${names.map((name) => `<tr><td>${name}</td><td>yes</td></tr>`).join("")}</table>`;
    const list = /(<h2[^>]*>Supported features<\/h2>)[\s\S]*?(?=<h2)/;
    ready().front.plant(inGuide(list, `$1${table}`));
    assertFound(await ready().check({ areas: ["guides"] }), []);
    ready().front.plant(inGuide(list, `$1${table.replace("Universal Logout", "Logout")}`));
    assertFound(await ready().check({ areas: ["guides"] }), ["guide-features"]);
  });

  it("accepts arrows between the menus of a guide", async () => {
    ready().front.plant(inGuide(/&gt;/g, "→"));
    assertFound(await ready().check({ areas: ["guides"] }), []);
  });

  it("does not judge the parameters of a pushed authorization request", async () => {
    ready().front.plant(carriedBy("request_uri"));
    assertFound(await ready().check({ areas: ["oidc"] }), []);
    assert.equal(await verdict("oidc", "oidc-state"), "not-checkable");
  });

  it("reads the parameters of a signed authorization request", async () => {
    ready().front.plant(carriedBy("request"));
    assertFound(await ready().check({ areas: ["oidc"] }), []);
    assert.equal(await verdict("oidc", "oidc-state"), "pass");
    ready().front.plant(carriedBy("request", { scope: "openid profile email groups" }));
    assertFound(await ready().check({ areas: ["oidc"] }), ["oidc-scopes"]);
  });

  it("passes a code by a form if the redirect URI refuses a stranger's, and the cookie comes with it", async () => {
    const posted = inRequests("POST", /\/callback$/, () => page(400));
    const { answer } = asking((parameters) => parameters.set("response_mode", "form_post"));
    ready().front.plant({
      ...posted,
      async answer(exchange) {
        await answer?.(exchange);
        exchange.setCookies = exchange.setCookies.map((one) =>
          one.replace(/SameSite=Lax/i, "SameSite=None; Secure"),
        );
      },
    });
    assertFound(await ready().check({ areas: ["oidc"] }), []);
  });

  it("finds nothing in cookies of a load balancer, and in a permanent redirect that is stale at once", async () => {
    ready().front.plant(
      inAnswers("GET", /\/oidc\/ready-[^/]+\/login/, (exchange) => {
        exchange.setCookies.push("AWSALB=one; Path=/", "XSRF-TOKEN=two; Path=/; Secure");
        exchange.status = 301;
        exchange.headers["cache-control"] = "private, max-age=0";
      }),
    );
    assertFound(await ready().check({ areas: ["oidc"] }), []);
  });

  it("accepts a SCIM server that has no DELETE for people", async () => {
    ready().front.plant(inRequests("DELETE", /\/Users\/(?:00919288221112222|010101)/, () => scimError(405)));
    assertFound(await ready().checkScim("access", "misses"), []);
  });

  it("takes two forms of a moment or of a telephone number as the same value", () => {
    const sent = { since: "2026-01-01T00:00:00Z", phone: "+14155550100", name: "A" };
    const got = { since: "2026-01-01T00:00:00.000Z", phone: "tel:+1-415-555-0100", name: "a" };
    assert.deepEqual(lostPaths(sent, got), []);
    assert.deepEqual(lostPaths(sent, { ...got, since: "2026-01-02T00:00:00Z", phone: "+14155550101" }), [
      "since",
      "phone",
    ]);
  });
});
