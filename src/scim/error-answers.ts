import type { ErrorRequestHandler, Request } from "express";
import type { ProblemRecorder } from "../directory/provisioning-problems.ts";
import { ConflictError, InvalidError, NotFoundError, UnavailableError } from "../errors.ts";
import { isUnavailable } from "../store/sql-errors.ts";
import { errorBody, ScimError, sendScim } from "./errors.ts";
import { nameOf } from "./recording.ts";

/** Okta reads nothing but whole seconds. */
const retryAfterSeconds = 30;

/**
 * What anything that is thrown means to a SCIM client. An outage is 503 and never 404, or a client would take it for
 * the deletion of everybody.
 */
export function toScimError(error: unknown): ScimError {
  if (error instanceof ScimError) return error;
  if (error instanceof ConflictError && error.code === "owner-protected")
    return new ScimError(403, null, error.message);
  if (error instanceof ConflictError) return new ScimError(409, "uniqueness", error.message);
  if (error instanceof NotFoundError) return new ScimError(404, null, error.message);
  if (error instanceof InvalidError) return new ScimError(400, "invalidValue", error.message);
  if (error instanceof UnavailableError || isUnavailable(error)) {
    return new ScimError(503, null, "The service cannot answer right now. Nothing was changed; try again.");
  }
  return ofBodyParser(error) ?? new ScimError(500, null, "Something went wrong on our side.");
}

/** Errors of express.json() carry a status. */
function ofBodyParser(error: unknown): ScimError | null {
  const { status, type } = (error ?? {}) as { status?: unknown; type?: unknown };
  if (status === 413) return new ScimError(413, null, "The request is too large.");
  if (status === 415)
    return new ScimError(415, null, "The body's encoding or character set is not supported.");
  if (type === "entity.parse.failed")
    return new ScimError(400, "invalidSyntax", "The body is not valid JSON.");
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new ScimError(400, "invalidSyntax", "The request could not be understood.");
  }
  return null;
}

/** The last handler of the SCIM router: every error is a SCIM body, whatever its status. */
export const scimErrors =
  (problems: ProblemRecorder): ErrorRequestHandler =>
  (error: unknown, req, res, next) => {
    const answer = toScimError(error);
    if (answer.status >= 500 && answer.status !== 501) req.log.error({ err: error }, "scim.failed");
    else
      req.log.info(
        { status: answer.status, scimType: answer.scimType, reason: answer.message },
        "scim.refused",
      );
    if (res.headersSent) {
      next(error);
      return;
    }
    if (answer.status === 503) res.set("Retry-After", String(retryAfterSeconds));
    sendScim(res, answer.status, errorBody(answer));
    noteProblem(problems, req, answer);
  };

const knownCall =
  /^[A-Z]+ \/(Users|Groups|Bulk|Roles|Entitlements|Schemas|ResourceTypes)(\/\{id\}|\/\.search)?$/;

/** Tells the tenant's administrators, once the client has its answer. That somebody asks for what is not there is none. */
function noteProblem(
  problems: ProblemRecorder,
  req: Request,
  { status, scimType, message }: ScimError,
): void {
  const { tokenOwner: owner, method, path, id: requestId } = req;
  const isNone = [405, 412, 501].includes(status) || (status === 404 && method === "GET");
  if (!owner || isNone) return;
  const name = nameOf(method, path);
  // One line for all addresses that there are not: a client can make up as many as it likes.
  const call = knownCall.test(name) ? name : `${method} elsewhere`;
  const problem = { kind: scimType ?? String(status), call, status, detail: message };
  problems
    .record(owner.tenantId, { ...problem, sourceId: owner.source.id, requestId })
    .catch((failure: unknown) => req.log.warn({ err: failure }, "provisioning_problem.not_recorded"));
}
