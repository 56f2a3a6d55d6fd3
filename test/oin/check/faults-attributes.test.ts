import {
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
const userById = /^\/scim\/v2\/Users\/[^/?]+$/;
const userList = /^\/scim\/v2\/Users(\?|$)/;
const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** Changes people on their way to the application. */
// biome-ignore lint/suspicious/noExplicitAny: bodies of any shape are changed.
function rewriting(method: "POST" | "PUT", change: (user: any) => void): Fault {
  return inRequests(method, users, (exchange) => {
    const user = JSON.parse(exchange.requestBody);
    change(user);
    exchange.requestBody = JSON.stringify(user);
    return undefined;
  });
}

/** Leaves attributes out of the people in lists. */
function inLists(names: string[]): Fault {
  return inJson("GET", userList, (body) => {
    for (const user of body.Resources ?? []) for (const name of names) delete user[name];
  });
}

function ascii(name: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(name).map(([part, text]) => [part, text.replace(/[^ -~]/g, "?")]));
}

const optional = ["displayName", "locale", "title", "phoneNumbers", "addresses", enterprise];

/** The attributes of people in all operations. */
const attributes: PlantedFault[] = [
  {
    name: "a PUT that drops optional attributes and the extension",
    fails: ["scim-put-attributes"],
    seen: /after PUT, absent or different: displayName, title, locale/,
    fault: () =>
      rewriting("PUT", (user) => {
        for (const name of optional) delete user[name];
      }),
  },
  {
    name: "a PUT that drops the extension alone",
    fails: ["scim-put-attributes"],
    seen: /enterprise:2\.0:User:employeeNumber/,
    fault: () => rewriting("PUT", (user) => delete user[enterprise]),
  },
  {
    name: "a PUT that drops one part of an address",
    fails: ["scim-put-attributes"],
    seen: /different: addresses/,
    fault: () => rewriting("PUT", ({ addresses: [address] = [] }) => address && delete address.postalCode),
  },
  {
    name: "a POST that keeps the base attributes only",
    fails: ["scim-create-attributes"],
    seen: /after POST, absent or different: .*locale/,
    fault: () =>
      rewriting("POST", (user) => {
        for (const name of optional) delete user[name];
      }),
  },
  {
    name: "a server that keeps the base attributes only",
    fails: ["scim-create-attributes", "scim-put-attributes", "scim-patch-attributes"],
    fault: () =>
      inJson("GET", userById, (user) => {
        for (const name of optional) delete user[name];
      }),
  },
  {
    name: "lists that are thinner than the person",
    fails: ["scim-list-whole"],
    seen: /absent or different in the list: .*title/,
    fault: () => inLists(["title"]),
  },
  {
    name: "lists without the extension",
    fails: ["scim-list-whole"],
    seen: /enterprise/,
    fault: () => inLists([enterprise]),
  },
  {
    name: "lists without externalId",
    fails: ["scim-list-whole"],
    seen: /externalId/,
    fault: () => inLists(["externalId"]),
  },
  {
    name: "lists without roles",
    fails: ["scim-list-whole"],
    seen: /roles/,
    steps: ["entitlements"],
    fault: () => inLists(["roles"]),
  },
  {
    name: "a PUT that keeps what is emptied",
    fails: ["scim-put-clears"],
    seen: /it is still/,
    fault: () => rewriting("PUT", (user) => user.title === "" && Object.assign(user, { title: "Engineer" })),
  },
  {
    name: "a refused PATCH of the profile",
    fails: ["scim-patch-profile", "scim-patch-attributes"],
    seen: /PATCH .*: 400/,
    fault: () =>
      inRequests("PATCH", users, ({ requestBody }) =>
        /"active"|"path"/.test(requestBody) ? undefined : scimError(400),
      ),
  },
  {
    name: "a PATCH of the profile that changes nothing",
    fails: ["scim-patch-profile", "scim-patch-attributes"],
    seen: /name\.givenName/,
    fault: ({ app, token }) => ({
      async request({ method, path, requestBody }) {
        if (method !== "PATCH" || requestBody.includes('"path"')) return undefined;
        const answer = await fetch(app.url.replace("localhost", "127.0.0.1") + path, {
          headers: { authorization: `Bearer ${token}` },
        });
        return {
          status: 200,
          headers: { "content-type": "application/scim+json" },
          body: await answer.text(),
        } as never;
      },
    }),
  },
  {
    name: "a PATCH that ignores the extension",
    fails: ["scim-patch-attributes"],
    seen: /enterprise/,
    fault: () =>
      inRequests("PATCH", users, (exchange) => {
        const body = JSON.parse(exchange.requestBody);
        for (const { value } of body.Operations) if (typeof value === "object") delete value[enterprise];
        exchange.requestBody = JSON.stringify(body);
        return undefined;
      }),
  },
  {
    name: "a refused PATCH with paths",
    warns: ["scim-patch-path"],
    fault: () =>
      inRequests("PATCH", users, ({ requestBody }) =>
        requestBody.includes('"path"') ? scimError(400) : undefined,
      ),
  },
  {
    name: "letters that become question marks",
    fails: ["scim-unicode"],
    seen: /got Zo\?/,
    fault: () => rewriting("PUT", ({ name }) => Object.assign(name, ascii(name))),
  },
  {
    name: "an externalId that a PUT removes",
    warns: ["scim-external-id"],
    fault: () => {
      let put = false;
      const noticing = inRequests("PUT", users, () => {
        put = true;
        return undefined;
      });
      return { ...noticing, ...inJson("GET", userById, (body) => put && delete body.externalId) };
    },
  },
];

