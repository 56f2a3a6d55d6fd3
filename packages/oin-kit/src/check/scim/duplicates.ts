import type { RuleId } from "../rules/all.ts";
import { shown } from "../web.ts";
import { judgeRefusal, type ScimCheck } from "./answers.ts";
import { at, objectAt, sameText, textAt } from "./json.ts";
import { pathOf } from "./ledger.ts";
import { suiteBody, suiteHeaders, type TestPerson } from "./people.ts";

/** Judges whether a userName stays unique (SPEC step 15): Okta repeats a POST after a timeout, and renames people. */
export async function judgeDuplicates(
  check: ScimCheck,
  person: TestPerson,
  other: TestPerson | undefined,
): Promise<void> {
  await judgeDuplicate(check, person, "scim-duplicate");
  const upper = { ...person, userName: person.userName.toUpperCase() };
  await judgeDuplicate(check, upper, "scim-duplicate-case");
  if (other) await judgeTakenName(check, person, other);
}

/** Gives one person the userName of another by PUT. If the server does that, gives the name back. */
async function judgeTakenName(
  { scim, report }: ScimCheck,
  person: TestPerson,
  other: TestPerson,
): Promise<void> {
  const path = pathOf("Users", person.id);
  const before = objectAt((await scim.get(path)).json);
  const answer = await scim.send("PUT", path, { ...before, userName: other.userName });
  const stays = sameText(textAt((await scim.get(path)).json, "userName"), person.userName);
  const seen = `${shown(answer)}${stays ? "" : ", and two people have one userName"}`;
  report.judge("scim-put-duplicate", answer.status === 409 && stays, seen);
  if (!stays) await scim.send("PUT", path, { ...before, userName: person.userName });
}

/** Sends the same person again. If the server accepts it, removes the second one, which would spoil later steps. */
async function judgeDuplicate(check: ScimCheck, person: TestPerson, rule: RuleId): Promise<void> {
  const { scim, ledger, report } = check;
  const again = await scim.send("POST", "/Users", suiteBody(person), suiteHeaders);
  const other = await ledger.created(scim, "Users", again);
  judgeRefusal(check, rule, 409, again);
  if (again.status === 409) {
    const type = at(again.json, "scimType");
    report.judge(
      "scim-duplicate-type",
      type === "uniqueness",
      `${shown(again)}: scimType is ${JSON.stringify(type) ?? "absent"}`,
    );
  }
  if (other !== null && other !== person.id) await scim.send("DELETE", pathOf("Users", other));
}
