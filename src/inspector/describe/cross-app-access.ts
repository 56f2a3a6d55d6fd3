import { type Request, type RequestHandler, Router } from "express";
import { RuleBrokenError } from "policy-list/policy";
import type { ConnectionOfIssuer } from "../../cross-app-access/assertion.ts";
import {
  agentRules,
  assertionRules,
  connectionRules,
  personRules,
  scopeRules,
  tokenPolicy,
} from "../../cross-app-access/policy.ts";
import type { AssertionRequest } from "../../cross-app-access/steps.ts";
import { paths } from "../../endpoints.ts";
import { type BrokenRule, brokenRuleIn } from "../../errors.ts";
import type { Message, MessageFact, MessagePart, Recorder } from "../../recording.ts";
import { jwtsIn } from "./jwt.ts";
import { isAmong, readableName, verdictOfCall } from "./rules.ts";

/**
 * Records each token request once its response is sent, for the tenant of the connection that the assertion is about. A
 * refused request is recorded for every tenant that connected the assertion's issuer, because administrators look for it.
 * A client that did not authenticate names no tenant. Mount it before the routes.
 */
export function recordCrossAppAccess(recorder: Recorder): RequestHandler {
  const router = Router();
  router.use(paths.token, (req, res, next) => {
    res.once("finish", () => {
      const { assertionRequest } = req;
      if (!assertionRequest) return;
      for (const one of connectionsOf(assertionRequest))
        recorder.record(one.tenantId, () => messageOf(req, assertionRequest, one));
    });
    next();
  });
  return router;
}

function connectionsOf({ found, ofOrg }: AssertionRequest): readonly ConnectionOfIssuer[] {
  return found ? [found] : ofOrg;
}

function messageOf(
  req: Request,
  request: AssertionRequest,
  { tenantId, connection }: ConnectionOfIssuer,
): Message {
  const broken = brokenRuleIn(request.error);
  const { status, ...judged } = verdictOfCall(req, "cross-app-access", tokenPolicy, broken);
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
    ...handledBy(broken),
    ...judged,
    facts: clientFacts(request, tenantId),
    request: requestPart(req, request),
    response: { head: [status], json: answerOf(request) },
    secrets: secretsOf(req, request),
  };
}

/** The file whose check failed, or that issued the token, and the function in it. */
function handledBy(broken: BrokenRule | null): { file: string; handler: string } {
  const folder = "src/cross-app-access";
  if (isAmong(assertionRules, broken))
    return { file: `${folder}/assertion.ts`, handler: "assertionVerifier" };
  const isIssuing = isAmong([...agentRules, ...personRules, ...scopeRules], broken);
  if (broken === null || isIssuing) return { file: `${folder}/issue.ts`, handler: "issueAccess" };
  return {
    file: `${folder}/steps.ts`,
    handler: isAmong(connectionRules, broken) ? "findIssuersConnection" : "requireGrant",
  };
}

/** The names of the person, as the org sent them. */
function peopleIn({ assertion, issued }: AssertionRequest): string[] {
  const { email, sub, sub_id: subId } = assertion?.claims ?? {};
  const named = [email, subId?.nameid, sub, issued?.userId];
  return [...new Set(named.filter((name) => typeof name === "string"))];
}

/** The client, as it authenticated. Another tenant's client is shown by its id alone, as the request named it. */
function clientFacts({ client, credentials }: AssertionRequest, tenantId: string): MessageFact[] {
  if (!client) return [];
  const isOwn = [null, tenantId].includes(client.tenantId);
  return [
    ...(isOwn ? [{ label: "Agent", value: client.name }] : []),
    { label: "Client", value: client.clientId },
    { label: "Authenticated by", value: credentials?.method ?? "Nothing" },
  ];
}

const shownHeaders = ["Authorization", "Content-Type", "DPoP", "User-Agent"];

function requestPart(req: Request, { parameters, resources, assertion }: AssertionRequest): MessagePart {
  const headers = shownHeaders.flatMap((name) => {
    const value = req.get(name);
    return value === undefined ? [] : [`${name}: ${value}`];
  });
  return {
    head: [`POST ${req.baseUrl}`, ...headers],
    form: { ...Object.fromEntries(parameters), ...(resources.length > 0 ? { resource: resources } : {}) },
    jwts: [...jwtsIn("assertion", assertion?.token), ...jwtsIn("DPoP", req.get("dpop"))],
    isRepeatable: true,
  };
}

/** The answer; its token is redacted. */
function answerOf({ issued, keyThumbprint, error }: AssertionRequest): object | undefined {
  if (error instanceof RuleBrokenError) return { error: error.rule.reason };
  if (!issued) return undefined;
  const { token, expiresIn, scopes } = issued;
  const type = keyThumbprint === null ? "Bearer" : "DPoP";
  return { access_token: token, token_type: type, expires_in: expiresIn, scope: scopes.join(" ") };
}

function secretsOf(req: Request, { assertion, credentials, issued }: AssertionRequest): string[] {
  const all = [
    assertion?.token,
    credentials?.proof,
    issued?.token,
    req.get("authorization"),
    req.get("dpop"),
  ];
  return all.filter((one) => one !== undefined);
}
