import { shown } from "../web.ts";
import { isSuccess, judgeRefusal, type ScimCheck } from "./answers.ts";
import type { CheckScimAnswer } from "./client.ts";
import { at, listAt, textAt } from "./json.ts";
import { pathOf } from "./ledger.ts";
import type { TestPerson } from "./people.ts";

/** Profile push: Okta reads the person and puts back all of it, changed. */
export async function judgeProfilePush(visit: ScimCheck, person: TestPerson): Promise<void> {
  const { scim, report } = visit;
  const path = pathOf("Users", person.id);
  const before = (await scim.get(path)).json;
  if (typeof before !== "object" || before === null) return;
  const name = { ...objectAt(before, "name"), givenName: `${person.givenName}x` };
  const whole = await scim.send("PUT", path, { ...before, name });
  const put = isSuccess(whole) ? whole : await withoutReadOnly(visit, path, { ...before, name }, whole);
  if (isSuccess(whole)) report.judge("scim-put-read-only", true, shown(whole));
  const after = await scim.get(path);
  const changed = textAt(after.json, "name", "givenName") === name.givenName;
  const holds = put.status === 200 && changed && at(after.json, "id") === person.id;
  report.judge("scim-put", holds, `${shown(put)}${changed ? "" : ", and the first name is as before"}`);

  const empty = { ...objectAt(after.json), name: { ...name, middleName: "" }, nickName: "" };
  const emptied = await scim.send("PUT", path, put === whole ? empty : stripped(empty));
  report.judge("scim-put-empty", isSuccess(emptied), shown(emptied));
}

/** The same without what a server must ignore: if that works, it did not ignore it. */
async function withoutReadOnly(
  visit: ScimCheck,
  path: string,
  body: object,
  refused: CheckScimAnswer,
): Promise<CheckScimAnswer> {
  const again = await visit.scim.send("PUT", path, stripped(body));
  if (isSuccess(again))
    visit.report.judge("scim-put-read-only", false, `${shown(refused)}, and without them ${again.status}`);
  return again;
}

function stripped(body: object): object {
  const { id: _id, meta: _meta, groups: _groups, ...rest } = body as Record<string, unknown>;
  return rest;
}

function objectAt(value: unknown, ...path: string[]): object {
  const found = at(value, ...path);
  return typeof found === "object" && found !== null ? found : {};
}

/** Deactivation and activation as Okta does them, and what is seen of the person in between. */
export async function judgeDeactivation(visit: ScimCheck, person: TestPerson): Promise<void> {
  const { scim, report } = visit;
  const path = pathOf("Users", person.id);
  const patched = await scim.patch(path, { op: "replace", value: { active: false } });
  judgePatchAnswer(visit, patched);
  const after = await scim.get(path);
  // A server may hide a person whom it has deactivated: then the answer to the PATCH is all there is to believe.
  const hidden = after.status === 404;
  const done =
    isSuccess(patched) && (hidden ? at(patched.json, "active") !== true : at(after.json, "active") === false);
  const seen = `${shown(patched)}, then active is ${JSON.stringify(at(after.json, "active"))}`;
  report.judge("scim-patch-pathless", done, seen);
  const inactive = done || (await setByPut(visit, path, after.json, false));
  if (!inactive) return;
  const read = done ? after : await scim.get(path);
  report.judge("scim-deactivated-readable", read.status === 200, shown(read));
  const found = await scim.find("Users", `userName eq "${person.userName}"`);
  const ids = listAt(found.json, "Resources").map((user) => at(user, "id"));
  report.judge("scim-deactivated-found", ids.includes(person.id), `${shown(found)}: ${ids.length} found`);
  await judgeActivation(visit, person, done, read.json);
}

async function judgeActivation(
  visit: ScimCheck,
  person: TestPerson,
  byPatch: boolean,
  before: unknown,
): Promise<void> {
  const { scim, report } = visit;
  const path = pathOf("Users", person.id);
  if (byPatch) judgePatchAnswer(visit, await scim.patch(path, { op: "replace", value: { active: true } }));
  else await setByPut(visit, path, before, true);
  const after = await scim.get(path);
  const same = at(after.json, "active") === true && at(after.json, "id") === person.id;
  report.judge(
    "scim-reactivated",
    same,
    `${shown(after)}, active is ${JSON.stringify(at(after.json, "active"))}`,
  );
}

function judgePatchAnswer({ report }: ScimCheck, answer: CheckScimAnswer): void {
  if (!isSuccess(answer)) return;
  const whole = answer.status === 200 && textAt(answer.json, "id") !== null;
  report.judge("scim-patch-answer", whole || answer.status === 204, shown(answer));
}

/** Puts a whole person back, without what is read-only where a server refuses that. */
export async function putPerson({ scim }: ScimCheck, path: string, user: object): Promise<CheckScimAnswer> {
  const whole = await scim.send("PUT", path, user);
  return isSuccess(whole) ? whole : await scim.send("PUT", path, stripped(user));
}

async function setByPut(visit: ScimCheck, path: string, user: unknown, active: boolean): Promise<boolean> {
  if (typeof user !== "object" || user === null) return false;
  const put = await putPerson(visit, path, { ...user, active });
  const after = await visit.scim.get(path);
  return isSuccess(put) && at(after.status === 404 ? put.json : after.json, "active") === active;
}

/** How private app integrations deactivate; and what no client means. */
export async function judgeOtherChanges(visit: ScimCheck, person: TestPerson): Promise<void> {
  const { scim, report } = visit;
  const path = pathOf("Users", person.id);
  const before = (await scim.get(path)).json;
  const off = await setByPut(visit, path, before, false);
  report.judge("scim-put-deactivates", off, off ? "PUT deactivated" : "after PUT, active is as before");
  if (off) await setByPut(visit, path, before, true);
  judgeRefusal(
    visit,
    "scim-patch-unknown",
    400,
    await scim.patch(path, { op: "oincheck", value: { active: false } }),
  );
}

/** RFC 7644 §3.6, last: the person is of no more use. */
export async function judgeDeletion(visit: ScimCheck, person: TestPerson): Promise<void> {
  const path = pathOf("Users", person.id);
  const answer = await visit.scim.send("DELETE", path);
  const after = await visit.scim.get(path);
  const gone = answer.status === 204 && after.status === 404;
  if (gone) visit.ledger.gone("Users", person.id);
  visit.report.judge("scim-delete", gone, `${shown(answer)}, then ${shown(after)}`);
}
