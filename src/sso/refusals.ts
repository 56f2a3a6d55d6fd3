import type { ErrorRequestHandler } from "express";
import type { RefusalRecorder } from "../directory/sign-in-activity.ts";
import { RefusedError } from "../errors.ts";
import { connectionInPath } from "../sign-in-protocols.ts";

/**
 * Records refusals that came before the directory was asked in the tenant's activity. It does so after the response: no
 * one waits for it, and a failure to record is only logged.
 */
export function recordRefusals(recorder: RefusalRecorder): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    const named = connectionInPath(req.path);
    if (error instanceof RefusedError && !error.recorded && named) {
      res.once("finish", () => {
        recorder
          .atConnection(named.key, named.type, error, req.id)
          .catch((failure: unknown) => req.log.warn({ err: failure }, "refusal.not_recorded"));
      });
    }
    next(error);
  };
}
