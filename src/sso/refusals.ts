import type { ErrorRequestHandler } from "express";
import { judge, type Rule, RuleBrokenError } from "policy-list/policy";
import type { RefusalRecorder } from "../directory/sign-in-activity.ts";
import { type RefusalReason, RefusedError } from "../errors.ts";

interface RefusalOptions {
  /** The error behind the refusal, for the log. Without it, the log says which rule broke and what was found. */
  cause?: unknown;
  /** A sentence that the error page may add; see RefusedError. */
  detail?: string;
}

/** Applies a policy to a sign-in. Throws RefusedError with the reason and the id of the first rule that does not hold. */
export function judgeSignIn<Facts>(
  rules: readonly Rule<Facts, RefusalReason>[],
  facts: Facts,
  options: RefusalOptions = {},
): void {
  try {
    judge(rules, facts);
  } catch (error) {
    throw refusalOf(error, options);
  }
}

/** The refusal that a broken rule means; any other error as it is. */
export function refusalOf(error: unknown, { cause, detail }: RefusalOptions = {}): unknown {
  if (!(error instanceof RuleBrokenError)) return error;
  const { rule, found, message } = error as RuleBrokenError<RefusalReason>;
  const options = { cause: cause ?? message, broken: { ruleId: rule.id, found } };
  return new RefusedError(rule.reason, detail ?? null, options);
}

/** The paths of connections: see endpoints.ts. */
const connectionPath = /^\/(oidc|saml)\/([a-z0-9-]+)\//;

/**
 * Records refusals that came before the directory was asked in the tenant's activity. It does so after the response: no
 * one waits for it, and a failure to record is only logged.
 */
export function recordRefusals(recorder: RefusalRecorder): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    const [, type, key] = connectionPath.exec(req.path) ?? [];
    if (error instanceof RefusedError && !error.recorded && key !== undefined) {
      res.once("finish", () => {
        recorder
          .atConnection(key, type === "oidc" ? "oidc" : "saml", error, req.id)
          .catch((failure: unknown) => req.log.warn({ err: failure }, "refusal.not_recorded"));
      });
    }
    next(error);
  };
}
