import assert from "node:assert/strict";
import type { CheckOutcome } from "oin-kit/check/run";
import { product } from "../../../tools/guide/src/product.ts";
import {
  assertFound,
  eachFault,
  inAnswers,
  inJson,
  inRequests,
  type PlantedFault,
  page,
} from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import type { Exchange, Fault } from "../../helpers/front.ts";
import { type ReadyDeployment, useReadyDeployment } from "../../helpers/readiness.ts";

const authorize = /^\/oauth2\/authorize\b/;
const token = /^\/oauth2\/token$/;
const metadata = /^\/\.well-known\/oauth-authorization-server$/;

/** An authorization endpoint that sends the browser to the redirect URI of some requests. */
function sending(isSent: (asked: { client: string; uri: string }, ready: ReadyDeployment) => boolean) {
  return (ready: ReadyDeployment): Fault =>
    inRequests("GET", authorize, ({ path }) => {
      const query = new URLSearchParams(path.split("?")[1]);
      const [client, uri] = [query.get("client_id") ?? "", query.get("redirect_uri") ?? ""];
      return isSent({ client, uri }, ready) ? sentTo(uri) : undefined;
    });
}

function sentTo(uri: string): Partial<Exchange> {
  const location = `${uri}${uri.includes("?") ? "&" : "?"}error=invalid_request`;
  return { status: 303, headers: { location }, body: "" };
}

/** A comparison of redirect URIs that is too loose. */
const comparing = (isOkta: (uri: string) => boolean) =>
  sending(({ client, uri }, ready) => client === ready.scimClient && !isExact(uri) && isOkta(uri));
const isExact = (uri: string) =>
  /^https:\/\/system-admin\.okta\.com\/admin\/app\/cpc\/\w+\/oauth\/callback$/.test(uri);
const parsed = (uri: string) => (URL.canParse(uri) ? new URL(uri) : null);

const faults: PlantedFault[] = [
  {
    name: "no authorization endpoint",
    fails: ["scim-oauth-served"],
    seen: /GET \/oauth2\/authorize: 404/,
    fault: () => inRequests("GET", authorize, () => page(404)),
  },
  {
    name: "no token endpoint",
    fails: ["scim-oauth-served"],
    seen: /POST \/oauth2\/token: 405/,
    fault: () => inRequests("POST", token, () => page(405)),
  },
  {
    name: "metadata with another authorization endpoint",
    warns: ["scim-oauth-metadata"],
    seen: /other\.example/,
    fault: () =>
      inJson("GET", metadata, (body) => {
        body.authorization_endpoint = "https://other.example/oauth2/authorize";
      }),
  },
  {
    name: "a right request that is refused",
    fails: ["scim-oauth-sign-in"],
    fault: ({ scimClient }) =>
      inRequests("GET", authorize, ({ path }) =>
        path.includes(scimClient) && path.includes("oincheck_1%2Foauth%2Fcallback&") ? page(400) : undefined,
      ),
  },
  {
    name: "a sign-in on another host",
    fails: ["scim-oauth-sign-in"],
    seen: /https:\/\/other\.example/,
    fault: () =>
      inAnswers("GET", authorize, ({ status, headers }) => {
        if (status === 303) headers.location = "https://other.example/login";
      }),
  },
  {
    name: "an unknown client that sends the browser away",
    fails: ["scim-oauth-unknown-client"],
    fault: sending(({ client }) => client === "oincheck-unknown"),
  },
  {
    name: "an unknown client whose page sends the browser away",
    fails: ["scim-oauth-unknown-client"],
    fault: () =>
      inRequests("GET", authorize, ({ path }) =>
        path.includes("oincheck-unknown")
          ? page(400, '<meta http-equiv="refresh" content="0;url=https://other.example">')
          : undefined,
      ),
  },
  {
    name: "the redirect URI of Okta's case C21902",
    fails: ["scim-oauth-redirect-uri"],
    seen: /the host of test case C21902/,
    fault: comparing((uri) => uri.includes("clouditude")),
  },
  {
    name: "redirect URIs that are compared by their beginning",
    fails: ["scim-oauth-redirect-uri"],
    seen: /begins like Okta's.*as a user name/,
    fault: comparing((uri) => uri.startsWith("https://system-admin.okta.com")),
  },
  {
    name: "redirect URIs that are compared by the end of the host",
    fails: ["scim-oauth-redirect-uri"],
    seen: /a subdomain/,
    fault: comparing((uri) => parsed(uri)?.hostname.endsWith(".system-admin.okta.com") ?? false),
  },
  {
    name: "redirect URIs that are compared by the host",
    fails: ["scim-oauth-redirect-uri"],
    seen: /for http;.*another port;.*capital letters/,
    fault: comparing((uri) => parsed(uri)?.hostname === "system-admin.okta.com"),
  },
  {
    name: "a wrong client that is told about its code",
    fails: ["scim-oauth-client"],
    seen: /400 application\/json, error: "invalid_grant"/,
    fault: () =>
      inRequests("POST", token, () => ({
        status: 400,
        headers: { "content-type": "application/json", "cache-control": "no-store" },
        body: '{"error":"invalid_grant"}',
      })),
  },
  {
    name: "a refusal that a cache keeps",
    fails: ["scim-oauth-not-cached"],
    fault: () => inAnswers("POST", token, ({ headers }) => void delete headers["cache-control"]),
  },
];

describe("oin:check of OAuth 2.0 for SCIM", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  it("finds nothing in a ready deployment, and judges each rule", async () => {
    const outcome = await ready().check({ areas: ["scim-oauth"] });
    assertFound(outcome, []);
    assert.deepEqual(verdictsOf(outcome), ["pass"]);
  });

  it("says which rules it cannot judge without a client ID", async () => {
    const { results } = await ready().check({ areas: ["scim-oauth"], scimClient: null });
    const open = results.filter(({ verdict }) => verdict !== "pass");
    assert.deepEqual(
      open.map(({ rule, verdict }) => [rule, verdict]),
      [
        ["scim-oauth-sign-in", "not-checkable"],
        ["scim-oauth-redirect-uri", "not-checkable"],
      ],
    );
    assert.ok(open.every(({ seen }) => seen.includes("--scim-client")));
  });

  describe("if the metadata does not announce it", () => {
    const withoutIt = () => inJson("GET", metadata, (body) => void body.grant_types_supported.splice(1));

    it("judges nothing for a manifest with a token", async () => {
      ready().front.plant(withoutIt());
      assert.deepEqual(verdictsOf(await ready().check({ areas: ["scim-oauth"] })), ["not-checkable"]);
    });

    it("judges it for a manifest with OAuth 2, and warns about the metadata", async () => {
      ready().front.plant(withoutIt());
      const outcome = await ready().check({ areas: ["scim-oauth"] }, { product: byOAuth });
      assertFound(outcome, [], ["scim-oauth-metadata"], /grant_types_supported/);
    });
  });

  eachFault(["scim-oauth"], ready, faults);
});

const { manifest } = product;
assert.ok(manifest.scim);
const byOAuth = {
  ...product,
  manifest: { ...manifest, scim: { ...manifest.scim, authentication: "OAuth 2" as const } },
};

function verdictsOf({ results }: Pick<CheckOutcome, "results">): string[] {
  return [...new Set(results.map(({ verdict }) => verdict))];
}
