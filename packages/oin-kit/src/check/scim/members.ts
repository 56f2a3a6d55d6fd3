import type { RuleId } from "../rules/all.ts";
import { shown } from "../web.ts";
import { isSuccess, type ScimCheck } from "./answers.ts";
import { type CheckScimAnswer, urns } from "./client.ts";
import { at, listAt, textAt } from "./json.ts";
import { pathOf } from "./ledger.ts";
import type { TestPerson } from "./people.ts";

/** A group that the check created. */
export interface TestGroup {
  id: string;
  path: string;
  name: string;
}

/** Why the rules about members cannot be checked on some servers. */
export const hiddenMembers = "the answers show no members, neither at the group nor at its people";

/** Reads the ids of the group's members, each as often as the server lists it. */
type ReadMembers = () => Promise<string[]>;

/**
 * Sends Okta's calls for the members of a pushed group (Okta: "SCIM 2.0 reference"). Each step is compared with the state
 * before it, so that one failure does not make the next steps look wrong.
 */
export async function judgeMembers(check: ScimCheck, group: TestGroup, people: TestPerson[]): Promise<void> {
  const { scim, report } = check;
  const [first, second, third] = people;
  if (!first || !second || !third) return;
  const added = await scim.patch(group.path, {
    op: "add",
    path: "members",
    value: refs(first.id, second.id),
  });
  const read = await memberReader(check, group, people);
  if (!read) {
    if (!isSuccess(added)) report.judge("scim-group-add", false, shown(added));
    hidden(check);
    await judgeRename(check, group, null);
    return;
  }
  const step = async (rule: RuleId, expected: string[], send: () => Promise<CheckScimAnswer>) => {
    const answer = await send();
    judgeAnswer(check, answer);
    const members = await read();
    const holds = isSuccess(answer) && sameMembers(members, expected);
    report.judge(rule, holds, `${shown(answer)}, then ${difference(members, expected)}`);
  };
  const replace = (...ids: string[]) =>
    scim.patch(group.path, { op: "replace", path: "members", value: refs(...ids) });

  await step("scim-group-add", [first.id, second.id], () => Promise.resolve(added));
  await judgeRename(check, group, read);
  const before = new Set([...(await read()), first.id]);
  const add = { op: "add", path: "members", value: refs(first.id) };
  await step("scim-group-add-again", [...before], () => scim.patch(group.path, add));
  await judgeRemoval(check, group, read, { leaves: first.id, comes: third.id });
  await step("scim-group-push", [first.id, third.id], () => replace(first.id, third.id));
  await judgeEcho(check, first, read);
  await judgeForeignForms(check, group, read, { leaves: first.id, stays: third.id });
  const body = { schemas: [urns.group], displayName: group.name, members: refs(second.id) };
  await step("scim-group-put", [second.id], () => scim.send("PUT", group.path, body));
  if ((await read()).length > 0) await step("scim-group-push-empty", [], () => replace());
  else report.notCheckable("scim-group-push-empty", "no one could be added to the group before");
}

/** Sends Okta's delta, a removal by a filter and an addition in one request; then repeats the removal. */
async function judgeRemoval(
  check: ScimCheck,
  group: TestGroup,
  read: ReadMembers,
  { leaves, comes }: { leaves: string; comes: string },
): Promise<void> {
  const { scim, report } = check;
  const removal = { op: "remove", path: `members[value eq "${leaves}"]` };
  const before = await read();
  if (before.includes(leaves)) {
    const answer = await scim.patch(group.path, removal, { op: "add", path: "members", value: refs(comes) });
    judgeAnswer(check, answer);
    const members = await read();
    const stay = before.filter((id) => id !== leaves);
    const removed = !members.includes(leaves) && stay.every((id) => members.includes(id));
    const seen = removed
      ? "they are gone"
      : members.includes(leaves)
        ? "they are still a member"
        : "others are gone, too";
    report.judge("scim-group-remove", isSuccess(answer) && removed, `${shown(answer)}, then ${seen}`);
    if (isSuccess(answer))
      report.judge("scim-group-add", members.includes(comes), `${shown(answer)}, with an addition`);
  }
  const again = await scim.patch(group.path, removal);
  report.judge("scim-group-remove-again", isSuccess(again), shown(again));
}

/** Renames the group as Okta does: without a path, with the id in the value. */
async function judgeRename(check: ScimCheck, group: TestGroup, read: ReadMembers | null): Promise<void> {
  const { scim, report } = check;
  const before = read && (await read());
  const displayName = `${group.name} renamed`;
  const answer = await scim.patch(group.path, { op: "replace", value: { id: group.id, displayName } });
  judgeAnswer(check, answer);
  const renamed = at((await scim.get(group.path)).json, "displayName") === displayName;
  const seen = `${shown(answer)}${renamed ? "" : ", and the name is as before"}`;
  report.judge("scim-group-rename", isSuccess(answer) && renamed, seen);
  if (!before || !read || !renamed) return;
  const members = await read();
  report.judge("scim-group-rename-members", sameMembers(members, before), difference(members, before));
}

