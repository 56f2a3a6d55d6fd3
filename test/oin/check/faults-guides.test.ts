import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { brand } from "../../../config/brand.ts";
import {
  assertFound,
  eachFault,
  inAnswers,
  inRequests,
  type PlantedFault,
} from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import type { Fault } from "../../helpers/front.ts";
import { anotherValue, says } from "../../helpers/guide-faults.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";
import { withScreenshots } from "../../helpers/screenshots.ts";

const signOn = /^\/guides\/okta\/oidc$/;
const xaa = /^\/guides\/okta\/xaa$/;
const guides = /^\/guides\/okta\/\w+$/;

const adds = (html: string) => says(signOn, "</article>", `${html}</article>`);

const faults: PlantedFault[] = [
  {
    name: "a guide behind a sign-in",
    fails: ["guide-public"],
    seen: /302 to \/login/,
    fault: () => inRequests("GET", signOn, () => ({ status: 302, headers: { location: "/login" } })),
  },
  {
    name: "one guide for two capabilities",
    fails: ["guide-separate"],
    fault: () =>
      inRequests("GET", /^\/guides\/okta\/scim$/, (exchange) => {
        exchange.path = exchange.path.replace("scim", "oidc");
        return undefined;
      }),
  },
  ...["Supported features", "Requirements", "Configuration steps", "Attributes and mapping"].map(
    (heading): PlantedFault => ({
      name: `a guide without ${heading}`,
      fails: ["guide-headings"],
      seen: new RegExp(`oidc lacks ${heading}`),
      fault: () => says(signOn, new RegExp(`(<h2[^>]*>)${heading}`), "$1Something else"),
    }),
  ),
  {
    name: "a heading without words",
    fails: ["guide-headings"],
    seen: /oidc has nothing below More/,
    fault: () => adds("<h2>More</h2><h2>Last</h2><p>…</p>"),
  },
  {
    name: "headings in another order",
    warns: ["guide-heading-order"],
    fault: () =>
      inAnswers("GET", signOn, (exchange) => {
        exchange.body = exchange.body
          .replace(/(<h2[^>]*>)Requirements/, "$1PLACE")
          .replace(/(<h2[^>]*>)Attributes and mapping/, "$1Requirements")
          .replace(/(<h2[^>]*>)PLACE/, "$1Attributes and mapping");
      }),
  },
  {
    name: "an issuer with a slash at its end",
    fails: ["guide-values"],
    seen: /Issuer URL: .*\/, the Wizard's is/,
    fault: ({ front }) => says(xaa, `${front.url}</code>`, `${front.url}/</code>`),
  },
  {
    name: "another resource indicator",
    fails: ["guide-values"],
    seen: /Resource indicator of the MCP server: .*\/mcp\/, the Wizard's is/,
    fault: () => says(xaa, /\/(<wbr>)?mcp<\/code>/, "/mcp/</code>"),
  },
  {
    name: "a guide for agents that lists refresh tokens",
    fails: ["guide-features"],
    seen: /xaa: Refresh tokens is listed, but not declared/,
    fault: () => says(xaa, "<li><strong>Revocation", "<li>Refresh tokens</li><li><strong>Revocation"),
  },
  {
    name: "a guide for agents that does not say what an org needs",
    fails: ["guide-requirements"],
    seen: /xaa: lacks Identity Engine/,
    fault: () => says(xaa, /Okta Identity Engine/g, "the right org"),
  },
  {
    name: "a broken link",
    fails: ["guide-links"],
    seen: /\/guides\/okta\/nowhere: 404/,
    fault: () => adds('<a href="/guides/okta/nowhere">more</a>'),
  },
  {
    name: "a link to a missing heading",
    fails: ["guide-links"],
    seen: /#nowhere is not in \/guides\/okta\/oidc/,
    fault: () => adds('<a href="#nowhere">more</a>'),
  },
  {
    name: "a missing picture",
    fails: ["guide-images"],
    seen: /missing\.png: 404/,
    fault: () => adds('<img src="/guides/okta/images/missing.png" alt="A page">'),
  },
  {
    name: "a picture that is a page",
    fails: ["guide-images"],
    fault: () => adds('<img src="/login" alt="A page">'),
  },
  {
    name: "a picture without an alt text",
    fails: ["guide-images"],
    seen: /says nothing in words/,
    fault: () => adds('<img src="/guides/okta/images/one.png"><img src="/assets/logo.svg" alt="">'),
  },
];

