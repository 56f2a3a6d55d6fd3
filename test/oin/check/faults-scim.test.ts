import assert from "node:assert/strict";
import { CheckReport } from "oin-kit/check/report";
import { checkScim } from "oin-kit/check/scim/check";
import { declarationFor } from "oin-kit/check/scim/declared";
import { openWeb, type Web } from "oin-kit/check/web";
import { product } from "../../../tools/guide/src/product.ts";
import {
  assertFound,
  eachScimFault,
  inAnswers,
  inJson,
  inRequests,
  type PlantedFault,
  scimError,
} from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import type { Exchange } from "../../helpers/front.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";

const users = /^\/scim\/v2\/Users/;
const userList = /^\/scim\/v2\/Users(\?|$)/;
const groups = /^\/scim\/v2\/Groups/;
const anything = /^\/scim\/v2/;

const hasStatus = (from: number, to: number) => (exchange: Exchange) => {
  if (exchange.status === from) exchange.status = to;
};
const hasType = (type: string) => (exchange: Exchange) => {
  if (exchange.status === 200) exchange.headers["content-type"] = type;
};
const empty = { totalResults: 0, itemsPerPage: 0, Resources: [] };
const counters = ["totalResults", "startIndex", "itemsPerPage"];
const filtered = (path: string) => /[?&]filter=/.test(path);

/** Responses, errors and authentication. */
const answers: PlantedFault[] = [
  {
    name: "a 401 that is HTML",
    fails: ["scim-wrong-token"],
    fault: () =>
      inAnswers("GET", anything, (exchange) => {
        if (exchange.status !== 401) return;
        Object.assign(exchange, { body: "<h1>Unauthorized</h1>" });
        exchange.headers["content-type"] = "text/html";
      }),
  },
  {
    name: "a 401 without WWW-Authenticate",
    warns: ["scim-www-authenticate"],
    fault: () => inAnswers("GET", anything, ({ headers }) => void delete headers["www-authenticate"]),
  },
  {
    name: "access without a token",
    fails: ["scim-anonymous"],
    fault: ({ token }) =>
      inRequests("GET", users, ({ requestHeaders }) => {
        requestHeaders.authorization ??= `Bearer ${token}`;
        return undefined;
      }),
  },
  {
    name: "a token that is accepted only with Bearer",
    warns: ["scim-token-raw"],
    fault: ({ token }) =>
      inRequests("GET", users, ({ requestHeaders }) =>
        requestHeaders.authorization === token ? scimError(401) : undefined,
      ),
  },
  {
    name: "status as a number",
    fails: ["scim-error-status"],
    seen: /status is 404/,
    fault: () => ({
      answer(exchange) {
        if (exchange.status >= 400) exchange.body = exchange.body.replace(/"status":"(\d+)"/, '"status":$1');
      },
    }),
  },
  {
    name: "errors without a detail",
    fails: ["scim-error-body"],
    seen: /there is no detail/,
    fault: () => ({
      answer(exchange) {
        if (exchange.status >= 402) exchange.body = exchange.body.replace(/"detail":"[^"]*"/, '"detail":""');
      },
    }),
  },
  {
    name: "a server error for a client's mistake",
    fails: ["scim-bad-request", "scim-no-server-error"],
    fault: () =>
      inRequests("POST", users, ({ requestBody }) =>
        requestBody.endsWith("}") ? undefined : scimError(500),
      ),
  },
  {
    name: "Content-Type: text/html",
    fails: ["scim-media-type"],
    fault: () => inAnswers("GET", users, hasType("text/html; charset=utf-8")),
  },
  {
    name: "JSON in another encoding than UTF-8",
    fails: ["scim-media-type"],
    seen: /iso-8859-1/,
    fault: () => inAnswers("GET", users, hasType("application/scim+json; charset=iso-8859-1")),
  },
  {
    name: "JSON with a byte order mark, and still removes what it created",
    fails: ["scim-media-type"],
    seen: /byte order mark/,
    fault: () => ({
      answer(exchange) {
        if (exchange.body.startsWith("{")) exchange.body = `\uFEFF${exchange.body}`;
      },
    }),
  },
  {
    name: "Content-Type: application/json",
    warns: ["scim-media-type-exact"],
    fault: () => inAnswers("GET", users, hasType("application/json")),
  },
  {
    name: "Retry-After as a date",
    fails: ["scim-retry-after"],
    seen: /with Retry-After: [A-Z]/,
    fault: () => {
      let refused = false;
      return inRequests("GET", groups, () => {
        if (refused) return undefined;
        refused = true;
        const { headers, ...error } = scimError(429);
        return { ...error, headers: { ...headers, "retry-after": new Date().toUTCString() } };
      });
    },
  },
  {
    name: "a change that is made with a wrong token",
    fails: ["scim-strangers"],
    seen: /PATCH .*: 404/,
    fault: ({ token }) =>
      inRequests("PATCH", anything, ({ requestHeaders }) => {
        requestHeaders.authorization = `Bearer ${token}`;
        return undefined;
      }),
  },
  {
    name: "a list of groups that anyone may read",
    fails: ["scim-strangers"],
    fault: ({ token }) =>
      inRequests("GET", groups, ({ requestHeaders }) => {
        requestHeaders.authorization = `Bearer ${token}`;
        return undefined;
      }),
  },
  {
    name: "406 for Accept: application/json",
    warns: ["scim-accept"],
    fault: () =>
      inRequests("GET", users, ({ requestHeaders }) =>
        requestHeaders.accept === "application/json" ? scimError(406) : undefined,
      ),
  },
  {
    name: "200 for an unknown id",
    fails: ["scim-unknown-id"],
    fault: () =>
      inAnswers("GET", /\/Users\/0+[19]\d+$/, (exchange) => {
        if (exchange.status === 404) Object.assign(exchange, { status: 200, body: "{}" });
      }),
  },
  {
    name: "204 for the change of an unknown person",
    fails: ["scim-unknown-id-changes"],
    seen: /PATCH/,
    fault: () => inAnswers("PATCH", users, hasStatus(404, 204)),
  },
  {
    name: "a redirect",
    fails: ["scim-no-redirect"],
    warns: ["scim-service-provider-config"],
    fault: () =>
      inRequests("GET", /\/ServiceProviderConfig$/, ({ path }) => ({
        status: 308,
        headers: { location: `${path}/` },
      })),
  },
  {
    name: "a connection that breaks off",
    fails: ["scim-reachable"],
    fault: () =>
      inRequests("GET", /\/Schemas$/, () => {
        throw new Error("planted");
      }),
  },
];