/** The answer to a PATCH or PUT of a group: the group, whose members may be left out, or no body. */
function judgeAnswer({ report }: ScimCheck, answer: CheckScimAnswer): void {
  if (!isSuccess(answer)) return;
  const whole =
    answer.status === 200 &&
    textAt(answer.json, "id") !== null &&
    textAt(answer.json, "displayName") !== null;
  report.judge("scim-group-patch-answer", whole || answer.status === 204, shown(answer));
}

/** Removes a member by a list of values, and adds an unknown one: forms that other clients send, and mistakes. */
async function judgeForeignForms(
  { scim, report }: ScimCheck,
  group: TestGroup,
  read: ReadMembers,
  { leaves, stays }: { leaves: string; stays: string },
): Promise<void> {
  const before = await read();
  const unknown = "00919288221112222";
  const added = await scim.patch(group.path, { op: "add", path: "members", value: refs(unknown) });
  const ghost = (await read()).includes(unknown);
  report.judge("scim-group-unknown-member", !ghost, `${shown(added)}${ghost ? ", and it is a member" : ""}`);
  if (!before.includes(leaves) || !before.includes(stays)) return;
  const removed = await scim.patch(group.path, { op: "remove", path: "members", value: refs(leaves) });
  const after = await read();
  const holds = !after.includes(leaves) && after.includes(stays);
  const seen = after.includes(stays)
    ? holds
      ? "they are gone"
      : "they are still a member"
    : "others are gone, too";
  report.judge("scim-group-remove-value", holds, `${shown(removed)}, then ${seen}`);
}

/** A person's groups are read-only. Okta usually sends an empty array back, which must change nothing. */
async function judgeEcho({ scim, report }: ScimCheck, member: TestPerson, read: ReadMembers): Promise<void> {
  if (!(await read()).includes(member.id)) return;
  const path = pathOf("Users", member.id);
  const { json } = await scim.get(path);
  if (typeof json !== "object") return;
  const answer = await scim.send("PUT", path, { ...json, groups: [] });
  if (!isSuccess(answer)) return;
  const stays = (await read()).includes(member.id);
  report.judge(
    "scim-put-read-only",
    stays,
    `${shown(answer)} with groups: []${stays ? "" : " took them out of the group"}`,
  );
}

/**
 * Finds out where this server shows members: in the group or in its people; null if in neither. Members were added before.
 * If none is visible, the server may have ignored that addition, so this tries to add them by other means.
 */
async function memberReader(
  { scim }: ScimCheck,
  group: TestGroup,
  people: TestPerson[],
): Promise<ReadMembers | null> {
  const ids = people.map(({ id }) => id);
  const atGroup: ReadMembers = async () =>
    listAt((await scim.get(group.path)).json, "members").flatMap((member) => textAt(member, "value") ?? []);
  const atPeople: ReadMembers = async () => {
    const isIn = async (id: string) =>
      listAt((await scim.get(pathOf("Users", id))).json, "groups").some(
        (one) => at(one, "value") === group.id,
      );
    const members = [];
    for (const id of ids) if (await isIn(id)) members.push(id);
    return members;
  };
  const means = [
    () => Promise.resolve(),
    () => scim.patch(group.path, { op: "replace", path: "members", value: refs(...ids) }),
    () =>
      scim.send("PUT", group.path, { schemas: [urns.group], displayName: group.name, members: refs(...ids) }),
  ];
  for (const addMembers of means) {
    await addMembers();
    if ((await atGroup()).length > 0) return atGroup;
    if ((await atPeople()).length > 0) return atPeople;
  }
  return Array.isArray(at((await scim.get(group.path)).json, "members")) ? atGroup : null;
}

/** Okta does not need to see members, but without them the rules about members cannot be checked. */
function hidden({ report }: ScimCheck): void {
  const unseen: RuleId[] = [
    ...(["scim-group-add", "scim-group-add-again", "scim-group-remove", "scim-group-remove-again"] as const),
    ...(["scim-group-push", "scim-group-push-empty", "scim-group-put", "scim-group-rename-members"] as const),
    ...(["scim-group-remove-value", "scim-group-unknown-member"] as const),
  ];
  for (const rule of unseen) report.notCheckable(rule, hiddenMembers);
}

function refs(...ids: string[]) {
  return ids.map((value) => ({ value }));
}

function sameMembers(members: string[], expected: string[]): boolean {
  return members.length === expected.length && expected.every((id) => members.includes(id));
}

function difference(members: string[], expected: string[]): string {
  if (sameMembers(members, expected)) return `${members.length} members, as expected`;
  const lost = expected.filter((id) => !members.includes(id)).length;
  const extra = members.filter((id) => !expected.includes(id)).length;
  const doubled = members.length - new Set(members).size;
  const parts = [
    [lost, "missing"],
    [extra, "too many"],
    [doubled, "listed twice"],
  ] as const;
  return `${members.length} members: ${parts.flatMap(([count, what]) => (count ? `${count} ${what}` : [])).join(", ")}`;
}
