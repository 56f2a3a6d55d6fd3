import assert from "node:assert/strict";
import { CheckReport } from "oin-kit/check/report";
import { checkScim } from "oin-kit/check/scim/check";
import { openWeb, type Web } from "oin-kit/check/web";
import {
  assertFound,
  eachFault,
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
const userById = /^\/scim\/v2\/Users\/[^/?]+$/;
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
    warns: ["scim-count-zero"],
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
    name: "a page of one role with itemsPerPage 2",
    fails: ["scim-entitlement-paging", "scim-items-per-page"],
    fault: () => inJson("GET", /\/Roles\?/, (body) => Object.assign(body, { itemsPerPage: 2 })),
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
  {
    name: "a missing core schema",
    warns: ["scim-schemas"],
    fault: () => inJson("GET", /\/Schemas$/, (body) => body.Resources.shift()),
  },
  {
    name: "entitlements without a type",
    fails: ["scim-entitlement-resources"],
    seen: /\/Entitlements lacks type/,
    fault: () => inJson("GET", /\/Entitlements\?/, (body) => delete body.Resources[0].type),
  },
  {
    name: "an assigned role that is lost",
    fails: ["scim-entitlement-assigned"],
    seen: /with roles: member, then it is not there/,
    fault: () => inJson("GET", userById, (body) => delete body.roles),
  },
  {
    name: "a profile push that removes roles",
    warns: ["scim-entitlement-kept"],
    fault: () =>
      inRequests("PUT", users, (exchange) => {
        exchange.requestBody = JSON.stringify({
          roles: [],
          entitlements: [],
          ...JSON.parse(exchange.requestBody),
        });
        return undefined;
      }),
  },
  {
    name: "entitlements that cannot be removed",
    fails: ["scim-entitlement-withdrawn"],
    fault: () =>
      inRequests("PUT", users, (exchange) => {
        exchange.requestBody = exchange.requestBody.replace(/,"entitlements":\[\]|"entitlements":\[\],/, "");
        return undefined;
      }),
  },
  {
    name: "a missing resource type User",
    warns: ["scim-resource-types"],
    fault: () => inJson("GET", /\/ResourceTypes$/, (body) => body.Resources.shift()),
  },
];

