import assert from "node:assert/strict";
import type { CheckOptions } from "oin-kit/check/options";
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
import { useReadyDeployment } from "../../helpers/readiness.ts";

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const serverMetadata = /^\/\.well-known\/oauth-authorization-server$/;
const mcpMetadata = /^\/\.well-known\/oauth-protected-resource\/mcp$/;
const api = /^\/api\/v1\b/;

const published: PlantedFault[] = [
  {
    name: "an authorization server without metadata",
    fails: ["agents-metadata"],
    seen: /404/,
    fault: () => inRequests("GET", serverMetadata, () => page(404)),
  },
  {
    name: "an issuer with a slash at its end",
    fails: ["agents-issuer"],
    fault: () =>
      inJson("GET", serverMetadata, (body) => void Object.assign(body, { issuer: `${body.issuer}/` })),
  },
  {
    name: "a token endpoint on another host",
    fails: ["agents-token-endpoint"],
    fault: () =>
      inJson(
        "GET",
        serverMetadata,
        (body) => void Object.assign(body, { token_endpoint: "https://other.example/token" }),
      ),
  },
  {
    name: "metadata without the grant",
    fails: ["agents-grant-type"],
    fault: () =>
      inJson("GET", serverMetadata, (body) => void Object.assign(body, { grant_types_supported: [] })),
  },
  {
    name: "metadata without the profile",
    fails: ["agents-profile"],
    fault: () => inJson("GET", serverMetadata, (body) => delete body.authorization_grant_profiles_supported),
  },
  {
    name: "metadata that lacks a scope",
    fails: ["agents-scopes"],
    fault: () => inJson("GET", serverMetadata, (body) => void body.scopes_supported.pop()),
  },
  {
    name: "agents without authentication",
    fails: ["agents-client-authentication"],
    fault: () =>
      inJson("GET", serverMetadata, (body) => void body.token_endpoint_auth_methods_supported.push("none")),
  },
  {
    name: "an announced refresh token",
    fails: ["agents-no-refresh-grant"],
    fault: () =>
      inJson("GET", serverMetadata, (body) => {
        body.grant_types_supported = [jwtBearer, "refresh_token"];
      }),
  },
  {
    name: "a list of customers",
    fails: ["agents-no-trusted-issuers"],
    seen: /trusted_issuers/,
    fault: () =>
      inJson(
        "GET",
        serverMetadata,
        (body) => void Object.assign(body, { trusted_issuers: ["https://acme.okta.com"] }),
      ),
  },
  {
    name: "a resource without metadata",
    fails: ["agents-resource-metadata", "agents-challenge"],
    fault: () => inRequests("GET", mcpMetadata, () => page(404)),
  },
  {
    name: "a resource with a slash at its end",
    fails: ["agents-resource-identifier"],
    seen: /MCP server: .*\/mcp\//,
    fault: () =>
      inJson("GET", mcpMetadata, (body) => void Object.assign(body, { resource: `${body.resource}/` })),
  },
  {
    name: "a resource of another authorization server",
    fails: ["agents-resource-server"],
    fault: () =>
      inJson(
        "GET",
        mcpMetadata,
        (body) => void Object.assign(body, { authorization_servers: ["https://other.example"] }),
      ),
  },
  {
    name: "a resource without its scopes",
    warns: ["agents-resource-scopes"],
    fault: () => inJson("GET", mcpMetadata, (body) => delete body.scopes_supported),
  },
  {
    name: "a refusal that does not say where the metadata is",
    fails: ["agents-challenge"],
    seen: /401.*WWW-Authenticate: Bearer/,
    fault: () =>
      inAnswers("GET", api, ({ headers }) => void Object.assign(headers, { "www-authenticate": "Bearer" })),
  },
  {
    name: "an API that accepts any token",
    fails: ["agents-unknown-token"],
    fault: () =>
      inRequests("GET", api, ({ requestHeaders }) =>
        requestHeaders.authorization === "Bearer oincheck-unknown" ? page(200) : undefined,
      ),
  },
];

/** Changes the responses of the token endpoint that have a token. */
// biome-ignore lint/suspicious/noExplicitAny: the body has the shape of RFC 6749 §5.1, or any other.
const inTokens = (change: (body: any, exchange: Exchange) => void) =>
  inJson("POST", /^\/oauth2\/token$/, (body, exchange) => {
    if (body.access_token) change(body, exchange);
  });

