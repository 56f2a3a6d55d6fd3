import { ruleIds } from "../rules/all.ts";
import { shown } from "../web.ts";
import { judgeRefusal, readList, type ScimCheck } from "./answers.ts";
import { urns } from "./client.ts";
import { at, listAt, numberAt, objectAt } from "./json.ts";
import { pathOf, testGroupName } from "./ledger.ts";
import { judgeInLists } from "./lists.ts";
import { hiddenMembers, judgeMembers, type TestGroup } from "./members.ts";
import type { TestPerson } from "./people.ts";

/** The limit of Okta's suite for a list of groups (SPEC step 19). */
const longestMs = 600;

/** Judges group push, from the list to the deletion. */
export async function judgeGroups(check: ScimCheck, people: TestPerson[]): Promise<void> {
  const { declared, report } = check;
  if (declared?.capability.groups === null) {
    notOffered(check, "the manifest declares no groups");
    return;
  }
  if (!(await judgeGroupList(check))) return;
  await judgeUnknownGroup(check);
  const group = await createGroup(check, testGroupName());
  if (!group) return;
  await judgeFind(check, group);
  await judgeListed(check, group);
  await judgeDuplicate(check, group);
  if (declared?.capability.groups.update === false)
    report.notCheckable("scim-group-rename", "the manifest does not declare updates of groups");
  else await judgeMembers(check, group, people);
  await judgeCharacters(check);
  await judgeCreationWithMembers(check, people);
  await judgeDeletion(check, group, people[0]);
}

function notOffered({ report }: ScimCheck, why: string): void {
  for (const id of ruleIds.filter((rule) => rule.startsWith("scim-group"))) report.notCheckable(id, why);
}

/** Judges the list of groups, its time by the median of three: one slow response proves nothing. */
async function judgeGroupList(check: ScimCheck): Promise<boolean> {
  const { scim, report } = check;
  const answers = [await scim.get("/Groups"), await scim.get("/Groups"), await scim.get("/Groups")];
  const [answer] = answers;
  if (!answer) return false;
  if (answer.status === 404 || answer.status === 501) {
    notOffered(check, `the server offers no groups: ${shown(answer)}`);
    return false;
  }
  if (!report.judge("scim-groups", answer.status === 200, shown(answer))) return false;
  const list = readList(check, answer);
  const [, median = 0] = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  report.judge("scim-groups-time", median < longestMs, `${Math.round(median)} ms, the median of three`);
  return list !== null;
}

async function judgeUnknownGroup(check: ScimCheck): Promise<void> {
  const { scim } = check;
  const path = "/Groups/00919288221112222";
  const rename = { op: "replace", value: { displayName: testGroupName() } };
  const rule = "scim-group-unknown-id";
  judgeRefusal(check, rule, 404, await scim.get(path));
  judgeRefusal(check, rule, 404, await scim.patch(path, rename));
  if (check.declared?.capability.groups?.delete === false) return;
  judgeRefusal(check, rule, 404, await scim.send("DELETE", path));
}

/** Creates a group and judges the answer. Returns null if no id came back. */
async function createGroup(
  { scim, report, ledger }: ScimCheck,
  name: string,
  members: object[] = [],
): Promise<TestGroup | null> {
  ledger.expect("Groups", name);
  const answer = await scim.send("POST", "/Groups", { schemas: [urns.group], displayName: name, members });
  const id = await ledger.created(scim, "Groups", answer);
  const named = at(answer.json, "displayName") === name;
  const seen = `${shown(answer)}${id === null ? ", without an id" : named ? "" : ", with another displayName"}`;
  report.judge("scim-group-create", answer.status === 201 && id !== null && named, seen);
  return id === null ? null : { id, name, path: pathOf("Groups", id) };
}

