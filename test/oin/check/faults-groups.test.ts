import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
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
import type { Exchange, Fault } from "../../helpers/front.ts";
import { type ReadyDeployment, useReadyDeployment } from "../../helpers/readiness.ts";

const groups = /^\/scim\/v2\/Groups/;
const groupById = /^\/scim\/v2\/Groups\/[^/?]+$/;
const users = /^\/scim\/v2\/Users\//;

interface Operation {
  op: string;
  path?: string;
  value?: unknown;
}

function operationsOf({ requestBody }: Exchange): Operation[] {
  return JSON.parse(requestBody).Operations;
}

const done = { status: 204, headers: {}, body: "" };

/** Drops the operations that match `dropped`, and answers as if they had been done. */
function droppingOperations(dropped: (operation: Operation) => boolean): Fault {
  return inRequests("PATCH", groupById, (exchange) => {
    const operations = operationsOf(exchange).filter((operation) => !dropped(operation));
    if (operations.length === 0) return done;
    exchange.requestBody = JSON.stringify({ ...JSON.parse(exchange.requestBody), Operations: operations });
    return undefined;
  });
}

/** Does something else at the application after it has answered a request. */
function alsoSending(
  { app, token }: ReadyDeployment,
  when: (exchange: Exchange) => boolean,
  more: (exchange: Exchange) => { path: string; operations: object[] }[],
): Fault {
  return {
    async answer(exchange) {
      if (!when(exchange)) return;
      for (const { path, operations } of more(exchange)) {
        await fetch(app.url.replace("localhost", "127.0.0.1") + path, {
          method: "PATCH",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
          body: JSON.stringify({
            schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            Operations: operations,
          }),
        });
      }
    },
  };
}

const noMembers = { op: "replace", path: "members", value: [] };

