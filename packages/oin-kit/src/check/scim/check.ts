import { CheckReport } from "../report.ts";
import { InterruptedError, NoAnswerError, type Web } from "../web.ts";
import { judgeBaseUrl, judgeRawToken, judgeStrangers, judgeToken } from "./access.ts";
import type { ScimCheck } from "./answers.ts";
import { judgeAssignment } from "./assignments.ts";
import { CheckScimClient } from "./client.ts";
import { judgeDiscovery } from "./discovery.ts";
import { judgeGroups } from "./groups.ts";
import { Ledger, type Leftover } from "./ledger.ts";
import { judgeDeactivation, judgeDeletion, judgeOtherChanges, judgeProfilePush } from "./lifecycle.ts";
import { judgeFirstPage, judgePaging } from "./lists.ts";
import { createPeople, judgeFinding, judgeNobody } from "./people.ts";

export interface ScimTarget {
  /** Base URL, with or without a slash at its end. */
  url: string;
  /** What was given as the token; null when there is none. */
  token: string | null;
}

/** How the two ways to the server differ: what cleans up goes on when the check has been stopped. */
export interface ScimWebs {
  check: Web;
  cleanUp: Web;
}

/**
 * Checks a SCIM server of any make, as Okta's suites and Okta itself would use it. It creates three people and a group
 * under names of its own and takes them away again, also when it fails or is stopped. Returns what it could not remove.
 */
export async function checkScim(
  target: ScimTarget,
  webs: ScimWebs,
  report: CheckReport,
): Promise<Leftover[]> {
  judgeBaseUrl(report, target.url);
  const authorization = authorizationOf(target.token);
  const ledger = new Ledger();
  let left: Leftover[] = [];
  const visit = { scim: new CheckScimClient(webs.check, target.url, authorization, report), report, ledger };
  try {
    await judgeStrangers(visit);
    if (target.token === null) report.gaveUp("scim", "no provisioning token was given (--scim-token-stdin)");
    else if (await judgeToken(visit)) await walk(visit, authorization);
    visit.scim.finish();
    report.judge("scim-reachable", true, "every request was answered");
  } catch (error) {
    if (error instanceof InterruptedError) report.gaveUp("scim", "the check was stopped");
    else if (error instanceof NoAnswerError) {
      report.judge("scim-reachable", false, error.message);
      report.gaveUp("scim", error.message);
    } else throw error;
  } finally {
    // A report of its own: how the server cleans up is not judged again.
    left = await ledger.cleanUp(
      new CheckScimClient(webs.cleanUp, target.url, authorization, new CheckReport()),
    );
  }
  return left;
}

/** The order of Okta's suite, then of Okta's traffic. */
async function walk(visit: ScimCheck, authorization: string): Promise<void> {
  await judgeRawToken(visit, authorization);
  await judgeFirstPage(visit);
  await judgeNobody(visit);
  const assignable = await judgeDiscovery(visit);
  const people = await createPeople(visit);
  const [first, second, third] = people;
  if (!first) {
    visit.report.gaveUp("scim", "nobody could be created, or no id came back");
    return;
  }
  await judgeFinding(visit, first);
  if (people.length === 3) await judgePaging(visit);
  await judgeProfilePush(visit, first);
  await judgeDeactivation(visit, first);
  await judgeOtherChanges(visit, second ?? first);
  for (const one of assignable) await judgeAssignment(visit, second ?? first, one);
  await judgeGroups(visit, people);
  if (third) await judgeDeletion(visit, third);
}

/** The Authorization header: a token that comes with a scheme is sent as it stands (Okta's suite calls that `auth`). */
function authorizationOf(token: string | null): string {
  if (token === null) return "";
  return /\s/.test(token) ? token : `Bearer ${token}`;
}
