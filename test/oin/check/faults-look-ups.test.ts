import {
  eachScimFault,
  inJson,
  inRequests,
  type PlantedFault,
  scimError,
} from "../../helpers/check-faults.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";

const users = /^\/scim\/v2\/Users/;
const userList = /^\/scim\/v2\/Users(\?|$)/;
const groups = /^\/scim\/v2\/Groups/;
const filtered = (path: string) => /[?&]filter=/.test(path);

/** Look-ups by which Okta would link an account to another person or group. */
const lookUps: PlantedFault[] = [
  {
    name: "a filter that finds beginnings of names",
    fails: ["scim-filter-exact"],
    fault: () =>
      inRequests("GET", userList, (exchange) => {
        exchange.path = exchange.path.replace("userName%20eq%20", "userName%20sw%20");
        return undefined;
      }),
  },
  {
    name: "a filter that reads a name as a pattern",
    fails: ["scim-filter-exact"],
    seen: /_"&.*: 200/,
    fault: () =>
      inRequests("GET", userList, (exchange) => {
        exchange.path = exchange.path.replace(
          /userName%20eq%20%22(Oincheck[^_&]*)_%22/,
          "userName%20sw%20%22$1%22",
        );
        return undefined;
      }),
  },
  {
    name: "a match that totalResults does not count",
    fails: ["scim-total-results"],
    seen: /1 found, totalResults 57/,
    fault: () =>
      inJson("GET", userList, (body, { path }) => {
        if (filtered(path) && body.Resources?.length === 1) body.totalResults = 57;
      }),
  },
  {
    name: "a filter for groups that finds beginnings of names",
    fails: ["scim-group-find"],
    steps: ["groups"],
    fault: () =>
      inRequests("GET", groups, (exchange) => {
        exchange.path = exchange.path.replace("displayName%20eq%20", "displayName%20sw%20");
        return undefined;
      }),
  },
];

/** Discovery documents that contradict the manifest, and changes that Okta repeats. */
const contradictions: PlantedFault[] = [
  {
    name: "a configuration that denies PATCH, which the manifest declares",
    warns: ["scim-service-provider-config"],
    seen: /patch\.supported is false/,
    fault: () => inJson("GET", /ServiceProviderConfig$/, (body) => (body.patch.supported = false)),
  },
  {
    name: "people at another endpoint than the one that Okta calls",
    fails: ["scim-resource-type-fields"],
    seen: /User is at \/People/,
    fault: () =>
      inJson("GET", /ResourceTypes$/, (body) => {
        for (const type of body.Resources) if (type.name === "User") type.endpoint = "/People";
      }),
  },
  ...(
    [
      ["an attribute that is published as read-only", "title", { mutability: "readOnly" }, /readOnly: title/],
      ["a single e-mail address", "emails", { multiValued: false }, /emails with a single value/],
    ] as const
  ).map(
    ([name, attribute, change, seen]): PlantedFault => ({
      name,
      fails: ["scim-import-user-schema"],
      seen,
      fault: () =>
        inJson("GET", /Schemas$/, (body) => {
          for (const one of body.Resources[0].attributes)
            if (one.name === attribute) Object.assign(one, change);
        }),
    }),
  ),
  {
    name: "a second deactivation that is refused",
    fails: ["scim-patch-pathless"],
    seen: /409 .*to the same PATCH again/,
    fault: () => {
      let count = 0;
      return inRequests("PATCH", users, ({ requestBody }) =>
        requestBody.includes('"active":false') && count++ === 1 ? scimError(409) : undefined,
      );
    },
  },
  {
    name: "a person's entitlements without their type",
    fails: ["scim-entitlement-type"],
    seen: /with type undefined/,
    steps: ["entitlements"],
    fault: () =>
      inJson("GET", users, (body) => {
        for (const user of body.Resources ?? [body])
          for (const one of user.entitlements ?? []) delete one.type;
      }),
  },
];

describe("oin:check of look-ups and discovery", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);
  eachScimFault(["finding"], ready, lookUps);
  eachScimFault(["deactivation"], ready, contradictions);
});