/** People. */
const people: PlantedFault[] = [
  {
    name: "200 for a POST",
    fails: ["scim-create"],
    fault: () => inAnswers("POST", users, hasStatus(201, 200)),
  },
  {
    name: "a server that refuses application/json",
    fails: ["scim-create"],
    fault: () =>
      inRequests("POST", users, ({ requestHeaders }) =>
        requestHeaders["content-type"] === "application/json" ? scimError(415) : undefined,
      ),
  },
  {
    name: "a response to POST without an id",
    fails: ["scim-create-body"],
    fault: () => inJson("POST", users, (body) => delete body.id),
  },
  {
    name: "userName in lower case",
    fails: ["scim-user-name-case"],
    fault: () => ({
      answer(exchange) {
        exchange.body = exchange.body.replace(/"userName":"[^"]*"/g, (text) =>
          text.toLowerCase().replace("username", "userName"),
        );
      },
    }),
  },
  {
    name: "a password that is returned",
    fails: ["scim-password"],
    fault: () =>
      inJson("POST", users, (body, { requestBody }) => {
        if (body.id) body.password = JSON.parse(requestBody).password;
      }),
  },
  {
    name: "a lost externalId",
    warns: ["scim-external-id"],
    fault: () => inJson("POST", users, (body) => delete body.externalId),
  },
  {
    name: "200 for a second POST",
    fails: ["scim-duplicate"],
    fault: () => inAnswers("POST", users, hasStatus(409, 200)),
  },
  {
    name: "200 for an unknown id",
    fails: ["scim-unknown-id"],
    fault: () =>
      inAnswers(
        "GET",
        /\/Users\/0+[19]\d+$/,
        (exchange) => Object.assign(exchange, { status: 200, body: "{}" }) as never,
      ),
  },
  {
    name: "a PUT that refuses read-only attributes",
    fails: ["scim-put-read-only"],
    fault: () =>
      inRequests("PUT", users, ({ requestBody }) =>
        "meta" in JSON.parse(requestBody) ? scimError(400) : undefined,
      ),
  },
  {
    name: "a PUT that refuses empty values",
    fails: ["scim-put-empty"],
    fault: () =>
      inRequests("PUT", users, ({ requestBody }) =>
        requestBody.includes('"middleName":""') ? scimError(400) : undefined,
      ),
  },
  {
    name: "a PUT that changes nothing",
    fails: ["scim-put", "scim-entitlement-assigned"],
    warns: ["scim-put-deactivates"],
    fault: ({ app, token }) => ({
      async request({ method, path }) {
        if (method !== "PUT" || !users.test(path)) return undefined;
        const headers = { authorization: `Bearer ${token}` };
        const answer = await fetch(app.url.replace("localhost", "127.0.0.1") + path, { headers });
        return {
          status: 200,
          headers: { "content-type": "application/scim+json" },
          body: await answer.text(),
        } as never;
      },
    }),
  },
  {
    name: "a refused PATCH without a path",
    fails: ["scim-patch-pathless"],
    fault: () =>
      inRequests("PATCH", users, ({ requestBody }) =>
        requestBody.includes('"path"') ? undefined : scimError(400),
      ),
  },
  {
    name: "a person who differs from what was created",
    fails: ["scim-read"],
    seen: /wrong or absent: name\.familyName/,
    fault: () => {
      let created = false;
      return inJson("GET", userById, (body) => {
        if (!created && body.userName?.startsWith("Oincheck"))
          Object.assign(body.name, { familyName: "Other" });
        created ||= body.userName?.startsWith("Oincheck");
      });
    },
  },
  {
    name: "a PATCH answered with 200 and no body",
    fails: ["scim-patch-answer"],
    fault: () =>
      inAnswers("PATCH", users, (exchange) => {
        if (exchange.status === 200) exchange.body = "";
      }),
  },
  {
    name: "an activation that does nothing",
    fails: ["scim-reactivated"],
    fault: () =>
      inRequests("PATCH", users, ({ requestBody }) =>
        requestBody.includes('"active":true') ? { status: 204, headers: {}, body: "" } : undefined,
      ),
  },
  {
    name: "200 for an unknown operation",
    fails: ["scim-patch-unknown"],
    fault: () => inAnswers("PATCH", users, hasStatus(400, 200)),
  },
  {
    name: "filters that hide a deactivated person",
    fails: ["scim-deactivated-found"],
    fault: () =>
      inJson("GET", userList, (body, { path }) => {
        if (!filtered(path) || !body.Resources?.some((user: { active: boolean }) => !user.active)) return;
        Object.assign(body, empty);
      }),
  },
  {
    name: "a deactivated person who cannot be read",
    fails: ["scim-deactivated-readable"],
    fault: () =>
      inAnswers("GET", userById, (exchange) => {
        if (/"active":false/.test(exchange.body)) Object.assign(exchange, scimError(404));
      }),
  },
  {
    name: "a server without DELETE",
    warns: ["scim-delete"],
    fault: () => {
      // Only for the person that is judged, so that the check can clean up the others.
      let refused = false;
      return inRequests("DELETE", users, () => {
        if (refused) return undefined;
        refused = true;
        return scimError(501);
      });
    },
  },
];

describe("oin:check of a SCIM server", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);
  eachFault(["scim"], ready, [...answers, ...lists, ...people]);

  it("finds an invalid token", async () => {
    assertFound(await ready().check({ areas: ["scim"], scimToken: "another" }), ["scim-token-accepted"]);
  });

  it("finds http on another machine", async () => {
    const outcome = await ready().check({ areas: ["scim"], scimUrl: "http://scim.invalid/v2" });
    assertFound(outcome, ["scim-url-https", "scim-reachable"]);
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
    );
    const late = report.results(["scim"]).filter(({ verdict }) => verdict === "fail");
    assert.deepEqual(
      late.map(({ rule, seen }) => [rule, /took 61000 ms$/.test(seen)]),
      [["scim-answer-time", true]],
    );
  });
});