/** Lists and filters. */
const lists: PlantedFault[] = [
  {
    name: "404 for a filter without a match",
    fails: ["scim-filter-empty"],
    fault: () =>
      inAnswers("GET", userList, (exchange) => {
        if (/"totalResults":0/.test(exchange.body)) Object.assign(exchange, scimError(404));
      }),
  },
  {
    name: "counters as text",
    fails: ["scim-list-counters"],
    seen: /totalResults is "/,
    fault: () =>
      inJson("GET", anything, (body) => {
        for (const name of counters) if (name in body) body[name] = String(body[name]);
      }),
  },
  {
    name: "itemsPerPage equal to count",
    fails: ["scim-items-per-page"],
    fault: () =>
      inJson("GET", userList, (body) => {
        if ("itemsPerPage" in body) body.itemsPerPage = 100;
      }),
  },
  {
    name: "an empty list without Resources",
    fails: ["scim-list"],
    seen: /without Resources/,
    fault: () => inJson("GET", userList, (body) => body.totalResults === 0 && delete body.Resources),
  },
  {
    name: "ignored startIndex and count",
    fails: ["scim-paging", "scim-beyond-end"],
    warns: ["scim-count-zero", "scim-start-index"],
    fault: () =>
      inRequests("GET", userList, (exchange) => {
        if (!filtered(exchange.path)) exchange.path = exchange.path.replace(/\?.*/, "");
        return undefined;
      }),
  },
  {
    name: "totalResults of the page only",
    fails: ["scim-total-results"],
    warns: ["scim-count-zero"],
    fault: () =>
      inJson("GET", userList, (body) => {
        if (body.Resources) body.totalResults = body.Resources.length;
      }),
  },
  {
    name: "a case-sensitive filter",
    fails: ["scim-filter-case"],
    fault: () =>
      inJson("GET", userList, (body, { path }) => {
        if (/eq%20%22OINCHECK/.test(path)) Object.assign(body, empty);
      }),
  },
  {
    name: "ignored filters",
    fails: ["scim-filter", "scim-filter-empty", "scim-filter-invalid"],
    fault: () =>
      inRequests("GET", userList, (exchange) => {
        exchange.path = exchange.path.replace(/filter=[^&]*&?/, "");
        return undefined;
      }),
  },
  {
    name: "400 for startIndex=0",
    warns: ["scim-start-index"],
    fault: () => inRequests("GET", /startIndex=0/, () => scimError(400)),
  },
  {
    name: "a list whose people have another id than by POST",
    fails: ["scim-id-stable", "scim-filter", "scim-filter-case"],
    fault: () =>
      inJson("GET", /Users\?filter/, (body) => {
        for (const user of body.Resources ?? []) user.id = `other-${user.id}`;
      }),
  },
  {
    name: "a first person without names",
    fails: ["scim-first-user"],
    seen: /lacks name\.givenName, active: true/,
    fault: () =>
      inJson("GET", /\?count=1&startIndex=1$/, (body) => {
        const [first] = body.Resources ?? [];
        if (first?.name) Object.assign(first, { active: false, name: { familyName: "Only" } });
      }),
  },
];