/** Words that an administrator cannot follow. */
const words: PlantedFault[] = [
  {
    name: "a menu that Okta has renamed",
    fails: ["guide-menus"],
    seen: /"Applications > Applications" is now "Applications and Resources > Applications"/,
    fault: () => adds("<p>Go to <strong>Applications</strong> &gt; <strong>Applications</strong>.</p>"),
  },
  {
    name: "a guide that names no menu of today",
    fails: ["guide-menus"],
    seen: /is not named/,
    fault: () => says(signOn, /Applications and Resources/g, "Apps"),
  },
  {
    name: "a guide that builds an app by hand",
    fails: ["guide-catalog-app"],
    seen: /"Create App Integration" exists only in an app that is built by hand; "Browse App Catalog" is not named/,
    fault: () => says(signOn, /Browse App Catalog/g, "Create App Integration"),
  },
  {
    name: "a setting that the catalog's app does not have",
    fails: ["guide-catalog-app"],
    seen: /Assertion Encryption/,
    fault: () => adds("<p>Set <strong>Assertion Encryption</strong> to Unencrypted.</p>"),
  },
  anotherValue("the redirect URI", "oidc", "/callback", "/cb"),
  anotherValue("the SCIM base URL", "scim", "/scim/v2", "/scim/v1"),
  {
    name: "a redirect URI of another host in a sentence",
    fails: ["guide-values"],
    seen: /login\.other\.example/,
    fault: () => adds("<p>Register https://login.other.example/oidc/acme/callback.</p>"),
  },
  {
    name: "a feature that is declared and not listed",
    fails: ["guide-features"],
    seen: /oidc: Universal Logout is declared, but not listed/,
    fault: () => says(signOn, "<li><strong>Universal Logout</strong>", "<li>Logout"),
  },
  {
    name: "Universal Logout without the products of Okta that it needs",
    fails: ["guide-requirements"],
    seen: /oidc: lacks Identity Engine/,
    fault: () => says(signOn, /Identity Engine/g, "our engine"),
  },
  {
    name: "entitlements that are enabled after provisioning",
    fails: ["guide-entitlements-first"],
    seen: /comes after provisioning/,
    fault: () =>
      says(
        /^\/guides\/okta\/scim$/,
        /(<h2[^>]*>Configuration steps<\/h2>)/,
        "$1<p>Click <strong>Configure API Integration</strong>.</p>",
      ),
  },
  {
    name: "a note of its author",
    fails: ["guide-finished"],
    seen: /"TODO"/,
    fault: () => adds("<p>TODO: take this picture again</p>"),
  },
  ...["https://a1b2.ngrok.app/admin", "http://127.0.0.1:3000/admin", "https://dev-12345-admin.okta.com"].map(
    (address): PlantedFault => ({
      name: `an address of its author: ${address}`,
      fails: ["guide-finished"],
      seen: new RegExp(`oidc has "${address}`),
      fault: () => adds(`<p>Open ${address}, then click Next.</p>`),
    }),
  ),
  {
    name: "a guide without a support contact",
    warns: ["guide-support"],
    fault: () =>
      says(signOn, new RegExp(`${brand.supportEmail}|${brand.supportUrl}`, "g"), "https://other.example"),
  },
];

/** How a guide can be reached, and what its links and pictures are. */
const files: PlantedFault[] = [
  {
    name: "a sign-in form in place of a guide",
    fails: ["guide-public"],
    seen: /it asks for a password/,
    fault: () => says(signOn, "</main>", '<form><input name="p" type="password"></form></main>'),
  },
  {
    name: "a page that leads on to the sign-in page",
    fails: ["guide-public"],
    fault: () => says(signOn, "</head>", '<meta http-equiv="refresh" content="0;url=/login"></head>'),
  },
  {
    name: "a guide that search engines may not list",
    warns: ["guide-indexed"],
    fault: () =>
      inAnswers("GET", signOn, ({ headers }) => void Object.assign(headers, { "x-robots-tag": "noindex" })),
  },
  {
    name: "a guide that says noindex itself",
    warns: ["guide-indexed"],
    fault: () => says(signOn, "</head>", '<meta name="robots" content="noindex"></head>'),
  },
  {
    name: "a picture that is a text",
    fails: ["guide-images"],
    seen: /it is not a PNG, GIF or JPEG/,
    fault: () =>
      inRequests("GET", /\/images\/connection-new\.png$/, () => ({
        status: 200,
        headers: { "content-type": "image/png" },
        body: "version https://git-lfs.github.com/spec/v1",
      })),
  },
  {
    name: "a link without https",
    warns: ["guide-secure-links"],
    seen: /http:\/\/help\.example/,
    fault: () => adds('<a href="http://help.example/">more</a>'),
  },
  {
    name: "a PDF that is a page",
    fails: ["guide-pdf"],
    fault: () => ({
      ...adds('<a href="/guides/okta/oidc.pdf">PDF</a>'),
      request: ({ path }) =>
        path.endsWith(".pdf")
          ? { status: 200, headers: { "content-type": "text/html" }, body: "<p>Not here</p>" }
          : undefined,
    }),
  },
  {
    name: "a drawing in place of a screenshot",
    warns: ["guide-drawings"],
    seen: /oidc has 1/,
    fault: () => adds("<figcaption>Figure 9. The catalog (drawing of Okta's screen)</figcaption>"),
  },
  {
    name: "a guide with pictures, none of which says that it shows Okta",
    warns: ["guide-okta-pictures"],
    seen: /0 of \d pictures show Okta/,
    fault: () =>
      inAnswers("GET", signOn, (exchange) => {
        exchange.body = exchange.body.replace(/<img [^>]*images\/okta-[^>]*>/g, "");
      }),
  },
  {
    name: "a guide without pictures",
    fails: ["guide-okta-pictures"],
    seen: /0 of 0 pictures show Okta/,
    fault: () =>
      inAnswers("GET", signOn, (exchange) => {
        exchange.body = exchange.body.replace(/<img [^>]*>/g, "");
      }),
  },
];

