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
import { createPeople, judgeFinding, judgeMisses } from "./people.ts";

export interface ScimTarget {
  /** Base URL, with or without a slash at its end. */
  url: string;
  /** The provisioning token; null if none was given. */
  token: string | null;
}

/** Two ways to the server: `cleanUp` still works after the check was stopped. */
export interface ScimWebs {
  check: Web;
  cleanUp: Web;
}

/**
 * Checks any SCIM server with the requests of Okta's suites and of Okta itself. It creates three people and a group under
 * random names and removes them again, even if it fails or is stopped. Returns what it could not remove.
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
  const check = { scim: new CheckScimClient(webs.check, target.url, authorization, report), report, ledger };
  try {
    await judgeStrangers(check);
    if (target.token === null) report.gaveUp("scim", "no provisioning token was given (--scim-token-stdin)");
    else if (await judgeToken(check)) await runSteps(check, authorization);
    check.scim.finish();
    report.judge("scim-reachable", true, "every request was answered");
  } catch (error) {
    if (error instanceof InterruptedError) report.gaveUp("scim", "the check was stopped");
    else if (error instanceof NoAnswerError) {
      report.judge("scim-reachable", false, error.message);
      report.gaveUp("scim", error.message);
    } else throw error;
  } finally {
    // A separate report: cleaning up does not count as an observation.
    left = await ledger.cleanUp(
      new CheckScimClient(webs.cleanUp, target.url, authorization, new CheckReport()),
    );
  }
  return left;
}

/** Runs the steps of Okta's suite, then Okta's traffic. */
async function runSteps(check: ScimCheck, authorization: string): Promise<void> {
  await judgeRawToken(check, authorization);
  await judgeFirstPage(check);
  await judgeMisses(check);
  const assignable = await judgeDiscovery(check);
  const people = await createPeople(check);
  const [first, second, third] = people;
  if (!first) {
    check.report.gaveUp("scim", "no person could be created, or no id came back");
    return;
  }
  await judgeFinding(check, first);
  if (people.length === 3) await judgePaging(check);
  await judgeProfilePush(check, first);
  await judgeDeactivation(check, first);
  await judgeOtherChanges(check, second ?? first);
  for (const one of assignable) await judgeAssignment(check, second ?? first, one);
  await judgeGroups(check, people);
  if (third) await judgeDeletion(check, third);
}

/** The Authorization header. A token that already has a scheme is sent unchanged (`auth` in Okta's suite). */
function authorizationOf(token: string | null): string {
  if (token === null) return "";
  return /\s/.test(token) ? token : `Bearer ${token}`;
}
