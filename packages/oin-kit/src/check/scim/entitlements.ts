import { ruleIds } from "../rules/all.ts";
import { shown } from "../web.ts";
import { readList, type ScimCheck } from "./answers.ts";
import type { Assignable } from "./assignments.ts";
import { urns } from "./client.ts";
import { at, listAt, numberAt, textAt } from "./json.ts";

/** The most resources of one endpoint whose pages are read one by one. */
const mostPages = 5;

/** Judges the lists of roles and entitlements. Returns one of each kind that the server offers. */
export async function judgeEntitlements(check: ScimCheck, resourceTypes: unknown[]): Promise<Assignable[]> {
  const { report } = check;
  const types = resourceTypes.filter((type) =>
    [urns.role, urns.entitlement].some((urn) => at(type, "schema") === urn),
  );
  judgeAnnounced(check, types);
  if (types.length === 0) {
    const why = "/ResourceTypes announces no roles or entitlements";
    for (const rule of ruleIds.filter((id) => id.startsWith("scim-entitlement")))
      report.notCheckable(rule, why);
  }
  const found: Assignable[] = [];
  for (const type of types) {
    const endpoint = textAt(type, "endpoint");
    if (endpoint !== null) found.push(...(await judgeKind(check, type, `/${endpoint.replace(/^\//, "")}`)));
  }
  return found;
}

/** Compares /ResourceTypes with the table of the Wizard's screen "Entitlement management". */
function judgeAnnounced({ report, declared }: ScimCheck, types: unknown[]): void {
  const wanted = declared?.capability.entitlements ?? [];
  if (wanted.length === 0) {
    report.notCheckable("scim-entitlement-declared", "no manifest declares entitlements");
    return;
  }
  const absent = wanted.filter(
    ({ resourceType, endpoint }) =>
      !types.some((type) => at(type, "name") === resourceType && at(type, "endpoint") === endpoint),
  );
  const names = absent.map(({ resourceType, endpoint }) => `${resourceType} at ${endpoint}`);
  const seen = absent.length > 0 ? `/ResourceTypes lacks ${names.join(", ")}` : "all are announced";
  report.judge("scim-entitlement-declared", absent.length === 0, seen);
}

/** The only step of Okta's entitlements suite, for one resource type, then the other pages. */
async function judgeKind(check: ScimCheck, type: unknown, endpoint: string): Promise<Assignable[]> {
  const { scim, report } = check;
  const answer = await scim.get(`${endpoint}?count=1&startIndex=1`);
  const resources = answer.status === 200 ? (readList(check, answer) ?? []) : [];
  const perPage = numberAt(answer.json, "itemsPerPage");
  const seen = `${shown(answer)}: itemsPerPage ${perPage}, ${resources.length} resources`;
  report.judge(
    "scim-entitlement-paging",
    answer.status === 200 && resources.length === 1 && perPage === 1,
    seen,
  );
  if (resources.length === 0) return [];
  const all = listAt((await scim.get(endpoint)).json, "Resources");
  const isEntitlement = at(type, "schema") === urns.entitlement;
  for (const resource of [...resources, ...all])
    judgeResource(check, resource, { type, endpoint, isEntitlement });
  await judgePages(check, endpoint, numberAt(answer.json, "totalResults"));
  const [id, display, kind] = ["id", "displayName", "type"].map((name) => textAt(resources[0], name));
  if (!id) return [];
  const value = {
    value: id,
    ...(display ? { display } : {}),
    ...(isEntitlement && kind ? { type: kind } : {}),
  };
  return [{ attribute: isEntitlement ? "entitlements" : "roles", value }];
}

interface Kind {
  type: unknown;
  endpoint: string;
  isEntitlement: boolean;
}

function judgeResource(
  { report }: ScimCheck,
  resource: unknown,
  { type, endpoint, isEntitlement }: Kind,
): void {
  const needed = isEntitlement ? ["id", "displayName", "type"] : ["id", "displayName"];
  const lacking = needed.filter((name) => textAt(resource, name) === null);
  const text = lacking.length ? `${endpoint} lacks ${lacking.join(", ")}` : `${endpoint} has all of them`;
  report.judge("scim-entitlement-resources", lacking.length === 0, text);
  const kind = textAt(resource, "type");
  if (!isEntitlement || kind === null) return;
  const name = textAt(type, "name");
  report.judge(
    "scim-entitlement-type",
    kind === name,
    `${endpoint}: type ${kind}, of the resource type ${name}`,
  );
}

/** Reads the first pages of one resource each: together they show different ones, as many as totalResults says. */
async function judgePages({ scim, report }: ScimCheck, endpoint: string, total: number): Promise<void> {
  const wanted = Math.min(Number.isNaN(total) ? 1 : total, mostPages);
  const ids = new Set<unknown>();
  for (let startIndex = 1; startIndex <= wanted; startIndex++) {
    const page = await scim.get(`${endpoint}?count=1&startIndex=${startIndex}`);
    for (const resource of listAt(page.json, "Resources")) ids.add(at(resource, "id"));
  }
  const whole = listAt((await scim.get(`${endpoint}?startIndex=1&count=100`)).json, "Resources");
  const holds = ids.size === wanted && (total > 100 || whole.length === total);
  const seen = `${endpoint}: ${ids.size} different ones on ${wanted} pages, ${whole.length} on one page, totalResults ${total}`;
  report.judge("scim-entitlement-pages", holds, seen);
}
