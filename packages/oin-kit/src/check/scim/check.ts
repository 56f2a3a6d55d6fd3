import { CheckReport } from "../report.ts";
import { InterruptedError, NoAnswerError, type Web } from "../web.ts";
import { judgeBaseUrl, judgeStrangers, judgeToken } from "./access.ts";
import { authorizationOf, CheckScimClient } from "./client.ts";
import { type DeclaredScim, judgeDeclared } from "./declared.ts";
import { Ledger, type Leftover } from "./ledger.ts";
import { runSteps, type ScimStep, scimSteps } from "./steps.ts";

export interface ScimTarget {
  /** Base URL, with or without a slash at its end. */
  url: string;
  /** The provisioning token; null if none was given. */
  token: string | null;
  /** The manifest's declaration about this server; null if no manifest is about it. */
  declared?: DeclaredScim | null;
}

/** How the check runs. */
interface ScimRun {
  /** Called before a step that takes long. */
  progress?: (what: string) => void;
  /** The steps to run; all by default. Tests run the one that a fault is in. */
  steps?: readonly ScimStep[];
}

/** Two ways to the server: `cleanUp` still works after the check was stopped. */
export interface ScimWebs {
  check: Web;
  cleanUp: Web;
}

/**
 * Checks any SCIM server with the requests of Okta's suites and of Okta itself. It creates people and groups under random
 * names and removes them again, even if it fails or is stopped. Returns what it could not remove.
 */
export async function checkScim(
  target: ScimTarget,
  webs: ScimWebs,
  report: CheckReport,
  { progress = () => {}, steps = scimSteps }: ScimRun = {},
): Promise<Leftover[]> {
  judgeBaseUrl(report, target.url);
  const authorization = authorizationOf(target.token);
  const ledger = new Ledger();
  let left: Leftover[] = [];
  const scim = new CheckScimClient(webs.check, target.url, authorization, report);
  const check = { scim, report, ledger, declared: target.declared ?? null, progress };
  try {
    await judgeStrangers(check);
    if (target.token === null) report.gaveUp("scim", "no provisioning token was given (--scim-token-stdin)");
    else if (await judgeToken(check)) {
      const isComplete = await runSteps(check, authorization, steps);
      if (check.declared && isComplete && steps === scimSteps) judgeDeclared(report, check.declared);
    }
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