/** The text below a heading of a guide that another team wrote in other words. */
function foreignText(heading: string, subject: string): string {
  if (heading === "Configuration steps")
    return `<p>In Applications and Resources &gt; Applications click Browse App Catalog, then Add Integration. It needs Identity
      Engine, Adaptive MFA, Lifecycle Management and Identity Governance. Enable Entitlement management.
      <img src="/guides/okta/images/connection-new.png" alt="The app in Okta"> Questions: ${brand.supportEmail}</p>`;
  if (heading !== "Supported Features") return "<p>…</p>";
  const signOn = "SP-initiated SSO,IdP-initiated SSO,Just-In-Time provisioning,Universal Logout";
  const provisioning =
    "Create users,Update user attributes,Deactivate users,Sync password,Import users,Group push,Entitlements";
  const lists: Record<string, string> = { scim: provisioning, xaa: "Cross App Access,Metadata documents" };
  return `<ul>${(lists[subject] ?? signOn).replace(/[^,]+,?/g, (name) => `<li>${name.replace(",", "")}</li>`)}</ul>`;
}

describe("oin:check of a guide", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);
  const all = [...faults, ...words, ...files];
  eachFault(
    ["guides"],
    ready,
    all.map((planted) => ({ ...planted, fault: (deployment) => withScreenshots(planted.fault(deployment)) })),
  );

  it("finds nothing without a fault", async () => {
    ready().front.plant(withScreenshots());
    assertFound(await ready().check({ areas: ["guides"] }), []);
  });

  it("passes a PDF, and settings of apps outside the catalog in a section about them", async () => {
    ready().front.plant(
      withScreenshots(
        adds(
          '<a href="/guides/okta/oidc.pdf">PDF</a><h2>If the app is not in your catalog</h2>' +
            "<p>Click <strong>Create App Integration</strong>.</p>",
        ),
      ),
    );
    const { results } = await ready().check({ areas: ["guides"] });
    const verdict = (rule: string) => results.find((result) => result.rule === rule)?.verdict;
    assert.deepEqual([verdict("guide-pdf"), verdict("guide-catalog-app")], ["pass", "pass"]);
  });

  it("can read another product's guide", async () => {
    const subjects = {
      oidc: [],
      saml: ["Read this before you enable SAML", "Backup URL"], // SAML
      scim: [],
      xaa: [],
    };
    ready().front.plant(
      inRequests("GET", guides, ({ path }) => {
        const subject = path.split("/").at(-1) as keyof typeof subjects;
        const headings = ["Prerequisites", "Supported Features", "Configuration steps", "SP-initiated SSO"];
        const others = [...subjects[subject], "Attribute mapping", "Troubleshoot"];
        const body = [...headings, ...others].map((text) => `<h2>${text}</h2>${foreignText(text, subject)}`);
        return {
          status: 200,
          headers: { "content-type": "text/html" },
          body: `<h1>${path}</h1>${body.join("")}`,
        };
      }),
    );
    const { results, summary } = await ready().check({ areas: ["guides"] });
    const found = results.filter(({ verdict }) => verdict === "fail" || verdict === "warning");
    assert.deepEqual(
      found.map(({ rule }) => rule),
      ["guide-heading-order"],
    );
    assert.deepEqual([summary.fail, summary.warning], [0, 1]);
  });

  describe("with a picture", () => {
    const picture = readFileSync("docs/guides/images/people.png");
    const sha256 = createHash("sha256").update(picture).digest("hex");
    const check = (file: { sha256: string; stale: boolean }) => {
      const fault: Fault = {
        ...adds('<img src="/guides/okta/images/one.png" alt="The page of a connection">'),
        request({ path }) {
          if (path !== "/guides/okta/images/one.png") return undefined;
          const headers = { "content-type": "image/png" };
          return { status: 200, headers, bytes: picture, body: picture.toString() };
        },
      };
      ready().front.plant(withScreenshots(fault));
      return ready().check(
        { areas: ["guides"] },
        { guideFiles: () => Promise.resolve(new Map([["images/one.png", file]])) },
      );
    };

    it("passes a current one", async () => {
      const { results } = await check({ sha256, stale: false });
      assert.equal(results.find(({ rule }) => rule === "guide-current")?.verdict, "pass");
      assert.equal(results.find(({ rule }) => rule === "guide-images")?.verdict, "pass");
    });

    it("finds a stale screenshot", async () => {
      assertFound(await check({ sha256, stale: true }), ["guide-current"], [], /images\/one\.png is stale/);
    });

    it("finds one from an older deployment", async () => {
      const outcome = await check({ sha256: "other", stale: false });
      assertFound(outcome, ["guide-current"], [], /is not the one of this checkout/);
    });
  });
});
