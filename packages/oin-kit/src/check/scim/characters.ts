import { shown } from "../web.ts";
import type { ScimCheck } from "./answers.ts";
import { at, listAt, numberAt } from "./json.ts";
import { testName } from "./ledger.ts";
import { suiteBody, suiteHeaders } from "./people.ts";

/** Characters with a meaning in a URL, in a filter, in SQL or in an encoding. */
const special = ["'", "&", "+", "%", '"', "\\", "#", ";", "/", "?", "(", "*", "é", "李", " or ", "%20"];

/** Looks up names with such characters, which do not exist, and a person who has two of them. */
export async function judgeCharacters(check: ScimCheck): Promise<void> {
  for (const character of special) {
    const filter = `userName eq ${JSON.stringify(`oincheck${character}unknown@example.com`)}`;
    await judgeUnknown(check, character, encodeURIComponent(filter));
  }
  // encodeURIComponent() leaves the apostrophe as it is. Other clients encode it.
  const encoded = encodeURIComponent(`userName eq "o'incheck-unknown@example.com"`).replaceAll("'", "%27");
  await judgeUnknown(check, "'", encoded);
  await judgeSpecialName(check);
}

async function judgeUnknown({ scim, report }: ScimCheck, character: string, filter: string): Promise<void> {
  const answer = await scim.get(`/Users?filter=${filter}&startIndex=1&count=100`);
  const empty = answer.status === 200 && numberAt(answer.json, "totalResults") === 0;
  report.judge("scim-filter-characters", empty, `${shown(answer)}, for ${character}`);
}

/** Both characters are common in e-mail addresses, so Okta has people with such names. */
async function judgeSpecialName({ scim, report, ledger }: ScimCheck): Promise<void> {
  const name = testName();
  const userName = `o'${name.givenName}+${name.familyName}@example.com`;
  ledger.expect("Users", userName);
  const created = await scim.send("POST", "/Users", suiteBody({ ...name, userName }), suiteHeaders);
  const id = await ledger.created(scim, "Users", created);
  const found = await scim.find("Users", `userName eq "${userName}"`);
  const ids = listAt(found.json, "Resources").map((user) => at(user, "id"));
  const holds = id !== null && ids.length === 1 && ids[0] === id;
  report.judge(
    "scim-user-name-characters",
    holds,
    `${shown(created)}, then ${shown(found)}: ${ids.length} found`,
  );
}
