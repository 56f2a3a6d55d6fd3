import { randomUUID } from "node:crypto";
import type { ErrorRequestHandler, Response } from "express";
import { z } from "zod";
import { OrgNotFoundError } from "./org.ts";

/** An API of the org refuses a request, with a code of Okta's ("Error codes"). The message is the errorSummary. */
export class ApiRefusal extends Error {
  override name = "ApiRefusal";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, summary: string) {
    super(summary);
    this.status = status;
    this.code = code;
  }
}

/** Okta: "Error codes". */
export function problem(res: Response, status: number, errorCode: string, errorSummary: string): void {
  const ids = { errorLink: errorCode, errorId: `oae${randomUUID()}`, errorCauses: [] };
  res.status(status).json({ errorCode, errorSummary, ...ids });
}

/** Answers like Okta's APIs. */
export const apiErrors: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (error instanceof ApiRefusal) return problem(res, error.status, error.code, error.message);
  if (error instanceof z.ZodError) {
    const where = error.issues.map(({ path }) => path.join(".")).join(", ");
    return problem(res, 400, "E0000001", `Api validation failed: ${where}`);
  }
  if (error instanceof OrgNotFoundError) return problem(res, 404, "E0000007", `Not found: ${error.message}`);
  if ((error as { type?: unknown }).type === "entity.parse.failed")
    return problem(res, 400, "E0000003", "The request body was not well-formed.");
  next(error);
};
