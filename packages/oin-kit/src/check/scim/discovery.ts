import { ruleIds } from "../rules/all.ts";
import { shown } from "../web.ts";
import { isSuccess, readList, type ScimCheck } from "./answers.ts";
import type { Assignable } from "./assignments.ts";
import { urns } from "./client.ts";
import { at, listAt, numberAt, textAt } from "./json.ts";

/** What the server says of itself (RFC 7644 §4). Returns what Okta Identity Governance would find to assign. */
export async function judgeDiscovery(visit: ScimCheck): Promise<Assignable[]> {
  const { scim, report } = visit;
  const config = await scim.get("/ServiceProviderConfig");
  const describes = isSuccess(config) && typeof at(config.json, "patch", "supported") === "boolean";
  report.judge("scim-service-provider-config", describes, shown(config));

  const schemas = await scim.get("/Schemas");
  const core = listAt(schemas.json, "Resources").some((schema) => at(schema, "id") === urns.user);
  report.judge(
    "scim-schemas",
    isSuccess(schemas) && core,
    `${shown(schemas)}${core ? "" : ", without the core User schema"}`,
  );

  const types = await scim.get("/ResourceTypes");
  const resourceTypes = listAt(types.json, "Resources");
  const user = resourceTypes.some((type) => at(type, "schema") === urns.user);
  report.judge(
    "scim-resource-types",
    isSuccess(types) && user,
    `${shown(types)}${user ? "" : ", without User"}`,
  );
  return await judgeEntitlements(visit, resourceTypes);
}

async function judgeEntitlements(visit: ScimCheck, resourceTypes: unknown[]): Promise<Assignable[]> {
  const { report } = visit;
  const assignable = resourceTypes.filter((type) =>
    [urns.role, urns.entitlement].some((urn) => at(type, "schema") === urn),
  );
  if (assignable.length === 0) {
    const why = "/ResourceTypes announces no roles or entitlements";
    for (const rule of ruleIds.filter((id) => id.startsWith("scim-entitlement")))
      report.notCheckable(rule, why);
  }
  const found: Assignable[] = [];
  for (const type of assignable) found.push(...(await judgeEntitlement(visit, type)));
  return found;
}

/** The one step of Okta's entitlements suite, for each resource type. */
async function judgeEntitlement(visit: ScimCheck, type: unknown): Promise<Assignable[]> {
  const { scim, report } = visit;
  const endpoint = textAt(type, "endpoint");
  if (endpoint === null) return [];
  const answer = await scim.get(`/${endpoint.replace(/^\//, "")}?count=1&startIndex=1`);
  const resources = answer.status === 200 ? (readList(visit, answer) ?? []) : [];
  const perPage = numberAt(answer.json, "itemsPerPage");
  const seen = `${shown(answer)}: itemsPerPage ${perPage}, ${resources.length} resources`;
  report.judge(
    "scim-entitlement-paging",
    answer.status === 200 && resources.length === 1 && perPage === 1,
    seen,
  );
  const isEntitlement = at(type, "schema") === urns.entitlement;
  for (const resource of resources) {
    const needed = isEntitlement ? ["id", "displayName", "type"] : ["id", "displayName"];
    const lacking = needed.filter((name) => textAt(resource, name) === null);
    const text = lacking.length ? `${endpoint} lacks ${lacking.join(", ")}` : `${endpoint} has all of them`;
    report.judge("scim-entitlement-resources", lacking.length === 0, text);
  }
  const [id, display, kind] = ["id", "displayName", "type"].map((name) => textAt(resources[0], name));
  if (!id) return [];
  const value = {
    value: id,
    ...(display ? { display } : {}),
    ...(isEntitlement && kind ? { type: kind } : {}),
  };
  return [{ attribute: isEntitlement ? "entitlements" : "roles", value }];
}
