import type { RuleId } from "../rules/all.ts";
import { shown } from "../web.ts";
import { isSuccess, type ScimCheck } from "./answers.ts";
import { type CheckScimAnswer, urns } from "./client.ts";
import { at, listAt, numberAt } from "./json.ts";
import { inLanes } from "./lanes.ts";
import { type Kind, pathOf, testGroupName, testName } from "./ledger.ts";
import { suiteBody } from "./people.ts";

/** The size of Okta's pages, and its default number of members in one request. */
const pageSize = 100;
/** One more than a page, so that an import needs a second one. */
const crowdSize = pageSize + 1;
/** An import of more pages than this is not read to its end. */
const mostPages = 20;

/** The rules of an import: the size of a page, and the whole of it. */
const importRules = {
  Users: { size: "scim-page-size", whole: "scim-import-complete" },
  Groups: { size: "scim-group-page-size", whole: "scim-group-import-complete" },
} as const;

/**
 * Creates more people than a page holds, and imports and pushes them as Okta does. It needs DELETE, to leave no crowd
 * behind. Both are part of Okta's everyday traffic, and a server with a smaller limit loses people.
 */
export async function judgeCrowd(check: ScimCheck): Promise<void> {
  const { report, declared, progress } = check;
  if (report.verdictOf("scim-delete").verdict === "warning") {
    const why = `without DELETE, ${crowdSize} people would stay on the server`;
    const rules: RuleId[] = ["scim-page-size", "scim-import-complete", "scim-group-batch", "scim-body-size"];
    for (const rule of rules) report.notCheckable(rule, why);
    return;
  }
  progress(`${crowdSize} people, for an import of two pages`);
  const people = await createCrowd(check, "Users", () => {
    const name = testName();
    return { name: name.userName, body: suiteBody(name) };
  });
  await judgeImport(check, "Users", people);
  if (declared?.capability.groups !== null && (await offersGroups(check))) await judgeBatches(check, people);
}

/** The same for groups. */
export async function judgeGroupCrowd(check: ScimCheck): Promise<void> {
  const { report, declared, progress } = check;
  const cannotDelete = report.verdictOf("scim-group-delete").verdict === "fail";
  if (cannotDelete || declared?.capability.groups === null || !(await offersGroups(check))) {
    const why = cannotDelete ? "groups cannot be deleted" : "there are no groups";
    for (const rule of Object.values(importRules.Groups)) report.notCheckable(rule, why);
    return;
  }
  progress(`${crowdSize} groups, for an import of two pages`);
  const groups = await createCrowd(check, "Groups", () => {
    const displayName = testGroupName();
    return { name: displayName, body: { schemas: [urns.group], displayName, members: [] } };
  });
  await judgeImport(check, "Groups", groups);
}

async function offersGroups({ scim }: ScimCheck): Promise<boolean> {
  return (await scim.get("/Groups?startIndex=1&count=1")).status === 200;
}

/** Creates the crowd, and returns the ids that came back. */
async function createCrowd(
  { scim, ledger }: ScimCheck,
  kind: Kind,
  make: () => { name: string; body: object },
): Promise<string[]> {
  const wanted = Array.from({ length: crowdSize }, make);
  for (const { name } of wanted) ledger.expect(kind, name);
  const ids = await inLanes(wanted, async ({ name, body }) => {
    const answer = await scim.send("POST", `/${kind}`, body);
    const id = await ledger.created(scim, kind, answer);
    if (id !== null) ledger.settle(kind, name, id);
    return id;
  });
  return ids.filter((id) => id !== null);
}

/** Reads the list as an import does: pages of 100, each at the startIndex of the one before plus 100. */
async function judgeImport(
  { scim, report }: ScimCheck,
  kind: Kind,
  created: readonly string[],
): Promise<void> {
  const { size: sizeRule, whole: wholeRule } = importRules[kind];
  if (created.length < crowdSize) {
    const why = `only ${created.length} of ${crowdSize} could be created`;
    for (const rule of [sizeRule, wholeRule]) report.notCheckable(rule, why);
    return;
  }
  const seen: unknown[] = [];
  let total = Number.POSITIVE_INFINITY;
  for (let page = 0; page < mostPages && page * pageSize < total; page++) {
    const answer = await scim.get(`/${kind}?startIndex=${page * pageSize + 1}&count=${pageSize}`);
    const resources = listAt(answer.json, "Resources");
    total = numberAt(answer.json, "totalResults");
    if (page === 0) {
      const text = `${shown(answer)}: ${resources.length} of ${total}`;
      report.judge(sizeRule, answer.status === 200 && resources.length === pageSize, text);
    }
    if (resources.length === 0) break;
    seen.push(...resources.map((resource) => at(resource, "id")));
  }
  if (total > mostPages * pageSize) {
    report.notCheckable(wholeRule, `${total} are too many to import them here`);
    return;
  }
  const listed = new Set(seen);
  const lost = created.filter((id) => !listed.has(id)).length;
  const twice = seen.length - listed.size;
  const text = `${seen.length} imported of ${total}: ${lost} of ${created.length} missing, ${twice} listed twice`;
  report.judge(wholeRule, lost === 0 && twice === 0, text);
}

/** Adds, replaces and removes 100 members, each in one request, and sends a large body. */
async function judgeBatches(check: ScimCheck, people: readonly string[]): Promise<void> {
  const { scim, report, ledger, declared } = check;
  if (declared?.capability.groups?.update === false || people.length < pageSize) {
    const why =
      people.length < pageSize ? "there are not enough people" : "updates of groups are not declared";
    for (const rule of ["scim-group-batch", "scim-body-size"] as const) report.notCheckable(rule, why);
    return;
  }
  const members = people.slice(0, pageSize).map((value) => ({ value }));
  const displayName = testGroupName();
  ledger.expect("Groups", displayName);
  const created = await scim.send("POST", "/Groups", { schemas: [urns.group], displayName, members: [] });
  const id = await ledger.created(scim, "Groups", created);
  if (id === null) return;
  const path = pathOf("Groups", id);
  const count = async () => {
    const shownMembers = at((await scim.get(path)).json, "members");
    return Array.isArray(shownMembers) ? shownMembers.length : null;
  };
  const step = async (what: string, expected: number, send: () => Promise<CheckScimAnswer>) => {
    const answer = await send();
    const has = await count();
    // A server may leave members out of its answers. Then only its status shows a refusal.
    const holds = isSuccess(answer) && (has === null || has === expected);
    const seen = `${shown(answer)} to ${what} ${pageSize} members, then ${has ?? "hidden"}`;
    report.judge("scim-group-batch", holds, seen);
  };
  await step("add", pageSize, () => scim.patch(path, { op: "add", path: "members", value: members }));
  await step("replace", pageSize, () => scim.patch(path, { op: "replace", path: "members", value: members }));
  const removals = members.map(({ value }) => ({ op: "remove", path: `members[value eq "${value}"]` }));
  await step("remove", 0, () => scim.patch(path, ...removals));
  const body = { schemas: [urns.patch], Operations: [{ op: "replace", path: "members", value: members }] };
  const large = JSON.stringify(body).replace("{", `{${" ".repeat(150_000)}`);
  const taken = await scim.send("PATCH", path, large);
  report.judge("scim-body-size", isSuccess(taken), `${shown(taken)} for ${large.length} bytes`);
}
