import type { ErrorRequestHandler, Request } from "express";
import { RuleBrokenError } from "policy-list/policy";
import { UnavailableError } from "../errors.ts";
import { parserStatus } from "../parser-errors.ts";
import { isUnavailable } from "../store/sql-errors.ts";
import { TooManyRequestsError } from "../web/request.ts";
import type { TokenError } from "./policy.ts";
import type { TokenGrant } from "./token-request.ts";

/** Help that is the same for every grant, by the rule that broke, else by the error. It says nothing of tenants or people. */
const sharedAdvice: Readonly<Record<string, string>> = {
  invalid_request: "Send each parameter once, as application/x-www-form-urlencoded in UTF-8.",
  invalid_client: "Authenticate with the client ID and a secret or key that are registered here.",
  unauthorized_client: "This client may not use this grant.",
  unsupported_token_type: "This server revokes the tokens of provisioning clients only.",
  temporarily_unavailable: "Try again later.",
  server_error: "Something went wrong on our side. Tell us the value of the header X-Request-Id.",
  "client-one-method": "Authenticate in one way: client_secret_basic, client_secret_post or private_key_jwt.",
};

interface Answer {
  status: number;
  error: TokenError;
  description: string;
  headers?: Record<string, string>;
}

/** Finds the grant whose words an answer uses. */
type GrantOf = (req: Request) => Pick<TokenGrant, "event" | "advice" | "recordRefusal">;

/** Answers with an OAuth error (RFC 6749 §5.2). The reason is in the log, and for an administrator in the activity. */
export function answerErrors(grantOf: GrantOf): ErrorRequestHandler {
  return async (thrown: unknown, req, res, next) => {
    if (res.headersSent) return next(thrown);
    const grant = grantOf(req);
    let error = thrown;
    if (thrown instanceof RuleBrokenError)
      await grant.recordRefusal?.(req, thrown).catch((failure: unknown) => {
        error = failure;
      });
    if (req.tokenRequest) req.tokenRequest.error = error;
    const answer = answerTo(error, { ...sharedAdvice, ...grant.advice });
    logRefusal(req, error, answer, grant.event);
    res.set(answer.headers ?? {}).status(answer.status);
    res.json({ error: answer.error, error_description: answer.description });
  };
}

function answerTo(error: unknown, advice: Readonly<Record<string, string>>): Answer {
  if (error instanceof RuleBrokenError) return answerToRule(error as RuleBrokenError<TokenError>, advice);
  if (error instanceof TooManyRequestsError) return later(429, error.retryAfter);
  if (error instanceof UnavailableError || isUnavailable(error)) return later(503, 30);
  const status = parserStatus(error);
  const code = status === null ? "server_error" : "invalid_request";
  return { status: status ?? 500, error: code, description: advice[code] ?? code };
}

function answerToRule(
  { rule: { id, reason } }: RuleBrokenError<TokenError>,
  advice: Readonly<Record<string, string>>,
): Answer {
  if (reason === "temporarily_unavailable") return later(503, 30);
  const answer = { error: reason, description: advice[id] ?? advice[reason] ?? reason };
  if (reason !== "invalid_client") return { status: 400, ...answer };
  return { status: 401, ...answer, headers: { "WWW-Authenticate": 'Basic realm="token", charset="UTF-8"' } };
}

function later(status: number, seconds: number): Answer {
  const [error, headers] = ["temporarily_unavailable" as const, { "Retry-After": String(seconds) }];
  return { status, error, description: sharedAdvice.temporarily_unavailable ?? error, headers };
}

function logRefusal(req: Request, error: unknown, { status, error: code }: Answer, event: string): void {
  if (code === "server_error") {
    req.log.error({ err: error }, "request.failed");
    return;
  }
  const rule = error instanceof RuleBrokenError ? error.rule.id : null;
  const reason = error instanceof Error ? error.message : String(error);
  const clientId = req.tokenRequest?.client?.clientId;
  const cause = error instanceof UnavailableError ? { err: error } : {};
  req.log.warn({ status, error: code, rule, reason, clientId, ...cause }, `${event}.refused`);
}