async function judgeFind(check: ScimCheck, { id, name }: TestGroup): Promise<void> {
  const { scim, report } = check;
  const found = await scim.find("Groups", `displayName eq "${name}"`);
  const ids = listAt(found.json, "Resources").map((group) => at(group, "id"));
  const missing = await scim.find("Groups", `displayName eq "${name} missing"`);
  if (missing.status === 404) report.judge("scim-filter-empty", false, shown(missing));
  const empty = missing.status === 404 || numberAt(missing.json, "totalResults") === 0;
  const seen = `${shown(found)}: ${ids.length} found; for an unknown name ${numberAt(missing.json, "totalResults")}`;
  report.judge("scim-group-find", ids.length === 1 && ids[0] === id && empty, seen);
  for (const part of [name.slice(0, -1), `${name.slice(0, -1)}_`]) {
    const partly = await scim.find("Groups", `displayName eq "${part}"`);
    const finds =
      ids.length === 1 && listAt(partly.json, "Resources").some((group) => at(group, "id") === id);
    report.judge("scim-group-find", !finds, `${shown(partly)}${finds ? `: ${name} found` : ""}`);
  }
}

/** An import reads groups from lists, and their members one by one. */
async function judgeListed(check: ScimCheck, { path, id, name }: TestGroup): Promise<void> {
  const { meta: _meta, members: _members, ...whole } = objectAt((await check.scim.get(path)).json);
  const filter = `displayName eq ${JSON.stringify(name)}`;
  await judgeInLists(check, "Groups", { rule: "scim-group-list", id, whole, filter });
}

/** The names of groups are free text in Okta. The filter's value is a JSON string (RFC 7644 §3.4.2.2). */
async function judgeCharacters(check: ScimCheck): Promise<void> {
  const { scim, report } = check;
  const group = await createGroup(check, `${testGroupName()} R&D + "A" 100% O'Neil \\ é 李`);
  if (!group) return;
  const found = await scim.find("Groups", `displayName eq ${JSON.stringify(group.name)}`);
  const ids = listAt(found.json, "Resources").map((one) => at(one, "id"));
  const exact = ids.length === 1 && ids[0] === group.id;
  report.judge("scim-group-characters", exact, `${shown(found)}: ${ids.length} found`);
}

async function judgeCreationWithMembers(check: ScimCheck, [person]: TestPerson[]): Promise<void> {
  if (!person) return;
  const group = await createGroup(check, testGroupName(), [{ value: person.id, display: person.userName }]);
  if (!group) return;
  const { json } = await check.scim.get(group.path);
  const ids = listAt(json, "members").map((member) => at(member, "value"));
  const { json: user } = await check.scim.get(pathOf("Users", person.id));
  const isIn = ids.includes(person.id) || listAt(user, "groups").some((one) => at(one, "value") === group.id);
  const shows = Array.isArray(at(json, "members")) || listAt(user, "groups").length > 0;
  if (!shows) check.report.notCheckable("scim-group-create-members", hiddenMembers);
  else check.report.judge("scim-group-create-members", isIn, `${ids.length} members after the creation`);
}

async function judgeDuplicate({ scim, report, ledger }: ScimCheck, { name, id }: TestGroup): Promise<void> {
  const body = { schemas: [urns.group], displayName: name, members: [] };
  const answer = await scim.send("POST", "/Groups", body);
  const other = await ledger.created(scim, "Groups", answer);
  report.judge("scim-group-duplicate", answer.status === 409, shown(answer));
  if (other !== null && other !== id) await scim.send("DELETE", pathOf("Groups", other));
}

async function judgeDeletion(check: ScimCheck, group: TestGroup, member?: TestPerson): Promise<void> {
  const { scim, report, ledger, declared } = check;
  if (declared?.capability.groups?.delete === false) {
    report.notCheckable("scim-group-delete", "the manifest does not declare the deletion of groups");
    return;
  }
  const answer = await scim.send("DELETE", group.path);
  const after = await scim.get(group.path);
  const gone = answer.status === 204 && after.status === 404;
  if (after.status === 404) {
    ledger.gone("Groups", group.id);
    judgeRefusal(check, "scim-group-unknown-id", 404, after);
  }
  const person = member && (await scim.get(pathOf("Users", member.id)));
  const stays = !person || person.status === 200;
  const seen = `${shown(answer)}, then ${shown(after)}${stays ? "" : `; a member is gone: ${shown(person)}`}`;
  report.judge("scim-group-delete", gone && stays, seen);
}
