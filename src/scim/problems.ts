import type { ScimError } from "scim-server/errors";
import { operationName, type ScimExchange, tokenOf } from "scim-server/router";
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
  const failed = (failure: unknown) =>
    request.log.warn({ err: failure }, "provisioning_problem.not_recorded");
  if (!caller) {
    if (status === 401) problems.recordDeadToken(hashToken(tokenOf(request)), requestId).catch(failed);
    return;
  }
  const name = operationName(method, path);
  // All unknown paths share one line: a client can make up as many as it likes.
  const call = knownCall.test(name) ? name : `${method} elsewhere`;
  const problem = { kind: scimType ?? String(status), call, status, detail: message };
  problems.record(caller.tenantId, { ...problem, sourceId: caller.source.id, requestId }).catch(failed);
}
