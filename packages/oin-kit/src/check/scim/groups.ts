import { randomInt } from "node:crypto";
import { ruleIds } from "../rules/all.ts";
import { shown } from "../web.ts";
import { readList, type ScimCheck } from "./answers.ts";
import { urns } from "./client.ts";
import { at, listAt, numberAt } from "./json.ts";
import { pathOf } from "./ledger.ts";
import { judgeMembers, type TestGroup } from "./members.ts";
import type { TestPerson } from "./people.ts";

/** The limit of Okta's suite for a list of groups (SPEC step 19). */
const longestMs = 600;

/** Judges group push, from the list to the deletion. */
export async function judgeGroups(check: ScimCheck, people: TestPerson[]): Promise<void> {
  if (!(await judgeGroupList(check))) return;
  const group = await createGroup(check);
  if (!group) return;
  await judgeFind(check, group);
  await judgeDuplicate(check, group);
  await judgeMembers(check, group, people);
  await judgeDeletion(check, group, people[0]);
}

/** Judges the list of groups, its time by the median of three: one slow response proves nothing. */
async function judgeGroupList(check: ScimCheck): Promise<boolean> {
  const { scim, report } = check;
  const answers = [await scim.get("/Groups"), await scim.get("/Groups"), await scim.get("/Groups")];
  const [answer] = answers;
  if (!answer) return false;
  if (answer.status === 404 || answer.status === 501) {
    const why = `the server offers no groups: ${shown(answer)}`;
    for (const id of ruleIds.filter((rule) => rule.startsWith("scim-group"))) report.notCheckable(id, why);
    return false;
  }
  if (!report.judge("scim-groups", answer.status === 200, shown(answer))) return false;
  const list = readList(check, answer);
  const [, median = 0] = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  report.judge("scim-groups-time", median < longestMs, `${Math.round(median)} ms, the median of three`);
  return list !== null;
}

async function createGroup({ scim, report, ledger }: ScimCheck): Promise<TestGroup | null> {
  const name = `Oincheck group ${randomInt(1e6, 1e7)}`;
  ledger.expect("Groups", name);
  const answer = await scim.send("POST", "/Groups", {
    schemas: [urns.group],
    displayName: name,
    members: [],
  });
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
}

async function judgeDuplicate({ scim, report, ledger }: ScimCheck, { name, id }: TestGroup): Promise<void> {
  const body = { schemas: [urns.group], displayName: name, members: [] };
  const answer = await scim.send("POST", "/Groups", body);
  const other = await ledger.created(scim, "Groups", answer);
  report.judge("scim-group-duplicate", answer.status === 409, shown(answer));
  if (other !== null && other !== id) await scim.send("DELETE", pathOf("Groups", other));
}

async function judgeDeletion(
  { scim, report, ledger }: ScimCheck,
  group: TestGroup,
  member?: TestPerson,
): Promise<void> {
  const answer = await scim.send("DELETE", group.path);
  const after = await scim.get(group.path);
  const gone = answer.status === 204 && after.status === 404;
  if (after.status === 404) ledger.gone("Groups", group.id);
  const person = member && (await scim.get(pathOf("Users", member.id)));
  const stays = !person || person.status === 200;
  const seen = `${shown(answer)}, then ${shown(after)}${stays ? "" : `; a member is gone: ${shown(person)}`}`;
  report.judge("scim-group-delete", gone && stays, seen);
}
