import type { CheckReport } from "../report.ts";
import { isLoopback, shown } from "../web.ts";
import {
  errorProblem,
  isSuccess,
  isUnsupported,
  judgeErrorStatus,
  readList,
  type ScimCheck,
} from "./answers.ts";
import { type CheckScimAnswer, urns } from "./client.ts";
import { at } from "./json.ts";
import { testGroupName, testName } from "./ledger.ts";
import { suiteBody } from "./people.ts";

const longestUrl = 1024;

/** Judges the base URL itself, without a request. */
export function judgeBaseUrl(report: CheckReport, url: string): void {
  if (isLoopback(url)) report.notCheckable("scim-url-https", `${url} is on this machine`);
  else report.judge("scim-url-https", url.startsWith("https:"), url);
  report.judge("scim-url-underscore", !url.includes("_"), url);
  report.judge("scim-url-length", url.length <= longestUrl, `${url.length} characters`);
}

/** Sends requests with a wrong token and without one (SPEC step 21). */
export async function judgeStrangers(check: ScimCheck): Promise<void> {
  const { scim, report } = check;
  const path = `/Users?filter=${encodeURIComponent('userName eq "abcdefgh@atko.com"')}`;
  const wrong = await scim.get(path, { authorization: "non-token" });
  const problem = wrong.status === 401 ? errorProblem(wrong) : "the status is not 401";
  report.judge("scim-wrong-token", problem === null, `${shown(wrong)}${problem ? `: ${problem}` : ""}`);
  if (problem === null) judgeErrorStatus(report, wrong);
  if (wrong.status === 401)
    report.judge("scim-www-authenticate", wrong.headers.has("www-authenticate"), shown(wrong));
  const anonymous = await scim.get("/Users?startIndex=1&count=2", { authorization: "" });
  report.judge("scim-anonymous", anonymous.status === 401, shown(anonymous));
}

/** Sends a wrong token to every resource, also for changes and for ids that do not exist. */
export async function judgeEveryEntrance({ scim, report, ledger }: ScimCheck): Promise<void> {
  const headers = { authorization: "Bearer non-token" };
  const person = testName();
  const group = testGroupName();
  ledger.expect("Users", person.userName);
  ledger.expect("Groups", group);
  const patch = { schemas: [urns.patch], Operations: [{ op: "replace", value: { active: false } }] };
  const requests: [method: string, path: string, body?: object][] = [
    ["GET", "/Users"],
    ["GET", "/Users/00919288221112222"],
    ["POST", "/Users", suiteBody(person)],
    ["PUT", "/Users/00919288221112222", suiteBody(person)],
    ["PATCH", "/Users/00919288221112222", patch],
    ["DELETE", "/Users/00919288221112222"],
    ["GET", "/Groups"],
    ["GET", "/Groups/00919288221112222"],
    ["POST", "/Groups", { schemas: [urns.group], displayName: group, members: [] }],
    ["PATCH", "/Groups/00919288221112222", patch],
    ["DELETE", "/Groups/00919288221112222"],
  ];
  // A server without groups may say so before it authenticates.
  const without = (await scim.get("/Groups?startIndex=1&count=1")).status;
  for (const [method, path, body] of requests) {
    if (path.startsWith("/Groups") && (without === 404 || without === 501)) continue;
    const answer = await scim.send(method, path, body, headers);
    const refused = answer.status === 401 || isUnsupported(answer);
    report.judge("scim-strangers", refused, `${shown(answer)}, with a wrong token`);
  }
}

/** Whether another server answered: with a page, or with a 404 that is not an error body of SCIM. */
function isNoScim({ status, json }: CheckScimAnswer): boolean {
  if (status >= 200 && status < 300) return json === undefined;
  return (
    (status >= 300 && status < 400) || ([404, 405, 410].includes(status) && at(json, "schemas") === undefined)
  );
}

/** Makes Okta's first call, "Test API Credentials". Returns whether the server accepts the token. */
export async function judgeToken(check: ScimCheck): Promise<boolean> {
  const answer = await check.scim.get("/Users?startIndex=1&count=2");
  const refused = answer.status === 401 || answer.status === 403;
  const absent = !refused && isNoScim(answer);
  const seen = `${shown(answer)}${absent ? ": this is not a SCIM server; compare the base URL" : ""}`;
  const isAccepted = check.report.judge("scim-token-accepted", !refused && !absent, seen);
  if (isAccepted && isSuccess(answer)) readList(check, answer);
  return isAccepted;
}

/** Sends the raw token, as the Wizard's authentication mode "Header" does. */
export async function judgeRawToken(
  { scim, report, declared }: ScimCheck,
  authorization: string,
): Promise<void> {
  const token = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  if (!token) {
    report.notCheckable("scim-token-raw", "the token was given with another scheme than Bearer");
    return;
  }
  const answer: CheckScimAnswer = await scim.get("/Users?startIndex=1&count=1", { authorization: token });
  report.judge("scim-token-raw", isSuccess(answer), shown(answer));
  const mode = declared?.capability.authentication;
  if (mode === "Header") report.judge("scim-token-mode", isSuccess(answer), `${shown(answer)}, mode ${mode}`);
  // The check itself sends the token with Bearer.
  else if (mode === "Bearer") report.judge("scim-token-mode", true, `mode ${mode}`);
  else report.notCheckable("scim-token-mode", "no manifest declares a mode");
}