const tokens: PlantedFault[] = [
  {
    name: "a token of another type",
    fails: ["agents-token"],
    fault: () => inTokens((body) => void Object.assign(body, { token_type: "mac" })),
  },
  {
    name: "a token that a cache keeps",
    fails: ["agents-not-cached"],
    fault: () => inTokens((_body, { headers }) => delete headers["cache-control"]),
  },
  {
    name: "a refresh token",
    fails: ["agents-no-refresh-token"],
    fault: () => inTokens((body) => void Object.assign(body, { refresh_token: "planted" })),
  },
  {
    name: "a response that does not say which scopes were granted",
    fails: ["agents-granted-scope", "agents-scope-raised"],
    fault: () => inTokens((body) => delete body.scope),
  },
  {
    name: "a token that lives for a day",
    warns: ["agents-lifetime"],
    fault: () => inTokens((body) => void Object.assign(body, { expires_in: 86_400 })),
  },
  {
    name: "a token that opens nothing",
    fails: ["agents-token-works"],
    seen: /GET \/api\/v1.*: 403/,
    fault: () =>
      inRequests("GET", api, ({ requestHeaders }) =>
        requestHeaders.authorization?.startsWith("Bearer oinat_") ? page(403) : undefined,
      ),
  },
  {
    name: "a token of the API that opens the MCP server",
    fails: ["agents-token-resource"],
    fault: forgetfulOfResources,
  },
  {
    name: "a token that outlives Universal Logout",
    fails: ["agents-logout"],
    fault: () => outliving("POST", /^\/global-token-revocation$/),
  },
  {
    name: "a token that outlives deactivation",
    fails: ["agents-deactivated"],
    fault: () => outliving("PATCH", /^\/scim\/v2\/Users\//),
  },
];

/** Accepts at the MCP server every token that was issued for the API. */
function forgetfulOfResources(): Fault {
  const ofApi = new Set<string>();
  return {
    request({ path, requestHeaders: { authorization = "" } }) {
      return path === "/mcp" && ofApi.has(authorization) ? page(200) : undefined;
    },
    answer({ path, requestBody, body }) {
      if (path !== "/oauth2/token" || !body.includes("access_token")) return;
      const assertion = new URLSearchParams(requestBody).get("assertion") ?? "";
      const claims = Buffer.from(assertion.split(".")[1] ?? "", "base64url").toString();
      if (claims.includes("/api/v1")) ofApi.add(`Bearer ${JSON.parse(body).access_token}`);
    },
  };
}

/** Answers calls of the API as if a request to another endpoint had ended nothing, until the next token. */
function outliving(method: string, path: RegExp): Fault {
  let isEnded = false;
  return {
    request(exchange) {
      if (exchange.path === "/oauth2/token") isEnded = false;
      if (exchange.method === method && path.test(exchange.path)) isEnded = true;
      return isEnded && api.test(exchange.path) ? page(200) : undefined;
    },
  };
}

describe("oin:check of Cross App Access", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  it("finds nothing in a ready deployment, and judges each rule", async () => {
    const { results, left, crossAppAccess } = await ready().check({ areas: ["agents"] });
    assertFound({ results }, []);
    assert.deepEqual(
      results.filter(({ verdict }) => verdict !== "pass").map(({ rule, seen }) => `${rule}: ${seen}`),
      [],
    );
    assert.deepEqual(left, []);
    assert.ok((crossAppAccess?.steps.length ?? 0) > 30);
  });

  // A check without an agent is quicker, and reads all that is published.
  const withoutAgent = () => ({
    ...ready(),
    check: (options: Partial<CheckOptions> = {}) =>
      ready().check({ ...options, agents: { agent: null, org: null } }),
  });
  eachFault(
    ["agents"],
    withoutAgent,
    published.map((one) => ({ ...one, fails: [...(one.fails ?? []), "agents-checked"] })),
  );
  eachFault(["agents"], ready, tokens);

  it("fails without an agent or an org, and says how to make them", async () => {
    const { agents } = ready().forAgents;
    for (const [given, how] of [
      [{ agent: null, org: agents.org }, /client create --name "Readiness check" --json.*--agent/],
      [{ ...agents, org: null }, /--org/],
    ] as const)
      assertFound(await ready().check({ areas: ["agents"], agents: given }), ["agents-checked"], [], how);
    const elsewhere = await ready().check({ areas: ["agents"], connections: [ready().key] });
    assertFound(elsewhere, ["agents-checked"], [], /name a connection with this issuer/);
  });

  it("reports that it left a person behind, if it has no provisioning token", async () => {
    const { store } = ready().tenant;
    const [key = ""] = ready().forAgents.connections;
    const connection = (await store.connections.list()).find((one) => one.key === key);
    assert.ok(connection);
    await store.connections.update(connection.id, { ...connection, justInTime: true });
    const { results, left } = await ready().check({ areas: ["agents"], scimToken: null });
    assertFound({ results }, []);
    assert.deepEqual(
      results.filter(({ verdict }) => verdict === "not-checkable").map(({ rule }) => rule),
      ["agents-deactivated"],
    );
    assert.match(left[0]?.id ?? "", /^oincheck-.*@example\.com$/);
  });

  it("passes over a product without Cross App Access", async () => {
    const { product } = await import("../../../tools/guide/src/product.ts");
    const manifest = { ...product.manifest, crossAppAccess: null };
    const outcome = await ready().check({ areas: ["agents"] }, { product: { ...product, manifest } });
    assert.deepEqual(new Set(outcome.results.map(({ verdict }) => verdict)), new Set(["not-checkable"]));
    assert.deepEqual([outcome.summary.fail, outcome.crossAppAccess], [0, null]);
  });
});