describe("oin:check of a SCIM server", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);
  eachScimFault(["access", "misses"], ready, answers);
  eachScimFault(["first-page", "misses", "finding", "paging"], ready, lists);

  it("finds a page in place of a SCIM server", async () => {
    const scimUrl = `${ready().front.url}/guides`;
    assertFound(
      await ready().check({ areas: ["scim"], scimUrl }),
      ["scim-token-accepted", "scim-wrong-token", "scim-anonymous"],
      [],
      /this is not a SCIM server; compare the base URL/,
    );
  });

  it("finds an invalid token", async () => {
    assertFound(await ready().check({ areas: ["scim"], scimToken: "another" }), ["scim-token-accepted"]);
  });

  it("finds http on another machine", async () => {
    const outcome = await ready().check({ areas: ["scim"], scimUrl: "http://scim.invalid/v2" });
    assertFound(outcome, ["scim-url-https", "scim-reachable"]);
  });

  it("finds a refused raw token if the manifest declares the mode Header", async () => {
    const { front, token } = ready();
    front.plant(
      inRequests("GET", users, ({ requestHeaders }) =>
        requestHeaders.authorization === token ? scimError(401) : undefined,
      ),
    );
    const url = `${front.url}/scim/v2`;
    const { capability, attributes } = declarationFor(product, front.url, url) ?? assert.fail();
    const declared = { attributes, capability: { ...capability, authentication: "Header" as const } };
    const report = new CheckReport();
    const web = openWeb();
    await checkScim({ url, token, declared }, { check: web, cleanUp: web }, report, { steps: ["access"] });
    assertFound({ results: report.results(["scim"]) }, ["scim-token-mode"], ["scim-token-raw"]);
  });

  it("finds a response that takes longer than Okta waits", async () => {
    const report = new CheckReport();
    const web = openWeb();
    const slow: Web = {
      async send(url, request) {
        const answer = await web.send(url, request);
        return answer.method === "DELETE" ? { ...answer, ms: 61_000 } : answer;
      },
    };
    await checkScim(
      { url: `${ready().front.url}/scim/v2`, token: ready().token },
      { check: slow, cleanUp: web },
      report,
      { steps: ["deletion"] },
    );
    const late = report.results(["scim"]).filter(({ verdict }) => verdict === "fail");
    assert.deepEqual(
      late.map(({ rule, seen }) => [rule, /took 61000 ms$/.test(seen)]),
      [["scim-answer-time", true]],
    );
  });
});
