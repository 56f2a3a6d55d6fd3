import { ClientError, ResponseBodyError } from "openid-client";
import { InvalidError, RefusedError } from "../errors.ts";

/**
 * What anything that a provider does wrong means to the person: one of the reasons of errors.ts. Everything else stays
 * what it is: our own refusals, and faults of our own.
 */
export function toRefusal(error: unknown): unknown {
  const reason = reasonOf(error);
  return reason === null ? error : new RefusedError(reason, null, { cause: causeOf(error) });
}

/** For the log: an OAuth error says what it is in a code, which its message lacks. */
function causeOf(error: unknown): unknown {
  if (!(error instanceof ResponseBodyError)) return error;
  return new Error(`the provider answered ${error.status} ${error.error.slice(0, 100)}`);
}

function reasonOf(error: unknown) {
  // guardedRequest could not reach the provider, or openid-client could not read what it said.
  if (hasCause(error, (cause) => cause instanceof InvalidError)) return "provider-unavailable";
  // An OAuth error has a status of 400 to 499: openid-client reads no other answer as one.
  if (error instanceof ResponseBodyError)
    return error.status === 429 ? "provider-unavailable" : "provider-answer-not-valid";
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
