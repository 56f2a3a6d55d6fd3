import type { RuleId } from "../rules/all.ts";
import { shown } from "../web.ts";
import { readList, type ScimCheck } from "./answers.ts";
import { at, listAt, lostPaths, numberAt, objectAt, textAt } from "./json.ts";
import { pathOf } from "./ledger.ts";
import type { TestPerson } from "./people.ts";

/** Judges the first page as Okta's suite does (SPEC steps 1 and 3), before the check creates people. */
export async function judgeFirstPage(check: ScimCheck): Promise<void> {
  const { scim, report } = check;
  const answer = await scim.get("/Users?count=1&startIndex=1");
  const resources = readList(check, answer);
  if (resources === null) return;
  report.judge("scim-test-data", resources.length > 0, `${shown(answer)}: ${resources.length} found`);
  if (resources.length === 0) report.notCheckable("scim-first-user", "the list is empty");
  const [first] = resources;
  const id = textAt(first, "id");
  if (first === undefined || id === null) return;
  const lacking = lackingFields(first);
  const seen = lacking.length
    ? `the first person lacks ${lacking.join(", ")}`
    : "the first person has all of them";
  report.judge("scim-first-user", lacking.length === 0, seen);
  const read = await scim.get(`/Users/${encodeURIComponent(id)}`);
  report.judge("scim-read", read.status === 200 && at(read.json, "id") === id, shown(read));
}

/**
 * An import, and the look-up before an assignment, read people from lists alone. Compares the lists with reading by id,
 * except for groups and meta.
 */
export async function judgeListed(check: ScimCheck, { id, userName }: TestPerson): Promise<void> {
  const whole = objectAt((await check.scim.get(pathOf("Users", id))).json);
  const { meta: _meta, groups: _groups, ...kept } = whole;
  if (whole.id === id)
    await judgeInLists(check, "Users", {
      rule: "scim-list-whole",
      id,
      whole: kept,
      filter: `userName eq ${JSON.stringify(userName)}`,
    });
}

/** The part of a resource that lists have to show. */
interface Listed {
  rule: RuleId;
  id: string;
  /** Its attributes as by id, without those that a list may leave out. */
  whole: object;
  /** Finds it. */
  filter: string;
}

/** Compares a resource by id with the same in a search, on the first page and on the last. */
export async function judgeInLists(
  { scim, report }: ScimCheck,
  kind: "Users" | "Groups",
  { rule, id, whole, filter }: Listed,
): Promise<void> {
  const found = await scim.find(kind, filter);
  const first = await scim.get(`/${kind}?startIndex=1&count=100`);
  const total = numberAt(first.json, "totalResults");
  const last = total > 100 ? [await scim.get(`/${kind}?startIndex=${total - 99}&count=100`)] : [];
  for (const answer of [found, first, ...last]) {
    const listed = listAt(answer.json, "Resources").find((one) => at(one, "id") === id);
    if (listed === undefined) continue;
    const lost = lostPaths(whole, listed);
    const seen = lost.length === 0 ? "as by id" : `absent or different in the list: ${lost.join(", ")}`;
    report.judge(rule, lost.length === 0, `${shown(answer)}: ${seen}`);
  }
}

/** The fields that Okta's suite finds empty in a person. It counts a false `active` as empty. */
function lackingFields(user: unknown): string[] {
  const fields = [["userName"], ["name", "givenName"], ["name", "familyName"], ["emails", 0, "value"]];
  const texts = fields.filter((path) => textAt(user, ...path) === null).map((path) => path.join("."));
  return at(user, "active") === true ? texts : [...texts, "active: true"];
}

/** Judges paging by startIndex and count, with at least three people (RFC 7644 §3.4.2.4). */
export async function judgePaging(check: ScimCheck): Promise<void> {
  const { scim, report } = check;
  const page = async (startIndex: number, count: number) => {
    const answer = await scim.get(`/Users?startIndex=${startIndex}&count=${count}`);
    const resources = readList(check, answer) ?? [];
    const ids = resources.map((user) => at(user, "id"));
    return {
      answer,
      ids,
      total: numberAt(answer.json, "totalResults"),
      from: numberAt(answer.json, "startIndex"),
    };
  };
  const one = await page(1, 1);
  const two = await page(1, 2);
  const next = await page(3, 2);
  const counted = one.ids.length === 1 && two.ids.length === 2;
  const moved =
    next.ids.length >= 1 &&
    next.ids.length <= 2 &&
    next.from === 3 &&
    !next.ids.some((id) => two.ids.includes(id));
  const seen =
    `count=1 gave ${one.ids.length}, count=2 gave ${two.ids.length}, ` +
    `startIndex=3&count=2 gave ${next.ids.length} from ${next.from}${moved ? "" : ", or people of the page before"}`;
  report.judge("scim-paging", counted && moved, seen);
  // The total may change while people come and go. It is wrong only if it equals the number on the page.
  const follows = one.total !== two.total && one.total === one.ids.length && two.total === two.ids.length;
  const short = two.total < 3;
  report.judge(
    "scim-total-results",
    !follows && !short,
    `count=1 says ${one.total}, count=2 says ${two.total}`,
  );
  await judgeEnds(check, two.total);
}

async function judgeEnds(check: ScimCheck, total: number): Promise<void> {
  const { scim, report } = check;
  const beyond = await scim.get(`/Users?startIndex=${(Number.isNaN(total) ? 0 : total) + 1000}&count=2`);
  const after = beyond.status === 200 ? (readList(check, beyond) ?? []) : [];
  report.judge(
    "scim-beyond-end",
    beyond.status === 200 && after.length === 0,
    `${shown(beyond)}: ${after.length} found`,
  );
  const none = await scim.get("/Users?startIndex=1&count=0");
  const people = listAt(none.json, "Resources").length;
  const holds = none.status === 200 && people === 0 && numberAt(none.json, "totalResults") > 0;
  report.judge("scim-count-zero", holds, `${shown(none)}: ${people} found`);
  const edges = [
    { query: "startIndex=0&count=1", expected: 1 },
    { query: "startIndex=1&count=-1", expected: 0 },
  ];
  for (const { query, expected } of edges) {
    const answer = await scim.get(`/Users?${query}`);
    const found = listAt(answer.json, "Resources").length;
    const right = answer.status === 200 && found === expected;
    report.judge("scim-start-index", right, `${shown(answer)}: ${found} found`);
  }
}
