import { shown } from "../web.ts";
import { isSuccess, judgeRefusal, type ScimCheck } from "./answers.ts";
import type { CheckScimAnswer } from "./client.ts";
import { at, listAt, lostPaths, objectAt, textAt } from "./json.ts";
import { pathOf } from "./ledger.ts";
import { judgeSameId, type TestPerson } from "./people.ts";

/** Profile push: Okta reads the person, changes the profile and puts everything back. */
export async function judgeProfilePush(check: ScimCheck, person: TestPerson): Promise<void> {
  const { scim, report } = check;
  const path = pathOf("Users", person.id);
  const before = (await scim.get(path)).json;
  if (typeof before !== "object" || before === null) return;
  const name = { ...objectAt(before, "name"), givenName: `${person.givenName}x` };
  const whole = await scim.send("PUT", path, { ...before, name });
  const put = isSuccess(whole) ? whole : await withoutReadOnly(check, path, { ...before, name }, whole);
  if (isSuccess(whole)) report.judge("scim-put-read-only", true, shown(whole));
  const after = await scim.get(path);
  const changed = textAt(after.json, "name", "givenName") === name.givenName;
  const holds = put.status === 200 && changed && at(after.json, "id") === person.id;
  report.judge("scim-put", holds, `${shown(put)}${changed ? "" : ", and the first name is as before"}`);
  if (isSuccess(put)) judgePutAnswer(check, person, put, name.givenName);

  const empty = { ...objectAt(after.json), name: { ...name, middleName: "" }, nickName: "" };
  const emptied = await scim.send("PUT", path, put === whole ? empty : stripped(empty));
  report.judge("scim-put-empty", isSuccess(emptied), shown(emptied));
}

/** The answer is Okta's new view of the person, so it must show the change. */
function judgePutAnswer(check: ScimCheck, person: TestPerson, put: CheckScimAnswer, givenName: string): void {
  judgeSameId(check, person, at(put.json, "id"), shown(put));
  const whole = textAt(put.json, "id") !== null && textAt(put.json, "userName") !== null;
  const current = at(put.json, "name", "givenName") === givenName;
  const seen = whole ? (current ? "" : ", with the first name of before") : ", without the person";
  check.report.judge("scim-put-answer", whole && current, `${shown(put)}${seen}`);
}

/** Repeats a PUT without read-only attributes. If that works, the server failed to ignore them. */
async function withoutReadOnly(
  check: ScimCheck,
  path: string,
  body: object,
  refused: CheckScimAnswer,
): Promise<CheckScimAnswer> {
  const again = await check.scim.send("PUT", path, stripped(body));
  if (isSuccess(again))
    check.report.judge("scim-put-read-only", false, `${shown(refused)}, and without them ${again.status}`);
  return again;
}

function stripped(body: object): object {
  const { id: _id, meta: _meta, groups: _groups, ...rest } = body as Record<string, unknown>;
  return rest;
}

/** Deactivates and activates a person as Okta does, and reads them in between. */
export async function judgeDeactivation(check: ScimCheck, person: TestPerson): Promise<void> {
  const { scim, report } = check;
  const path = pathOf("Users", person.id);
  const whole = objectAt((await scim.get(path)).json);
  const patched = await scim.patch(path, { op: "replace", value: { active: false } });
  judgePatchAnswer(check, person, patched, false);
  const after = await scim.get(path);
  // A server may hide a deactivated person. Then only the response to the PATCH can prove the change.
  const hidden = after.status === 404;
  const done =
    isSuccess(patched) && (hidden ? at(patched.json, "active") !== true : at(after.json, "active") === false);
  const seen = `${shown(patched)}, then active is ${JSON.stringify(at(after.json, "active"))}`;
  report.judge("scim-patch-pathless", done, seen);
  if (done) {
    const again = await scim.patch(path, { op: "replace", value: { active: false } });
    report.judge("scim-patch-pathless", isSuccess(again), `${shown(again)}, to the same PATCH again`);
  }
  const inactive = done || (await setByPut(check, path, after.json, false));
  if (!inactive) return;
  const read = done ? after : await scim.get(path);
  report.judge("scim-deactivated-readable", read.status === 200, shown(read));
  const found = await scim.find("Users", `userName eq "${person.userName}"`);
  const ids = listAt(found.json, "Resources").map((user) => at(user, "id"));
  report.judge("scim-deactivated-found", ids.includes(person.id), `${shown(found)}: ${ids.length} found`);
  await judgeInactivePush(check, person, read.json);
  if (done)
    judgePatchAnswer(check, person, await scim.patch(path, { op: "replace", value: { active: true } }), true);
  else await setByPut(check, path, read.json, true);
  await judgeActivated(check, person, whole);
}

