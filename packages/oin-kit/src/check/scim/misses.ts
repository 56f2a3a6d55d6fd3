import { shown } from "../web.ts";
import { isSuccess, isUnsupported, judgeRefusal, readList, type ScimCheck } from "./answers.ts";
import { at, numberAt } from "./json.ts";
import { testName } from "./ledger.ts";
import { suiteBody } from "./people.ts";

/** Looks for unknown people, and sends an invalid filter and body (SPEC steps 5, 7, 9 and 23). */
export async function judgeMisses(check: ScimCheck): Promise<void> {
  const { scim, report } = check;
  for (const userName of ["abcdefgh@atko.com", testName().userName]) {
    const answer = await scim.find("Users", `userName eq "${userName}"`);
    const total = numberAt(answer.json, "totalResults");
    const seen = `${shown(answer)}${answer.status === 200 ? `: totalResults ${total}` : ""}`;
    report.judge("scim-filter-empty", answer.status === 200 && total === 0, seen);
    if (answer.status === 200) readList(check, answer);
  }
  for (const id of ["010101001010101011001010101011", "00919288221112222"]) {
    judgeRefusal(check, "scim-unknown-id", 404, await scim.get(`/Users/${id}`));
  }
  judgeRefusal(
    check,
    "scim-filter-invalid",
    400,
    await scim.get(`/Users?filter=${encodeURIComponent("userName eq")}`),
  );
  judgeRefusal(check, "scim-bad-request", 400, await scim.send("POST", "/Users", '{"schemas": ['));
  await judgeUnknownChanges(check);
  await judgeAccept(check);
}

/** Okta changes people by the ids that it knows, and some are gone by then. */
async function judgeUnknownChanges(check: ScimCheck): Promise<void> {
  const { scim, ledger } = check;
  const path = "/Users/010101001010101011001010101011";
  const name = testName();
  ledger.expect("Users", name.userName);
  const rule = "scim-unknown-id-changes";
  judgeRefusal(check, rule, 404, await scim.send("PUT", path, suiteBody(name)));
  judgeRefusal(check, rule, 404, await scim.patch(path, { op: "replace", value: { active: false } }));
  const deletion = await scim.send("DELETE", path);
  // Okta never deletes people.
  if (!isUnsupported(deletion)) judgeRefusal(check, rule, 404, deletion);
}

/** The forms of Accept that clients send. */
const acceptForms = [
  "application/scim+json; charset=utf-8",
  "application/json",
  "application/scim+json, application/json",
  "*/*",
];

async function judgeAccept({ scim, report }: ScimCheck): Promise<void> {
  for (const accept of acceptForms) {
    const answer = await scim.get("/Users?startIndex=1&count=1", { accept });
    const holds = isSuccess(answer) && Array.isArray(at(answer.json, "Resources"));
    report.judge("scim-accept", holds, `${shown(answer)}, with Accept: ${accept}`);
  }
}