const faults: PlantedFault[] = [
  {
    name: "a slow list of groups",
    fails: ["scim-groups-time"],
    seen: /\d{3} ms/,
    fault: () => inAnswers("GET", /\/Groups$/, () => sleep(650)),
  },
  {
    name: "a forbidden list of groups",
    fails: ["scim-groups"],
    fault: () => inRequests("GET", /\/Groups$/, () => scimError(403)),
  },
  {
    name: "a rename that removes the members",
    fails: ["scim-group-rename-members"],
    seen: /2 missing/,
    fault: (ready) =>
      alsoSending(
        ready,
        ({ method, path, requestBody }) =>
          method === "PATCH" && groupById.test(path) && requestBody.includes("renamed"),
        ({ path }) => [{ path, operations: [noMembers] }],
      ),
  },
  {
    name: "a refused rename without a path",
    fails: ["scim-group-rename", "scim-group-unknown-id"],
    fault: () =>
      inRequests("PATCH", groupById, (exchange) =>
        operationsOf(exchange).some(({ path }) => path === undefined) ? scimError(400) : undefined,
      ),
  },
  {
    name: "a rename that fails because of the id",
    fails: ["scim-group-rename"],
    fault: () =>
      inRequests("PATCH", groupById, ({ requestBody }) =>
        requestBody.includes('"id"') ? scimError(400) : undefined,
      ),
  },
  {
    name: "ignored removals",
    fails: ["scim-group-remove"],
    warns: ["scim-group-remove-value"],
    seen: /still a member/,
    fault: () => droppingOperations(({ op }) => op === "remove"),
  },
  {
    name: "a removal that also removes the others",
    fails: ["scim-group-remove"],
    seen: /others are gone/,
    fault: (ready) =>
      alsoSending(
        ready,
        (exchange) =>
          exchange.method === "PATCH" && groupById.test(exchange.path) && operationsOf(exchange).length === 2,
        (exchange) => {
          const added = operationsOf(exchange).find(({ op }) => op === "add");
          return [
            { path: exchange.path, operations: [{ op: "replace", path: "members", value: added?.value }] },
          ];
        },
      ),
  },
  {
    name: "an error for the removal of a person who is not a member",
    fails: ["scim-group-remove-again"],
    warns: ["scim-group-remove-value"],
    fault: () =>
      inRequests("PATCH", groupById, (exchange) => {
        const [first, second] = operationsOf(exchange);
        return first?.op === "remove" && !second ? scimError(404) : undefined;
      }),
  },
  {
    name: "ignored additions",
    fails: ["scim-group-add"],
    seen: /1 missing|2 members: 1 too many|3 members/,
    fault: () => droppingOperations(({ op }) => op === "add"),
  },
  {
    name: "ignored changes of members",
    fails: ["scim-group-add", "scim-group-add-again", "scim-group-push"],
    warns: ["scim-group-put"],
    fault: () => {
      const ignoring = droppingOperations(({ path }) => path?.startsWith("members") ?? false);
      const showing = inJson("GET", groupById, (body) => Object.assign(body, { members: [] }));
      const putting = inRequests("PUT", groupById, (exchange) => {
        exchange.requestBody = JSON.stringify({ ...JSON.parse(exchange.requestBody), members: [] });
        return undefined;
      });
      return {
        request: (exchange) => ignoring.request?.(exchange) ?? putting.request?.(exchange),
        answer: showing.answer,
      } as Fault;
    },
  },
  {
    name: "members that are listed twice",
    fails: ["scim-group-add-again"],
    seen: /listed twice/,
    fault: () => {
      let again = false;
      const counting = inRequests("PATCH", groupById, (exchange) => {
        const [only, other] = operationsOf(exchange);
        again = only?.op === "add" && !other && Array.isArray(only.value) && only.value.length === 1;
        return undefined;
      });
      const doubling = inJson("GET", groupById, (body) => {
        if (again && body.members) body.members.push(body.members[0]);
      });
      return { ...counting, ...doubling };
    },
  },
  {
    name: "a “Push now” that adds instead of replacing",
    fails: ["scim-group-push"],
    seen: /too many/,
    fault: () =>
      inRequests("PATCH", groupById, (exchange) => {
        const [only] = operationsOf(exchange);
        if (only?.op !== "replace" || !Array.isArray(only.value) || only.value.length === 0) return undefined;
        exchange.requestBody = exchange.requestBody.replace('"replace"', '"add"');
        return undefined;
      }),
  },
  {
    name: "a “Push now” of an empty group that does nothing",
    fails: ["scim-group-push-empty"],
    fault: () => droppingOperations(({ value }) => Array.isArray(value) && value.length === 0),
  },
  {
    name: "a server without PUT for groups",
    warns: ["scim-group-put"],
    fault: () => inRequests("PUT", groupById, () => scimError(405)),
  },
  {
    name: "a PUT of a person that removes them from their groups",
    fails: ["scim-put-read-only"],
    seen: /out of the group/,
    fault: (ready) => {
      let group = "";
      const remembering = inRequests("PATCH", groupById, ({ path }) => {
        group = path;
        return undefined;
      });
      const emptying = alsoSending(
        ready,
        ({ method, path, requestBody }) =>
          method === "PUT" && users.test(path) && requestBody.includes('"groups":[]') && group !== "",
        ({ path }) => [
          {
            path: group,
            operations: [{ op: "remove", path: `members[value eq "${path.split("/").at(-1)}"]` }],
          },
        ],
      );
      return { ...remembering, ...emptying };
    },
  },
  {
    name: "a second group of the same name",
    warns: ["scim-group-duplicate"],
    fault: () =>
      inRequests("POST", groups, (exchange) => {
        const { displayName } = JSON.parse(exchange.requestBody);
        return seenNames.has(displayName)
          ? { status: 201, headers: { "content-type": "application/scim+json" }, body: "{}" }
          : void seenNames.add(displayName);
      }),
  },
  {
    name: "a filter for groups that finds nothing",
    fails: ["scim-group-find", "scim-group-characters"],
    fault: () =>
      inJson("GET", /\/Groups\?filter/, (body) =>
        Object.assign(body, { totalResults: 0, itemsPerPage: 0, Resources: [] }),
      ),
  },
  {
    name: "200 for a new group",
    fails: ["scim-group-create"],
    fault: () =>
      inAnswers("POST", groups, (exchange) => {
        if (exchange.status === 201) exchange.status = 200;
      }),
  },
  {
    name: "a group whose deletion deletes its members",
    fails: ["scim-group-delete"],
    seen: /a member is gone/,
    fault: () => {
      let deleted = false;
      return {
        request({ method, path }) {
          if (method === "GET" && users.test(path) && deleted) return scimError(404);
          deleted ||= method === "DELETE" && groups.test(path) && !path.endsWith("/00919288221112222");
          return undefined;
        },
      };
    },
  },
  {
    name: "a creation that forgets the members",
    fails: ["scim-group-create-members"],
    seen: /0 members/,
    fault: () =>
      inRequests("POST", groups, (exchange) => {
        exchange.requestBody = JSON.stringify({ ...JSON.parse(exchange.requestBody), members: [] });
        return undefined;
      }),
  },
  {
    name: "a filter for groups that cuts at an ampersand",
    fails: ["scim-group-characters"],
    fault: () =>
      inRequests("GET", /\/Groups\?filter/, (exchange) => {
        exchange.path = exchange.path.replace(/%26.*?%22(?=&)/, "%22");
        return undefined;
      }),
  },
  {
    name: "a list of groups without externalId and names",
    fails: ["scim-group-list"],
    seen: /displayName/,
    fault: () =>
      inJson("GET", /\/Groups\?/, (body) => {
        for (const group of body.Resources ?? []) delete group.displayName;
      }),
  },
  {
    name: "200 for an unknown group",
    fails: ["scim-group-unknown-id"],
    fault: () =>
      inAnswers("GET", /\/Groups\/0091/, (exchange) => {
        Object.assign(exchange, { status: 200, body: "{}" });
      }),
  },
  {
    name: "a deleted group that is answered without an error body",
    fails: ["scim-error-body"],
    fault: () =>
      inAnswers("GET", groupById, (exchange) => {
        if (exchange.status === 404) exchange.body = "";
      }),
  },
  {
    name: "a DELETE that is answered with 200",
    fails: ["scim-group-delete"],
    fault: () =>
      inAnswers("DELETE", groups, (exchange) => {
        if (exchange.status === 204) Object.assign(exchange, { status: 200, body: "" });
      }),
  },
  {
    name: "a PATCH that is answered with an empty object",
    fails: ["scim-group-patch-answer"],
    fault: () =>
      inAnswers("PATCH", groups, (exchange) => {
        if (exchange.status === 200 || exchange.status === 204) {
          Object.assign(exchange, { status: 200, body: "{}" });
          exchange.headers["content-type"] = "application/scim+json";
        }
      }),
  },
  {
    name: "a removal by value that removes everyone",
    warns: ["scim-group-remove-value"],
    seen: /others are gone/,
    fault: () =>
      inRequests("PATCH", groupById, (exchange) => {
        const [only] = operationsOf(exchange);
        if (only?.op === "remove" && only.value)
          exchange.requestBody = exchange.requestBody.replace(/,"value":\[[^\]]*\]/, "");
        return undefined;
      }),
  },
  {
    name: "an unknown member who is listed",
    warns: ["scim-group-unknown-member"],
    fault: () => {
      let added = false;
      const noticing = inRequests("PATCH", groupById, ({ requestBody }) => {
        added = requestBody.includes('"value":"00919288221112222"');
        return undefined;
      });
      const showing = inJson("GET", groupById, (body) => {
        if (added) body.members.push({ value: "00919288221112222" });
      });
      return { ...noticing, ...showing };
    },
  },
];

