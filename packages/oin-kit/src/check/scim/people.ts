import type { CheckReport } from "../report.ts";
import { shown } from "../web.ts";
import { isSuccess, readList, type ScimCheck } from "./answers.ts";
import { type CheckScimAnswer, urns } from "./client.ts";
import { at, listAt, numberAt, sameText, textAt } from "./json.ts";
import { pathOf, type TestName, testName } from "./ledger.ts";

/** A person that the check created. */
export interface TestPerson extends TestName {
  id: string;
}

const placeholder = "1mz050nq";

/** The body and headers of a POST by Okta's suite. */
export function suiteBody({ userName, givenName, familyName }: TestName) {
  return {
    schemas: [urns.user],
    userName,
    name: { givenName, familyName },
    emails: [{ primary: true, value: userName, type: "work" }],
    displayName: `${givenName} ${familyName}`,
    active: true,
  };
}
export const suiteHeaders = {
  accept: "application/scim+json; charset=utf-8",
  "content-type": "application/json",
};

/** The body of a POST by Okta itself. */
export function oktaBody(name: TestName) {
  return {
    ...suiteBody(name),
    locale: "en-US",
    externalId: `00u${name.familyName}`,
    groups: [],
    password: placeholder,
  };
}

/** Creates three people, like the suite and like Okta (SPEC steps 11 and 15). Omits those without a known id. */
export async function createPeople(check: ScimCheck): Promise<TestPerson[]> {
  const names = [testName(), testName(), testName()];
  const people: TestPerson[] = [];
  for (const [index, name] of names.entries()) {
    const bySuite = index === 0;
    const body = bySuite ? suiteBody(name) : oktaBody(name);
    const person = await createPerson(check, name, body, bySuite ? suiteHeaders : {});
    if (person) people.push(person);
  }
  return people;
}

/** Creates a person and judges the answer. Returns null if no id came back. */
export async function createPerson(
  check: ScimCheck,
  name: TestName,
  body: object,
  headers: Record<string, string> = {},
): Promise<TestPerson | null> {
  const { scim, report, ledger } = check;
  ledger.expect("Users", name.userName);
  const answer = await scim.send("POST", "/Users", body, headers);
  const id = await ledger.created(scim, "Users", answer);
  const how = headers["content-type"] ?? "application/scim+json";
  report.judge("scim-create", answer.status === 201, `${shown(answer)}, with a body of ${how}`);
  if (isSuccess(answer)) judgeCreated(check, name, answer, body);
  else if ("password" in body) report.notCheckable("scim-password", "no person could be created");
  return id === null ? null : { ...name, id };
}

function judgeCreated({ report }: ScimCheck, name: TestName, answer: CheckScimAnswer, sent: object): void {
  const { json, headers } = answer;
  const wrong = wrongFields(json, name);
  report.judge(
    "scim-create-body",
    wrong.length === 0,
    wrong.length ? `wrong or absent: ${wrong.join(", ")}` : shown(answer),
  );
  const id = textAt(json, "id");
  if (id !== null) report.judge("scim-id", !id.includes("bulkId"), `id is ${id}`);
  else if (at(json, "id") !== undefined)
    report.judge("scim-id", false, `id is ${JSON.stringify(at(json, "id"))}`);
  const userName = textAt(json, "userName");
  if (sameText(userName, name.userName))
    report.judge("scim-user-name-case", userName === name.userName, `sent ${name.userName}, got ${userName}`);
  judgeLocation(report, headers.get("location"), json);
  const kind = at(json, "meta", "resourceType");
  report.judge("scim-meta", kind === "User", `meta.resourceType is ${JSON.stringify(kind) ?? "absent"}`);
  if (!("externalId" in sent)) return;
  const kept = at(json, "externalId") === sent.externalId;
  report.judge("scim-external-id", kept, `sent ${sent.externalId}, got ${at(json, "externalId")}`);
  const leaked = answer.text.includes(placeholder);
  report.judge("scim-password", !leaked, leaked ? "the answer holds the password" : "accepted, not returned");
}

