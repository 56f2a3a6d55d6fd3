import type { ErrorRequestHandler, Request } from "express";
import { RuleBrokenError } from "policy-list/policy";
import { storedSubject } from "../directory/sign-in.ts";
import { UnavailableError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { onceOnly } from "../store/rate-limits.ts";
import { hashToken } from "../store/secrets.ts";
import { isUnavailable } from "../store/sql-errors.ts";
import { agentActor } from "../store/tenant/activity.ts";
import { forTenant } from "../store/tenant-store.ts";
import { TooManyRequestsError } from "../web/error-pages.ts";
import { assertionType, jwtBearer, type TokenError } from "./policy.ts";

/**
 * Help for the client's developer, by the rule that broke, else by the error. It says what to do, and nothing of tenants,
 * people or issuers: until the signature is verified, one text serves all refusals, and so does one for the person.
 */
const advice: Record<TokenError, string> & Record<string, string> = {
  invalid_request: "Send each parameter once, as application/x-www-form-urlencoded in UTF-8.",
  invalid_client: "Authenticate with the client ID and a secret or key that are registered here.",
  invalid_grant:
    "The ID-JAG is not accepted. Ask the org's administrator whether the org is connected here and lets agents in, and whether it has to name the tenant (aud_tenant).",
  invalid_scope: "No scope is left. Ask for a scope that the org grants and that this client may have.",
  invalid_target:
    "Ask the org for an ID-JAG for this resource. An ID-JAG without a resource is for the API only.",
  invalid_dpop_proof:
    "Make a new DPoP proof for each request: for this address and method, with jti and iat.",
  unsupported_grant_type: `Send grant_type=${jwtBearer}.`,
  temporarily_unavailable: "Try again later.",
  server_error: "Something went wrong on our side. Tell us the value of the header X-Request-Id.",
  "client-one-method": "Authenticate in one way: client_secret_basic, client_secret_post or private_key_jwt.",
  "assertion-given": "Send the ID-JAG in the parameter assertion.",
  "assertion-readable": "Send the ID-JAG as the org's token exchange returned it.",
  "assertion-claims": "Send the ID-JAG as the org's token exchange returned it.",
  "assertion-type": `The ID-JAG's header needs typ ${assertionType}. An ID token or an access token is not an ID-JAG.`,
  "assertion-audience":
    "The ID-JAG's audience must be this server's issuer, to the letter, and nothing else.",
  "assertion-client":
    "The ID-JAG is for another client. The org needs the client ID that is registered here.",
  "assertion-id": "The ID-JAG needs the claim jti.",
  "assertion-not-before": "The ID-JAG is not yet valid.",
  "assertion-expiry": "The ID-JAG has expired, or lacks the claim exp. Ask the org for a new one.",
  "assertion-issued": "The ID-JAG needs the claim iat, which must not be in the future.",
  "assertion-lifetime": "The ID-JAG is valid for more than ten minutes. Ask the org for a shorter one.",
  "resource-ours":
    "The ID-JAG is for another resource. The metadata of this server's resources has their identifiers.",
  "proof-given": "This ID-JAG is bound to a key. Send a DPoP proof with that key.",
  "proof-key": "Sign the DPoP proof with the key that this ID-JAG is bound to.",
  "assertion-unused": "An ID-JAG for the MCP server works once. Ask the org for a new one.",
  "agent-not-blocked": "The agent may not act for this person here.",
  "person-admitted": "The agent may not act for this person here.",
  "access-not-revoked": "The agent may not act for this person here.",
};

interface Answer {
  status: number;
  error: TokenError;
  description: string;
  headers?: Record<string, string>;
}

/** Answers with an OAuth error (RFC 6749 §5.2). The reason is in the log, and for an administrator in the activity. */
export function answerErrors(database: Database): ErrorRequestHandler {
  const record = refusalRecorder(database);
  return async (thrown: unknown, req, res, next) => {
    if (res.headersSent) return next(thrown);
    let error = thrown;
    if (thrown instanceof RuleBrokenError)
      await record(req, thrown).catch((failure: unknown) => {
        error = failure;
      });
    if (req.tokenRequest) req.tokenRequest.error = error;
    const answer = answerTo(error);
    logRefusal(req, error, answer);
    res.set(answer.headers ?? {}).status(answer.status);
    res.json({ error: answer.error, error_description: answer.description });
  };
}

function answerTo(error: unknown): Answer {
  if (error instanceof RuleBrokenError) return answerToRule(error as RuleBrokenError<TokenError>);
  if (error instanceof TooManyRequestsError) return later(429, error.retryAfter);
  if (error instanceof UnavailableError || isUnavailable(error)) return later(503, 30);
  // The body parser's errors have a status.
  const status = (error as { status?: unknown } | null)?.status;
  const isParsers = typeof status === "number" && status >= 400 && status < 500;
  if (isParsers) return { status, error: "invalid_request", description: advice.invalid_request };
  return { status: 500, error: "server_error", description: advice.server_error };
}

function answerToRule({ rule: { id, reason } }: RuleBrokenError<TokenError>): Answer {
  if (reason === "temporarily_unavailable") return later(503, 30);
  const answer = { error: reason, description: advice[id] ?? advice[reason] };
  if (reason !== "invalid_client") return { status: 400, ...answer };
  return { status: 401, ...answer, headers: { "WWW-Authenticate": 'Basic realm="token", charset="UTF-8"' } };
}

function later(status: number, seconds: number): Answer {
  const [error, headers] = ["temporarily_unavailable" as const, { "Retry-After": String(seconds) }];
  return { status, error, description: advice.temporarily_unavailable, headers };
}

function logRefusal(req: Request, error: unknown, { status, error: code }: Answer): void {
  if (code === "server_error") {
    req.log.error({ err: error }, "request.failed");
    return;
  }
  const rule = error instanceof RuleBrokenError ? error.rule.id : null;
  const reason = error instanceof Error ? error.message : String(error);
  const clientId = req.tokenRequest?.client?.clientId;
  const cause = error instanceof UnavailableError ? { err: error } : {};
  req.log.warn({ status, error: code, rule, reason, clientId, ...cause }, "cross_app_access.refused");
}

/** An agent that tries again and again would fill the activity: each reason is recorded once in so many seconds. */
const quietSeconds = 3600;

/** Records a refusal in the tenant's activity, if the org's key verified the assertion: strangers write nothing. */
function refusalRecorder(database: Database): (req: Request, error: RuleBrokenError) => Promise<void> {
  const isNew = onceOnly(database, { name: "agent-refusal", seconds: quietSeconds });
  return async ({ tokenRequest, id: requestId }, { rule, found }) => {
    const { client, assertion, found: at, isVerified } = tokenRequest ?? {};
    if (!client || !assertion || !at || !isVerified) return;
    const { tenantId, connection, subject } = at;
    const kind = [tenantId, client.clientId, connection.id, subject, rule.id].join("/");
    if (!(await isNew(hashToken(kind)))) return;
    const store = forTenant(database, tenantId);
    const identity = await store.identities.find(connection.id, storedSubject(connection, subject));
    const reason = rule.id === "person-admitted" ? found : rule.id;
    const entry = { action: "access.refused", targetId: identity?.userId ?? null, changed: [], reason };
    const actor = agentActor(client.name, assertion.claims.act?.sub ?? null);
    await store.activity.record({ actorKind: "agent", actor, ...entry, requestId });
  };
}
