import type { CheckReport } from "../report.ts";
import { isLoopback, shown } from "../web.ts";
import { errorProblem, isSuccess, judgeErrorStatus, readList, type ScimCheck } from "./answers.ts";
import type { CheckScimAnswer } from "./client.ts";

const longestUrl = 1024;

/** What can be told from the URL alone. */
export function judgeBaseUrl(report: CheckReport, url: string): void {
  if (isLoopback(url)) report.notCheckable("scim-url-https", `${url} is on this machine`);
  else report.judge("scim-url-https", url.startsWith("https:"), url);
  report.judge("scim-url-underscore", !url.includes("_"), url);
  report.judge("scim-url-length", url.length <= longestUrl, `${url.length} characters`);
}

/** How the server receives somebody whom it does not know (SPEC step 21). */
export async function judgeStrangers(visit: ScimCheck): Promise<void> {
  const { scim, report } = visit;
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

/** Okta's own first call, "Test API Credentials". Returns whether the token opens the door. */
export async function judgeToken(visit: ScimCheck): Promise<boolean> {
  const answer = await visit.scim.get("/Users?startIndex=1&count=2");
  const refused = answer.status === 401 || answer.status === 403;
  const isOpen = visit.report.judge("scim-token-accepted", !refused, shown(answer));
  if (isOpen && isSuccess(answer)) readList(visit, answer);
  return isOpen;
}

/** The Wizard's authentication mode "Header" sends the token as it is. */
export async function judgeRawToken({ scim, report }: ScimCheck, authorization: string): Promise<void> {
  const token = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  if (!token) {
    report.notCheckable("scim-token-raw", "the token was given with a scheme of its own");
    return;
  }
  const answer: CheckScimAnswer = await scim.get("/Users?startIndex=1&count=1", { authorization: token });
  report.judge("scim-token-raw", isSuccess(answer), shown(answer));
}