/** Both locations must be the URL of the new person (RFC 7644 §3.1). A relative one is judged by its path. */
function judgeLocation(report: CheckReport, header: string | null, json: unknown): void {
  const inBody = textAt(json, "meta", "location");
  const id = textAt(json, "id");
  if (id === null) return;
  if (header === null || inBody === null) {
    report.judge("scim-location", false, "Location or meta.location is absent");
    return;
  }
  const leads = (url: string) =>
    URL.canParse(url, "http://any") && new URL(url, "http://any").pathname.endsWith(pathOf("Users", id));
  const right = header === inBody && leads(header);
  report.judge(
    "scim-location",
    right,
    right ? "both lead to it" : `Location ${header}, meta.location ${inBody}`,
  );
}

/** The fields of a person that differ from what was sent, except the case of userName. */
function wrongFields(json: unknown, { userName, givenName, familyName }: TestName): string[] {
  const emails = listAt(json, "emails").map((email) => at(email, "value"));
  const right = {
    id: at(json, "id") !== undefined,
    schemas: listAt(json, "schemas").includes(urns.user),
    userName: sameText(textAt(json, "userName"), userName),
    "name.givenName": at(json, "name", "givenName") === givenName,
    "name.familyName": at(json, "name", "familyName") === familyName,
    emails: emails.some((email) => sameText(String(email), userName)),
    active: at(json, "active") === true,
  };
  return Object.entries(right).flatMap(([field, holds]) => (holds ? [] : [field]));
}

/** Judges an id that the server returned for a person; absent ones are judged elsewhere. */
export function judgeSameId({ report }: ScimCheck, { id }: TestPerson, seen: unknown, where: string): void {
  if (seen !== undefined)
    report.judge("scim-id-stable", seen === id, `${where}: id ${seen}, created as ${id}`);
}

/** `eq` means equal: a pattern or a part of a userName would link another person's account. */
async function judgeExactness({ scim, report }: ScimCheck, { id, userName }: TestPerson): Promise<void> {
  const parts = [
    userName.slice(0, -1),
    userName.slice(1),
    `${userName.slice(0, -1)}_`,
    `${userName.slice(0, 8)}%`,
  ];
  for (const part of parts) {
    const found = await scim.find("Users", `userName eq "${part}"`);
    const finds = listAt(found.json, "Resources").some((user) => at(user, "id") === id);
    report.judge("scim-filter-exact", !finds, `${shown(found)}${finds ? `: ${userName} found` : ""}`);
  }
}

/** Reads and finds a created person (SPEC steps 13 and 17). */
export async function judgeFinding(check: ScimCheck, person: TestPerson): Promise<void> {
  const { scim, report } = check;
  const read = await scim.get(pathOf("Users", person.id));
  const wrong = read.status === 200 ? wrongFields(read.json, person) : [];
  const same = read.status === 200 && wrong.length === 0 && at(read.json, "id") === person.id;
  report.judge(
    "scim-read",
    same,
    `${shown(read)}${wrong.length ? `: wrong or absent: ${wrong.join(", ")}` : ""}`,
  );

  const quoted = encodeURIComponent(`"${person.userName}"`);
  // A space can be encoded in either form.
  for (const filter of [`userName%20eq%20${quoted}`, `userName+eq+${quoted}`]) {
    const found = await scim.get(`/Users?filter=${filter}&startIndex=1&count=100`);
    const matches = found.status === 200 ? (readList(check, found) ?? []) : [];
    const exact = matches.length === 1 && at(matches, 0, "id") === person.id;
    report.judge("scim-filter", exact, `${shown(found)}: ${matches.length} found`);
    if (matches.length === 1) judgeSameId(check, person, at(matches, 0, "id"), shown(found));
    if (!exact) continue;
    const total = numberAt(found.json, "totalResults");
    report.judge("scim-total-results", total === 1, `${shown(found)}: 1 found, totalResults ${total}`);
  }

  if (report.verdictOf("scim-filter").verdict === "pass") await judgeExactness(check, person);
  const upper = await scim.find("Users", `userName eq "${person.userName.toUpperCase()}"`);
  const ids = listAt(upper.json, "Resources").map((user) => at(user, "id"));
  report.judge(
    "scim-filter-case",
    upper.status === 200 && ids.includes(person.id),
    `${shown(upper)}: ${ids.length} found`,
  );
}
