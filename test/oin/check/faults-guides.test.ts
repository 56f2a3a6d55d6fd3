import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  assertFound,
  eachFault,
  inAnswers,
  inRequests,
  type PlantedFault,
} from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";

const saml = /^\/guides\/okta\/saml$/;
const guides = /^\/guides\/okta\/(oidc|saml|scim)$/;

/** Changes the text of a guide. */
const says = (guide: RegExp, from: string | RegExp, to: string) =>
  inAnswers("GET", guide, (exchange) => {
    assert.match(exchange.body, new RegExp(from), "the guide has what is to be changed");
    exchange.body = exchange.body.replace(from, to);
  });
const adds = (html: string) => says(saml, "</article>", `${html}</article>`);

const faults: PlantedFault[] = [
  {
    name: "a guide behind a sign-in",
    fails: ["guide-public"],
    seen: /302 to \/login/,
    fault: () => inRequests("GET", saml, () => ({ status: 302, headers: { location: "/login" } })),
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
      seen: new RegExp(`saml lacks ${heading}`),
      fault: () => says(saml, new RegExp(`(<h2[^>]*>)${heading}`), "$1Something else"),
    }),
  ),
  {
    name: "a guide without the warning about enabling SAML",
    fails: ["guide-headings"],
    seen: /saml lacks Read this before you enable SAML/,
    fault: () => says(saml, /(<h\d[^>]*>)Read this before you enable SAML/, "$1Be careful"),
  },
  {
    name: "headings in another order",
    warns: ["guide-heading-order"],
    fault: () =>
      inAnswers("GET", saml, (exchange) => {
        exchange.body = exchange.body
          .replace(/(<h2[^>]*>)Supported features/, "$1PLACE")
          .replace(/(<h2[^>]*>)Attributes and mapping/, "$1Supported features")
          .replace(/(<h2[^>]*>)PLACE/, "$1Attributes and mapping");
      }),
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
    seen: /#nowhere is not in \/guides\/okta\/saml/,
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

describe("oin:check of a guide", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);
  eachFault(["guides"], ready, faults);

  it("can read another product's guide", async () => {
    const headings = [
      "Prerequisites",
      "Supported Features",
      "Configuration steps",
      "Attribute mapping",
      "Troubleshoot",
    ];
    ready().front.plant(
      inRequests("GET", guides, ({ path }) => {
        const more = ["SP-initiated SSO", "Read this before you enable SAML", "Backup URL"];
        const body = [`<h1>${path}</h1>`, ...[...headings, ...more].map((text) => `<h2>${text}</h2>`)].join(
          "<p>…</p>",
        );
        return { status: 200, headers: { "content-type": "text/html" }, body };
      }),
    );
    const { summary } = await ready().check({ areas: ["guides"] });
    assert.deepEqual([summary.fail, summary.warning], [0, 1]);
  });

  describe("with a picture", () => {
    const picture = "the bytes of a picture";
    const sha256 = createHash("sha256").update(picture).digest("hex");
    const check = (file: { sha256: string; stale: boolean }) => {
      ready().front.plant({
        ...adds('<img src="/guides/okta/images/one.png" alt="The page of a connection">'),
        request({ path }) {
          if (path !== "/guides/okta/images/one.png") return undefined;
          return { status: 200, headers: { "content-type": "image/png" }, body: picture };
        },
      });
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
