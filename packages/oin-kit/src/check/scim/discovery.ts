import { ruleIds } from "../rules/all.ts";
import { shown } from "../web.ts";
import { isSuccess, readList, type ScimCheck } from "./answers.ts";
import type { Assignable } from "./assignments.ts";
import { urns } from "./client.ts";
import { at, listAt, numberAt, textAt } from "./json.ts";

/** Judges the discovery endpoints (RFC 7644 §4). Returns one role or entitlement of each kind that the server offers. */
export async function judgeDiscovery(check: ScimCheck): Promise<Assignable[]> {
  const { scim, report } = check;
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
  return await judgeEntitlements(check, resourceTypes);
}

async function judgeEntitlements(check: ScimCheck, resourceTypes: unknown[]): Promise<Assignable[]> {
  const { report } = check;
  const assignable = resourceTypes.filter((type) =>
    [urns.role, urns.entitlement].some((urn) => at(type, "schema") === urn),
  );
  if (assignable.length === 0) {
    const why = "/ResourceTypes announces no roles or entitlements";
    for (const rule of ruleIds.filter((id) => id.startsWith("scim-entitlement")))
      report.notCheckable(rule, why);
  }
  const found: Assignable[] = [];
  for (const type of assignable) found.push(...(await judgeEntitlement(check, type)));
  return found;
}

/** The only step of Okta's entitlements suite, for one resource type. */
async function judgeEntitlement(check: ScimCheck, type: unknown): Promise<Assignable[]> {
  const { scim, report } = check;
  const endpoint = textAt(type, "endpoint");
  if (endpoint === null) return [];
  const answer = await scim.get(`/${endpoint.replace(/^\//, "")}?count=1&startIndex=1`);
  const resources = answer.status === 200 ? (readList(check, answer) ?? []) : [];
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
