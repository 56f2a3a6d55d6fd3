import assert from "node:assert/strict";
import {
  assertFound,
  eachScimFault,
  inJson,
  inRequests,
  type PlantedFault,
  scimError,
} from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import type { Fault } from "../../helpers/front.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";

const users = /^\/scim\/v2\/Users/;
const groups = /^\/scim\/v2\/Groups/;
const groupById = /^\/scim\/v2\/Groups\/[^/?]+$/;
const lookUp = /^\/scim\/v2\/Users\?filter=/;

/** Returns at most 50 resources of a page. */
function cappedAt50(list: RegExp): Fault {
  return inRequests("GET", list, (exchange) => {
    exchange.path = exchange.path.replace("count=100", "count=50");
    return undefined;
  });
}

/** Answers a look-up for a name with this character otherwise. */
function failing(character: string, status: number): PlantedFault {
  const encoded = encodeURIComponent(JSON.stringify(character).slice(1, -1)).replace("'", "(?:'|%27)");
  return {
    name: `${status} for ${character} in a filter`,
    fails: [
      "scim-filter-characters",
      ...(status === 500 ? (["scim-no-server-error"] as const) : []),
      ...("'+".includes(character) ? (["scim-user-name-characters"] as const) : []),
    ],
    seen: new RegExp(`${status} .*, for .`),
    fault: () => inRequests("GET", new RegExp(`filter=.*${encoded}.*%22&`), () => scimError(status)),
  };
}

const characters: PlantedFault[] = [
  failing("'", 500),
  failing("&", 500),
  failing("+", 400),
  failing("%", 400),
  failing('"', 400),
  failing("é", 500),
  {
    name: "a filter in which a plus sign is a space",
    fails: ["scim-user-name-characters"],
    seen: /0 found/,
    fault: () =>
      inRequests("GET", lookUp, (exchange) => {
        exchange.path = exchange.path.replaceAll("%2B", "%20");
        return undefined;
      }),
  },
  {
    name: "a filter with an apostrophe that finds everyone",
    fails: ["scim-filter-characters", "scim-user-name-characters"],
    fault: () =>
      inRequests("GET", lookUp, (exchange) => {
        if (/'|%27/.test(exchange.path)) exchange.path = exchange.path.replace(/filter=[^&]*&/, "");
        return undefined;
      }),
  },
  {
    name: "a refused apostrophe in a userName",
    fails: ["scim-user-name-characters"],
    seen: /POST .*: 400/,
    fault: () =>
      inRequests("POST", users, ({ requestBody }) =>
        requestBody.includes("o'") ? scimError(400) : undefined,
      ),
  },
];

const sizes: PlantedFault[] = [
  {
    name: "a page of people that ends at 50",
    fails: ["scim-page-size", "scim-import-complete"],
    seen: /50 of 1\d\d; .*: 50 of \d+ missing|: 50 of 1\d\d/,
    fault: () => cappedAt50(/\/Users\?startIndex/),
  },
  {
    name: "a page of groups that ends at 50",
    fails: ["scim-group-page-size", "scim-group-import-complete"],
    steps: ["group-crowd"],
    fault: () => cappedAt50(/\/Groups\?startIndex/),
  },
  {
    name: "a second page that repeats the end of the first",
    fails: ["scim-import-complete"],
    seen: /listed twice/,
    fault: () =>
      inRequests("GET", /\/Users\?startIndex=101/, (exchange) => {
        exchange.path = exchange.path.replace("startIndex=101", "startIndex=91");
        return undefined;
      }),
  },
  {
    name: "groups that no page shows",
    fails: ["scim-group-import-complete"],
    steps: ["group-crowd"],
    fault: () =>
      inRequests("GET", /\/Groups\?startIndex=101/, (exchange) => {
        exchange.path = exchange.path.replace("startIndex=101", "startIndex=1000");
        return undefined;
      }),
  },
  {
    name: "a refused PATCH of more than 50 members",
    fails: ["scim-group-batch"],
    warns: ["scim-body-size"],
    seen: /413 .* to add 100 members/,
    fault: () =>
      inRequests("PATCH", groupById, ({ requestBody }) =>
        JSON.stringify(JSON.parse(requestBody)).split('"value"').length > 51 ? scimError(413) : undefined,
      ),
  },
  {
    name: "a PATCH that keeps the first 50 of its operations",
    fails: ["scim-group-batch"],
    seen: /to remove 100 members, then 50/,
    fault: () =>
      inRequests("PATCH", groupById, (exchange) => {
        const body = JSON.parse(exchange.requestBody);
        exchange.requestBody = JSON.stringify({ ...body, Operations: body.Operations.slice(0, 50) });
        return undefined;
      }),
  },
  {
    name: "a body limit of 100 kB",
    warns: ["scim-body-size"],
    fault: () =>
      inRequests("PATCH", groups, ({ requestBody }) =>
        requestBody.length > 100_000 ? scimError(413) : undefined,
      ),
  },
];

describe("oin:check of characters and sizes", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);
  eachScimFault(["characters"], ready, characters);
  eachScimFault(["crowd"], ready, sizes);

  it("creates no crowd on a server that cannot delete it", async () => {
    ready().front.plant(inRequests("DELETE", users, () => scimError(501)));
    const { results } = await ready().checkScim("deletion", "crowd");
    ready().front.plant(null);
    const size = results.find(({ rule }) => rule === "scim-page-size");
    assert.deepEqual([size?.verdict, /without DELETE/.test(size?.seen ?? "")], ["not-checkable", true]);
    assert.ok((await ready().population()).users < 20);
  });

  it("waits as Retry-After says, and creates the whole crowd", async () => {
    let refusals = 3;
    ready().front.plant(
      inRequests("POST", users, () => {
        if (refusals === 0) return undefined;
        refusals -= 1;
        const { headers, ...error } = scimError(429);
        return { ...error, headers: { ...headers, "retry-after": "0" } };
      }),
    );
    const { results, left } = await ready().checkScim("crowd");
    assertFound({ results }, []);
    const rule = (id: string) => results.find((result) => result.rule === id)?.verdict;
    assert.deepEqual([rule("scim-retry-after"), rule("scim-import-complete"), left], ["pass", "pass", []]);
  });
});

describe("oin:check of declared capabilities", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  it("fails those that it cannot check", async () => {
    ready().front.plant({
      request({ method, path }) {
        if (method === "GET" && groups.test(path)) return scimError(404);
        if (/\/(ResourceTypes|Schemas)$/.test(path)) return scimError(404);
        return undefined;
      },
    });
    const outcome = await ready().check({ areas: ["scim"] });
    const because = outcome.results.filter(({ seen }) => /the manifest declares .*not checkable/.test(seen));
    assert.deepEqual(because.map(({ rule }) => rule).sort(), [
      "scim-group-create",
      "scim-group-delete",
      "scim-group-find",
      "scim-group-rename",
      "scim-groups",
    ]);
    assertFound(
      outcome,
      [...because.map(({ rule }) => rule), "scim-entitlement-declared", "scim-import-user-schema"],
      ["scim-resource-types", "scim-schemas"],
    );
  });

  it("does not fail them on a server that no manifest is about", async () => {
    ready().front.plant(
      inJson("GET", /\/ResourceTypes$/, (body) => {
        body.Resources = body.Resources.slice(0, 2);
      }),
    );
    const outcome = await ready().check({ areas: ["scim"], url: null });
    assertFound(outcome, []);
    const declared = outcome.results.find(({ rule }) => rule === "scim-entitlement-declared");
    assert.equal(declared?.verdict, "not-checkable");
  });
});
