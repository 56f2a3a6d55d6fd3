import type { ErrorRequestHandler } from "express";
import type { RefusalRecorder } from "../directory/sign-in-activity.ts";
import { RefusedError } from "../errors.ts";

/** The addresses at which connections answer: see endpoints.ts. */
const connectionPath = /^\/(oidc|saml)\/([a-z0-9-]+)\//;

/**
 * Tells a tenant's activity of sign-ins that were refused before the directory was asked: by what the identity provider
 * sent, or because nothing was expected. After the answer, so that nobody waits for it and no failure of it is seen.
 */
export function refusedSignIns(refusals: RefusalRecorder): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    const [, type, key] = connectionPath.exec(req.path) ?? [];
    if (error instanceof RefusedError && !error.recorded && key !== undefined) {
      res.once("finish", () => {
        refusals
          .atConnection(key, type === "oidc" ? "oidc" : "saml", error, req.id)
          .catch((failure: unknown) => req.log.warn({ err: failure }, "refusal.not_recorded"));
      });
    }
    next(error);
  };
}
