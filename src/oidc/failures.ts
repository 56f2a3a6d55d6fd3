import { AuthorizationResponseError, ClientError, ResponseBodyError } from "openid-client";
import { InvalidError, RefusedError, UnavailableError } from "../errors.ts";
import { isUnavailable } from "../store/sql-errors.ts";

/**
 * What anything that goes wrong in a sign-in means to the person: one of the reasons of errors.ts. Faults of our own
 * database stay what they are.
 */
export function toRefusal(error: unknown): unknown {
  if (error instanceof RefusedError || error instanceof UnavailableError || isUnavailable(error))
    return error;
  const reason = reasonOf(error);
  return reason === null ? error : new RefusedError(reason, null, { cause: error });
}

function reasonOf(error: unknown) {
  // guardedRequest could not reach the provider, or openid-client could not read what it said.
  if (hasCause(error, (cause) => cause instanceof InvalidError)) return "provider-unavailable";
  if (error instanceof AuthorizationResponseError) return "provider-refused";
  if (error instanceof ResponseBodyError)
    return error.status >= 500 || error.status === 429 ? "provider-unavailable" : "provider-answer-not-valid";
  if (error instanceof ClientError)
    return isHttpFailure(error) ? "provider-unavailable" : "provider-answer-not-valid";
  const { code } = (error ?? {}) as { code?: unknown };
  // jose's errors carry codes like ERR_JWS_SIGNATURE_VERIFICATION_FAILED; oauth4webapi's begin with OAUTH_.
  return /^(ERR_J|OAUTH_)/.test(String(code ?? "")) ? "provider-answer-not-valid" : null;
}

function isHttpFailure({ cause }: ClientError): boolean {
  return cause instanceof Response && (cause.status >= 500 || cause.status === 429);
}

function hasCause(error: unknown, test: (error: unknown) => boolean): boolean {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth++
  ) {
    if (test(current)) return true;
  }
  return false;
}
