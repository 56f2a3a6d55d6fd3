import assert from "node:assert/strict";
import type { CheckOptions } from "oin-kit/check/options";
import type { RuleId } from "oin-kit/check/rules/all";
import { runCheck } from "oin-kit/check/run";
import type { Integration } from "oin-kit/integration";
import { submissionValues } from "oin-kit/submission";
import { brand } from "../../../config/brand.ts";
import { integration } from "../../../config/integration.ts";
import { png as opaquePng } from "../../../packages/oin-kit/test/png.ts";
import { connectionTypes } from "../../../src/sign-in-protocols.ts";
import { product } from "../../../tools/guide/src/product.ts";
import { assertFound, eachFault, inAnswers, inRequests } from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import { checkout, useReadyDeployment } from "../../helpers/readiness.ts";

const options: CheckOptions = {
  url: null,
  scimUrl: null,
  scimToken: null,
  areas: ["listing"],
  connections: [],
  idpMetadata: null,
};

/** The header of a PNG of this size, followed by zeros. */
function png(width: number, height: number, bytes = 100): Uint8Array {
  const header = Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin1");
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  return Buffer.concat([header, size, Buffer.alloc(bytes)]);
}

interface Planted {
  name: string;
  change?: Partial<Integration>;
  logo?: Uint8Array | null;
  fails?: RuleId[];
  warns?: RuleId[];
  seen?: RegExp;
}

const { description, variables } = integration;
const { saml } = integration; // SAML
assert.ok(saml); // SAML

const planted: Planted[] = [
  { name: "a logo of 201 × 200 pixels", logo: png(201, 200), fails: ["listing-logo"], seen: /201 × 200/ },
  { name: "a logo of a megabyte", logo: png(200, 200, 1_000_000), fails: ["listing-logo"], seen: /bytes/ },
  { name: "a logo that is not a picture", logo: Buffer.from("<svg/>"), fails: ["listing-logo"] },
  { name: "a missing logo", logo: null, fails: ["listing-logo"] },
  {
    name: "a logo without a transparent background",
    logo: opaquePng({ line: () => new Array(800).fill(255) }),
    warns: ["listing-logo"],
    seen: /no transparent pixel/,
  },
  { name: "a logo that is not square", logo: png(244, 156), warns: ["listing-logo"] },
  {
    name: "a display name of 65 characters",
    change: {
      displayName: brand.productName.padEnd(65, "x"),
      description: description.replaceAll(brand.productName, brand.productName.padEnd(65, "x")),
    },
    fails: ["listing-name"],
    seen: /65 characters/,
  },
  {
    name: "a description of 1024 characters",
    change: { description: description.padEnd(1024, ".") },
    fails: ["listing-description"],
    seen: /1024/,
  },
  {
    name: "a description of a capability that is not declared",
    change: { universalLogout: null },
    warns: ["listing-description"],
    seen: /names Universal Logout, which this manifest leaves out/,
  },
  {
    name: "a renamed variable that the URLs do not use",
    change: { variables: [{ name: "tenant", label: "Tenant" }] },
    fails: ["listing-variables"],
    seen: /lacks connection/,
  },
  {
    name: "a variable with a capital",
    change: { variables: [...variables, { name: "subDomain", label: "Subdomain" }] },
    fails: ["listing-variables"],
    seen: /subDomain/,
  },
  {
    name: "an unknown use case",
    change: { useCases: ["Task lists" as never] },
    fails: ["listing-use-cases"],
  },
  {
    name: "a use case that the capabilities contradict",
    change: { useCases: ["Directory and HR Sync"] },
    fails: ["listing-use-cases"],
    seen: /has Directory and HR Sync, which/,
  },
  {
    name: "a missing support contact",
    change: { customerSupport: { link: null, email: null, phone: null } },
    fails: ["listing-contacts"],
  },
  {
    name: "an http address in production",
    change: { origin: "http://app.example.com" },
    fails: ["listing-urls"],
  },
  // SAML {
  {
    name: "a flow description of 2049 characters",
    change: { saml: { ...saml, spFlowDescription: "x".repeat(2049) } },
    fails: ["listing-capabilities"],
  },
  // SAML }
  {
    name: "Universal Logout without a sign-in",
    change: {
      oidc: null,
      saml: null, // SAML
      description: `${brand.productName}: provisioning, and Universal Logout.`,
    },
    fails: ["listing-capabilities"],
  },
  {
    name: "another test account than Okta prefers",
    change: { testAccount: { ...integration.testAccount, username: "reviewer@example.com" } },
    warns: ["listing-test-account"],
  },
];

describe("oin:check of the manifest", () => {
  it("finds no problem in this product's", async () => {
    const published = submissionValues(product);
    const outcome = await runCheck(options, { ...checkout, published });
    assert.deepEqual(
      outcome.results.filter(({ verdict }) => verdict !== "pass"),
      [],
    );
  });

  for (const { name, change = {}, logo, fails = [], warns = [], seen } of planted) {
    it(`finds ${name}`, async () => {
      const manifest = { ...integration, ...change };
      const changed = { ...product, manifest, ...(logo === undefined ? {} : { logo }) };
      assertFound(await runCheck(options, { ...checkout, product: changed }), fails, warns, seen);
    });
  }
});

