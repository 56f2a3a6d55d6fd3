import {
  eachScimFault,
  inAnswers,
  inJson,
  inRequests,
  type PlantedFault,
  scimError,
} from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import type { Exchange, Fault } from "../../helpers/front.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";

const users = /^\/scim\/v2\/Users/;
const userById = /^\/scim\/v2\/Users\/[^/?]+$/;
const userList = /^\/scim\/v2\/Users(\?|$)/;
const filtered = (path: string) => /[?&]filter=/.test(path);
const empty = { totalResults: 0, itemsPerPage: 0, Resources: [] };

const hasStatus = (from: number, to: number) => (exchange: Exchange) => {
  if (exchange.status === from) exchange.status = to;
};

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
    fails: ["scim-duplicate", "scim-duplicate-case"],
    steps: ["duplicates"],
    fault: () => inAnswers("POST", users, hasStatus(409, 200)),
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
    fails: ["scim-put", "scim-put-answer"],
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
    fails: ["scim-patch-pathless", "scim-password-change"],
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
  {
    name: "a second person of the same name in capitals",
    fails: ["scim-duplicate-case"],
    seen: /201/,
    steps: ["duplicates"],
    fault: () =>
      inRequests("POST", users, ({ requestBody }) =>
        requestBody.includes('"userName":"OINCHECK')
          ? { status: 201, headers: { "content-type": "application/scim+json" }, body: "{}" }
          : undefined,
      ),
  },
  {
    name: "a 409 without scimType",
    warns: ["scim-duplicate-type"],
    steps: ["duplicates"],
    fault: () => inJson("POST", users, (body) => delete body.scimType),
  },
  {
    name: "200 for a taken userName",
    warns: ["scim-put-duplicate"],
    steps: ["duplicates"],
    fault: () => inAnswers("PUT", users, hasStatus(409, 200)),
  },
  {
    name: "a Location that leads to the list",
    warns: ["scim-location"],
    fault: () =>
      inAnswers("POST", users, ({ headers }) => {
        if (headers.location) headers.location = headers.location.replace(/Users\/.*/, "Users");
      }),
  },
  {
    name: "people without meta.resourceType",
    warns: ["scim-meta"],
    fault: () => inJson("POST", users, (body) => delete body.meta?.resourceType),
  },
  {
    name: "a PUT that is answered without the person",
    fails: ["scim-put-answer"],
    fault: () =>
      inAnswers("PUT", users, (exchange) => {
        if (exchange.status === 200) exchange.body = "{}";
      }),
  },
  {
    name: "a PUT that is answered with 201",
    fails: ["scim-put"],
    fault: () => inAnswers("PUT", users, hasStatus(200, 201)),
  },
  {
    name: "a PUT that is answered with the person of before",
    fails: ["scim-put-answer"],
    seen: /first name of before/,
    fault: () => inJson("PUT", users, ({ name }) => Object.assign(name, { givenName: "Before" })),
  },
  {
    name: "another id after a PUT",
    fails: ["scim-id-stable"],
    fault: () => inJson("PUT", users, (body) => Object.assign(body, { id: `other-${body.id}` })),
  },
  {
    name: "a PATCH that is answered with the state of before",
    fails: ["scim-patch-answer"],
    seen: /active is true/,
    fault: () => inJson("PATCH", users, (body) => Object.assign(body, { active: true })),
  },
  {
    name: "a deactivation that forgets the e-mail address",
    fails: ["scim-reactivated-whole"],
    seen: /emails/,
    steps: ["deactivation"],
    fault: () => {
      let activated = false;
      return {
        request({ method, requestBody }) {
          activated ||= method === "PATCH" && requestBody.includes('"active":true');
          return undefined;
        },
        answer: inJson("GET", userById, (body) => activated && delete body.emails).answer,
      } as Fault;
    },
  },
  {
    name: "a refused new password, although it is declared",
    fails: ["scim-password-change"],
    steps: ["other-changes"],
    fault: () =>
      inRequests("PATCH", users, ({ requestBody }) =>
        requestBody.includes('"password"') ? scimError(400) : undefined,
      ),
  },
  {
    name: "a configuration that denies the declared change of passwords",
    fails: ["scim-password-change"],
    seen: /says that it is not supported/,
    steps: ["other-changes"],
    fault: () =>
      inJson("GET", /\/ServiceProviderConfig$/, (body) =>
        Object.assign(body, { changePassword: { supported: false } }),
      ),
  },
];

describe("oin:check of people", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);
  eachScimFault(["finding", "profile", "deactivation", "other-changes", "deletion"], ready, people);
});
