import type { Request } from "express";
import type { ScimError } from "scim-server/errors";
import { operationName, type ScimExchange, tokenOf } from "scim-server/exchange";
import type { ProblemRecorder } from "../directory/provisioning-problems.ts";
import { hashToken } from "../store/secrets.ts";
import type { TokenOwner } from "../store/system-store.ts";

const knownCall =
  /^[A-Z]+ \/(Users|Groups|Bulk|Roles|Entitlements|Schemas|ResourceTypes)(\/\{id\}|\/\.search)?$/;

/**
 * Records a refused call for the tenant's administrators, after the answer. A client that looks for a resource that does
 * not exist has no problem.
 */
export function recordProblem(
  problems: ProblemRecorder,
  { caller, path, request }: ScimExchange<TokenOwner>,
  { status, scimType, message }: ScimError,
): void {
  const { method, id: requestId } = request;
  if ([405, 412, 501].includes(status) || (status === 404 && method === "GET")) return;
  const failed = notRecorded(request);
  if (!caller) {
    if (status === 401) problems.recordEndedToken(hashToken(tokenOf(request)), requestId).catch(failed);
    return;
  }
  const problem = { kind: scimType ?? String(status), call: callOf(method, path), status, detail: message };
  problems.record(caller.tenantId, { ...problem, sourceId: caller.source.id, requestId }).catch(failed);
}

/** Records roles and entitlements that were ignored, in a call that is carried out without them. */
export function recordIgnored(
  problems: ProblemRecorder,
  { owner, request }: { owner: TokenOwner; request: Request },
  detail: string,
): void {
  const { method, path, id: requestId } = request;
  request.log.info({ reason: detail }, "scim.roles_ignored");
  const call = callOf(method, path);
  const problem = { kind: "roles-ignored", call, status: call === "POST /Users" ? 201 : 200, detail };
  problems
    .record(owner.tenantId, { ...problem, sourceId: owner.source.id, requestId })
    .catch(notRecorded(request));
}

/** All unknown paths share one line: a client can make up as many as it likes. */
function callOf(method: string, path: string): string {
  const name = operationName(method, path);
  return knownCall.test(name) ? name : `${method} elsewhere`;
}

const notRecorded =
  ({ log }: Request) =>
  (failure: unknown): void =>
    log.warn({ err: failure }, "provisioning_problem.not_recorded");