/** A profile push never changes the active state (Okta: "SCIM concepts"). */
async function judgeInactivePush(check: ScimCheck, person: TestPerson, user: unknown): Promise<void> {
  if (at(user, "active") !== false) return;
  const path = pathOf("Users", person.id);
  const answer = await putPerson(check, path, { ...objectAt(user), active: false });
  const { json } = await check.scim.get(path);
  const stays = at(json, "active") === false;
  const seen = `${shown(answer)}, then active is ${JSON.stringify(at(json, "active"))}`;
  check.report.judge("scim-inactive-push", stays, seen);
}

/** @param whole the person before the deactivation. */
async function judgeActivated(
  check: ScimCheck,
  person: TestPerson,
  whole: Record<string, unknown>,
): Promise<void> {
  const { scim, report } = check;
  const after = await scim.get(pathOf("Users", person.id));
  const same = at(after.json, "active") === true && at(after.json, "id") === person.id;
  report.judge(
    "scim-reactivated",
    same,
    `${shown(after)}, active is ${JSON.stringify(at(after.json, "active"))}`,
  );
  if (!same) return;
  const { meta: _meta, groups: _groups, ...kept } = whole;
  const lost = lostPaths(kept, after.json);
  const seen = lost.length === 0 ? "unchanged" : `different after the reactivation: ${lost.join(", ")}`;
  report.judge("scim-reactivated-whole", lost.length === 0, seen);
}

function judgePatchAnswer(
  check: ScimCheck,
  person: TestPerson,
  answer: CheckScimAnswer,
  active: boolean,
): void {
  if (!isSuccess(answer)) return;
  judgeSameId(check, person, at(answer.json, "id"), shown(answer));
  const seen = at(answer.json, "active");
  const whole = answer.status === 200 && textAt(answer.json, "id") !== null && seen === active;
  const text = `${shown(answer)}${answer.status === 200 ? `, active is ${JSON.stringify(seen) ?? "absent"}` : ""}`;
  check.report.judge("scim-patch-answer", whole || answer.status === 204, text);
}

/** Puts a whole person; if the server refuses that, again without read-only attributes. */
export async function putPerson({ scim }: ScimCheck, path: string, user: object): Promise<CheckScimAnswer> {
  const whole = await scim.send("PUT", path, user);
  return isSuccess(whole) ? whole : await scim.send("PUT", path, stripped(user));
}

async function setByPut(check: ScimCheck, path: string, user: unknown, active: boolean): Promise<boolean> {
  if (typeof user !== "object" || user === null) return false;
  const put = await putPerson(check, path, { ...user, active });
  const after = await check.scim.get(path);
  return isSuccess(put) && at(after.status === 404 ? put.json : after.json, "active") === active;
}

/** Deactivates by PUT, like private app integrations, and sends an unknown PATCH operation. */
export async function judgeOtherChanges(check: ScimCheck, person: TestPerson): Promise<void> {
  const { scim, report } = check;
  const path = pathOf("Users", person.id);
  const before = (await scim.get(path)).json;
  const off = await setByPut(check, path, before, false);
  report.judge("scim-put-deactivates", off, off ? "PUT deactivated" : "after PUT, active is as before");
  if (off) await setByPut(check, path, before, true);
  judgeRefusal(
    check,
    "scim-patch-unknown",
    400,
    await scim.patch(path, { op: "oincheck", value: { active: false } }),
  );
}

/** Sends a password as "Sync Password" does. Whether it works afterwards is not visible by SCIM. */
export async function judgePassword(
  { scim, report, declared }: ScimCheck,
  { id }: TestPerson,
): Promise<void> {
  const byHand = "only a sign-in shows it";
  report.notCheckable("scim-password-effective", byHand);
  if (declared?.capability.users.changePassword !== true) {
    report.notCheckable("scim-password-change", "no manifest declares Change password");
    return;
  }
  const password = "Oincheck-4130-tour-Operations";
  const answer = await scim.patch(pathOf("Users", id), { op: "replace", value: { password } });
  const config = await scim.get("/ServiceProviderConfig");
  const denied = at(config.json, "changePassword", "supported") === false;
  const seen = `${shown(answer)}${denied ? "; /ServiceProviderConfig says that it is not supported" : ""}`;
  report.judge("scim-password-change", isSuccess(answer) && !denied, seen);
  if (answer.text !== "")
    report.judge("scim-password", !answer.text.includes(password), "the answer to the new password");
}

/** Deletes a person (RFC 7644 §3.6). The last step, because no other needs the person. */
export async function judgeDeletion(check: ScimCheck, person: TestPerson): Promise<void> {
  const path = pathOf("Users", person.id);
  const answer = await check.scim.send("DELETE", path);
  const after = await check.scim.get(path);
  const gone = answer.status === 204 && after.status === 404;
  if (gone) check.ledger.gone("Users", person.id);
  check.report.judge("scim-delete", gone, `${shown(answer)}, then ${shown(after)}`);
}
