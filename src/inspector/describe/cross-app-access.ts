import { STATUS_CODES } from "node:http";
import { type Request, type RequestHandler, Router } from "express";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { RuleBrokenError } from "policy-list/policy";
import type { ConnectionOfIssuer } from "../../cross-app-access/assertion.ts";
import {
  agentRules,
  assertionRules,
  personRules,
  scopeRules,
  tokenPolicy,
} from "../../cross-app-access/policy.ts";
import type { TokenRequest } from "../../cross-app-access/token-request.ts";
import { paths } from "../../endpoints.ts";
import type { BrokenRule } from "../../errors.ts";
import type { Message, MessagePart, Recorder } from "../../recording.ts";
import { checksOf, isAmong, readableName, unexplained, verdictOf } from "./rules.ts";

/**
 * Records each token request once its response is sent, for the tenant of the connection that the assertion is about. A
 * refused request is recorded for every tenant that connected the assertion's issuer, because administrators look for it.
 * A client that did not authenticate names no tenant. Mount it before the routes.
 */
export function recordCrossAppAccess(recorder: Recorder): RequestHandler {
  const router = Router();
  router.use(paths.token, (req, res, next) => {
    res.once("finish", () => {
      const { tokenRequest } = req;
      if (!tokenRequest) return;
      for (const one of connectionsOf(tokenRequest))
        recorder.record(one.tenantId, () => messageOf(req, tokenRequest, one));
    });
    next();
  });
  return router;
}

function connectionsOf({ found, ofOrg }: TokenRequest): readonly ConnectionOfIssuer[] {
  return found ? [found] : ofOrg;
}

function messageOf(
  req: Request,
  request: TokenRequest,
  { tenantId, connection }: ConnectionOfIssuer,
): Message {
  const statusCode = req.res?.statusCode ?? 0;
  const status = `${statusCode} ${STATUS_CODES[statusCode] ?? ""}`.trim();
  const broken = brokenIn(request);
  const isExplained = broken !== null || statusCode < 400;
  const { checks, verdict, summary } = verdictOf(
    isExplained ? checksOf(tokenPolicy, broken) : [unexplained(null)],
    "",
  );
  return {
    protocol: "cross-app-access",
    step: "Token request",
    requestId: req.id,
    connectionKey: connection.key,
    flow: { kind: "agent-call", keys: request.issued ? [request.issued.token] : [] },
    at: req.receivedAt,
    ms: null,
    route: { from: "agent", to: "product", carried: false },
    person: readableName(peopleIn(request)),
    people: peopleIn(request),
    file: `src/cross-app-access/${fileOf(broken)}`,
    checks,
    verdict,
    summary: verdict === "failed" ? `${status}. ${summary}` : status,
    request: requestPart(req, request, tenantId),
    response: { head: [status], json: answerOf(request) },
    secrets: secretsOf(req, request),
  };
}

function brokenIn({ error }: TokenRequest): BrokenRule | null {
  return error instanceof RuleBrokenError ? { ruleId: error.rule.id, found: error.found } : null;
}

/** The file whose check failed, or that issued the token. */
function fileOf(broken: BrokenRule | null): string {
  if (isAmong(assertionRules, broken)) return "assertion.ts";
  const isIssuing = isAmong([...agentRules, ...personRules, ...scopeRules], broken);
  return broken === null || isIssuing ? "issue.ts" : "steps.ts";
}

/** The names of the person, as the org sent them. */
function peopleIn({ assertion, issued }: TokenRequest): string[] {
  const { email, sub, sub_id: subId } = assertion?.claims ?? {};
  const named = [email, subId?.nameid, sub, issued?.userId];
  return [...new Set(named.filter((name) => typeof name === "string"))];
}

/** Another tenant's client is shown by its id alone, as the request named it. */
function requestPart(req: Request, request: TokenRequest, tenantId: string): MessagePart {
  const { client, credentials, parameters, resources, assertion } = request;
  const isOwn = client !== null && [null, tenantId].includes(client.tenantId);
  const proof = req.get("dpop");
  return {
    head: [`POST ${req.baseUrl}`, `User-Agent: ${req.get("user-agent") ?? ""}`],
    json: {
      client: { id: client?.clientId, ...(isOwn ? { name: client.name } : {}), method: credentials?.method },
      parameters: {
        ...Object.fromEntries(parameters),
        ...(resources.length > 0 ? { resource: resources } : {}),
      },
      id_jag: decoded(assertion?.token ?? ""),
      ...(proof === undefined ? {} : { dpop: decoded(proof) }),
    },
  };
}

/** The header and the claims of a JWT; null if it is none. */
function decoded(token: string): { header: object; claims: object } | null {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    return null;
  }
}

/** The answer without the token. */
function answerOf({ issued, keyThumbprint, error }: TokenRequest): object | undefined {
  if (error instanceof RuleBrokenError) return { error: error.rule.reason };
  if (!issued) return undefined;
  const { expiresIn, scopes } = issued;
  const type = keyThumbprint === null ? "Bearer" : "DPoP";
  return { token_type: type, expires_in: expiresIn, scope: scopes.join(" ") };
}

function secretsOf(req: Request, { assertion, credentials, issued }: TokenRequest): string[] {
  const all = [
    assertion?.token,
    credentials?.proof,
    issued?.token,
    req.get("authorization"),
    req.get("dpop"),
  ];
  return all.filter((one) => one !== undefined);
}