describe("oin:check of the manifest, compared with the published one,", () => {
  const published = submissionValues(product);
  const check = (manifest: Integration) =>
    runCheck(options, { ...checkout, product: { ...product, manifest }, published });

  it("finds a renamed variable", async () => {
    const screen = { ...published["Tenant settings"], Name: ["tenant"] };
    const before = { ...published, "Tenant settings": screen };
    const outcome = await runCheck(options, { ...checkout, published: before });
    assertFound(outcome, ["listing-unchanged"], [], /tenant was published and is gone; a renamed variable/);
  });

  it("finds a changed address, and a changed audience", async () => {
    const outcome = await check({ ...integration, origin: "https://new.example.com" });
    assertFound(outcome, ["listing-unchanged"], [], /is gone/);
  });

  it("warns of a variable that customers have not filled in", async () => {
    const outcome = await check({
      ...integration,
      variables: [...variables, { name: "region", label: "Region" }],
    });
    assertFound(outcome, [], ["listing-unchanged"], /region is new/);
  });
});

describe("oin:check of a deployment", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);
  eachFault(["site"], ready, [
    {
      name: "an account URL without a form",
      fails: ["site-account-url"],
      fault: () =>
        inRequests("GET", /^\/login\/password\//, () => ({ status: 302, headers: { location: "/login" } })),
    },
  ]);

  it("finds an underscore in the SCIM URL", async () => {
    ready().front.plant({
      request(exchange) {
        exchange.path = exchange.path.replace("/scim_v2", "/scim/v2");
        return undefined;
      },
    });
    assertFound(await ready().check({ areas: ["scim"], scimUrl: `${ready().front.url}/scim_v2` }), [
      "scim-url-underscore",
    ]);
  });

  it("finds a connection ID that is not served", async () => {
    const outcome = await ready().check({ areas: [...connectionTypes], connections: ["unknown"] });
    assertFound(outcome, [
      "oidc-served",
      "saml-served", // SAML
    ]);
  });

  it("finds a cookie of the sign-in form that scripts can read", async () => {
    ready().front.plant(
      inAnswers("GET", /^\/login\/password\//, (exchange) => {
        exchange.setCookies = ["form=1; Path=/; SameSite=Lax"];
      }),
    );
    assertFound(await ready().check({ areas: ["site"] }), [], ["site-cookies"], /form lacks HttpOnly/);
  });

  it("fails if a declared capability cannot be checked", async () => {
    const areas = [...connectionTypes, "scim"] as const;
    const outcome = await ready().check({ areas: [...areas], connections: [], scimToken: null });
    const found: RuleId[] = [
      "oidc-connection",
      "saml-connection", // SAML
      "scim-token-given",
    ];
    assertFound(outcome, found, [], /name one with --connection[\s\S]*--scim-token-stdin/);
  });

  // SAML {
  it("fails if the named connection has only one of two declared protocols", async () => {
    ready().front.plant(inRequests("GET", /\/saml\//, () => ({ status: 404 })));
    const outcome = await ready().check({ areas: ["oidc", "saml"] });
    assertFound(outcome, ["saml-connection"], [], /no connection of that type/);
  });
  // SAML }

  it("finds an SP Initiate URL that ends at a page of the product", async () => {
    const path = new RegExp(`/(${connectionTypes.join("|")})/${integration.testAccount.tenant}/login$`);
    ready().front.plant(inRequests("GET", path, () => ({ status: 200, headers: {}, body: "Welcome" })));
    const outcome = await ready().check({ areas: [...connectionTypes] });
    assertFound(outcome, [
      "oidc-sp-initiate-url",
      "saml-sp-initiate-url", // SAML
    ]);
  });

  it("does not ask for a token if the manifest leaves provisioning out", async () => {
    const deps = { product: { ...product, manifest: { ...integration, scim: null } } };
    const { summary } = await ready().check({ areas: ["scim"], scimToken: null }, deps);
    assert.deepEqual([summary.pass, summary.fail], [0, 0]);
  });

  it("judges no page that the manifest does not declare", async () => {
    const { oidc } = integration;
    const manifest = {
      ...integration,
      oidc: oidc && { ...oidc, idpInitiated: false, signOutOfOkta: false },
      saml: { ...saml, spInitiated: false }, // SAML
    };
    const undeclared = [
      "/(initiate|signed-out)$",
      "/saml/[^/]+/login", // SAML
    ];
    ready().front.plant(inRequests("GET", new RegExp(undeclared.join("|")), () => ({ status: 404 })));
    const outcome = await ready().check(
      { areas: [...connectionTypes] },
      { product: { ...product, manifest } },
    );
    assertFound(outcome, []);
  });

  it("skips what the manifest leaves out", async () => {
    const manifest = { ...integration, oidc: null, universalLogout: null };
    const { results } = await ready().check(
      { areas: ["oidc", "universal-logout"] },
      { product: { ...product, manifest } },
    );
    assert.deepEqual(new Set(results.map(({ verdict }) => verdict)), new Set(["not-checkable"]));
  });
});