const seenNames = new Set<string>();

/** Answers as Okta allows: no one sees the members. */
const hiding = inJson("GET", /^\/scim\/v2\/(Users|Groups)/, (body) => {
  for (const resource of body.Resources ?? [body])
    Object.assign(resource, { members: undefined, groups: undefined });
});

describe("oin:check of group push", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);
  eachScimFault(["groups"], ready, faults);

  it("reports members as not checkable if a server never shows them", async () => {
    ready().front.plant(hiding);
    const outcome = await ready().checkScim("groups");
    assertFound(outcome, []);
    const hidden = outcome.results.filter(({ seen }) => /show no members/.test(seen));
    assert.deepEqual(hidden.map(({ rule }) => rule).sort(), [
      "scim-group-add",
      "scim-group-add-again",
      "scim-group-create-members",
      "scim-group-push",
      "scim-group-push-empty",
      "scim-group-put",
      "scim-group-remove",
      "scim-group-remove-again",
      "scim-group-remove-value",
      "scim-group-rename-members",
      "scim-group-unknown-member",
    ]);
  });

  it("does not judge groups if a server does not support them", async () => {
    ready().front.plant(inRequests("GET", groups, () => scimError(404)));
    const outcome = await ready().checkScim("groups");
    assertFound(outcome, []);
    const open = outcome.results.filter(({ rule }) => rule.startsWith("scim-group"));
    assert.ok(open.length > 20 && open.every(({ verdict }) => verdict === "not-checkable"));
  });
});