/** /ResourceTypes, /Schemas, and the lists of roles and entitlements. */
const discovery: PlantedFault[] = [
  {
    name: "a page of one role with itemsPerPage 2",
    fails: ["scim-entitlement-paging", "scim-items-per-page"],
    fault: () => inJson("GET", /\/Roles\?/, (body) => Object.assign(body, { itemsPerPage: 2 })),
  },
  {
    name: "a missing core schema",
    fails: ["scim-import-user-schema"],
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
    fails: ["scim-entitlement-assigned", "scim-entitlement-created"],
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
    fails: ["scim-import-user-schema"],
    warns: ["scim-resource-types"],
    fault: () => inJson("GET", /\/ResourceTypes$/, (body) => body.Resources.shift()),
  },
  {
    name: "schemas with ids and no attributes",
    fails: ["scim-schema-attributes", "scim-import-user-schema", "scim-schema-required"],
    seen: /no attributes in urn/,
    fault: () =>
      inJson("GET", /\/Schemas$/, (body) => {
        for (const schema of body.Resources) delete schema.attributes;
      }),
  },
  {
    name: "an announced extension that /Schemas lacks",
    fails: ["scim-schema-extensions", "scim-import-user-schema"],
    seen: /\/Schemas lacks urn:ietf:params:scim:schemas:extension:enterprise:2\.0:User/,
    fault: () =>
      inJson("GET", /\/Schemas$/, (body) => {
        body.Resources = body.Resources.filter(({ id }: { id: string }) => !id.includes("enterprise"));
      }),
  },
  {
    name: "resource types without an endpoint",
    fails: ["scim-resource-type-fields", "scim-entitlement-declared"],
    seen: /Role lacks endpoint/,
    fault: () =>
      inJson("GET", /\/ResourceTypes$/, (body) => {
        for (const type of body.Resources) delete type.endpoint;
      }),
  },
  {
    name: "base attributes that are not marked as required",
    fails: ["scim-schema-required"],
    seen: /not required: name\.givenName, name\.familyName, emails/,
    fault: () =>
      inJson("GET", /\/Schemas$/, (body) => {
        const [core] = body.Resources;
        for (const one of core.attributes) {
          one.required = one.name === "userName";
          for (const part of one.subAttributes ?? []) part.required = false;
        }
      }),
  },
  {
    name: "an attribute of the guide that /Schemas lacks",
    fails: ["scim-import-user-schema"],
    seen: /\/Schemas lacks title/,
    fault: () =>
      inJson("GET", /\/Schemas$/, ({ Resources: [core] }) => {
        core.attributes = core.attributes.filter(({ name }: { name: string }) => name !== "title");
      }),
  },
  {
    name: "declared entitlements that are not announced",
    fails: ["scim-entitlement-declared"],
    seen: /lacks Entitlement at \/Entitlements/,
    fault: () =>
      inJson("GET", /\/ResourceTypes$/, (body) => {
        body.Resources = body.Resources.filter(({ name }: { name: string }) => name !== "Entitlement");
      }),
  },
  {
    name: "an entitlement of another type than its resource type",
    fails: ["scim-entitlement-type"],
    fault: () =>
      inJson("GET", /\/Entitlements(\?|$)/, (body) => {
        for (const one of body.Resources) one.type = "License";
      }),
  },
  {
    name: "pages of roles that all begin with the first one",
    fails: ["scim-entitlement-pages"],
    seen: /1 different ones on 2 pages/,
    fault: () =>
      inRequests("GET", /\/Roles\?/, (exchange) => {
        exchange.path = exchange.path.replace(/startIndex=\d+/, "startIndex=1");
        return undefined;
      }),
  },
  {
    name: "a POST that drops roles",
    fails: ["scim-entitlement-created"],
    fault: () => rewriting("POST", (user) => delete user.roles),
  },
  {
    name: "a PATCH that drops entitlements",
    warns: ["scim-entitlement-patched"],
    fault: () =>
      inRequests("PATCH", users, ({ requestBody }) =>
        requestBody.includes('"entitlements"') ? { status: 204, headers: {}, body: "" } : undefined,
      ),
  },
  {
    name: "an unknown role that is shown with the person",
    warns: ["scim-entitlement-unknown"],
    fault: () => {
      let sent = false;
      const noticing = inRequests("PUT", users, ({ requestBody }) => {
        sent = requestBody.includes("oincheck-unknown");
        return undefined;
      });
      const showing = inJson("GET", userById, (body) => {
        if (sent) body.roles = [{ value: "oincheck-unknown" }];
        sent = false;
      });
      return { ...noticing, ...showing };
    },
  },
];

describe("oin:check of attributes and discovery", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);
  eachScimFault(["attributes"], ready, attributes);
  eachScimFault(["entitlements"], ready, discovery);
});
