import { type Request, type RequestHandler, Router } from "express";
import { paths } from "../../endpoints.ts";
import { type BrokenRule, brokenRuleIn } from "../../errors.ts";
import { clientGrantRules, clientRules, grantTypeRules, requestRules } from "../../oauth/policy.ts";
import type { Message, Recorder } from "../../recording.ts";
import { codeRules, questionRules, refreshRules } from "../../scim-authorization/policy.ts";
import { type NamedRule, verdictOfCall } from "./rules.ts";

/** The rules that a token request passes before its code or refresh token is read. */
const clientPolicy = [...requestRules, ...clientRules, ...grantTypeRules, ...clientGrantRules];

/**
 * Records an owner's decision, and each token request with a code or a refresh token that is of a tenant, once the response
 * is sent. A request that names no tenant is recorded nowhere. Mount it before the routes.
 */
export function recordScimAuthorization(recorder: Recorder): RequestHandler {
  const router = Router();
  router.use(paths.token, (req, res, next) => {
    res.once("finish", () => {
      const { provisioningRequest } = req;
      if (provisioningRequest) recorder.record(provisioningRequest.tenantId, () => tokenMessage(req));
    });
    next();
  });
  router.use(paths.authorize, (req, res, next) => {
    res.once("finish", () => {
      const { person, authorization } = req;
      if (req.method === "POST" && person && authorization)
        recorder.record(person.tenant.id, () => decisionMessage(req));
    });
    next();
  });
  return router;
}

function tokenMessage(req: Request): Message {
  const { parameters, error = null, credentials } = req.tokenRequest ?? {};
  const isCode = parameters?.get("grant_type") === "authorization_code";
  const broken = brokenRuleIn(error);
  const pair = req.provisioningRequest?.pair ?? null;
  const [given, next] = [parameters?.get(isCode ? "code" : "refresh_token") ?? "", pair?.refreshToken];
  return {
    ...commonParts(req, [...clientPolicy, ...(isCode ? codeRules : refreshRules)], broken),
    step: `Token request (${isCode ? "code" : "refresh token"})`,
    flow: { kind: "authorization", keys: next === undefined ? [given] : [given, next] },
    route: { from: "okta", to: "product", carried: false },
    person: null,
    people: [],
    file: "src/scim-authorization/grants.ts",
    handler: isCode ? "redeemCode" : "refresh",
    request: { head: [`POST ${paths.token}`], form: Object.fromEntries(parameters ?? []) },
    secrets: [given, credentials?.proof ?? "", pair?.accessToken ?? "", next ?? ""].filter(
      (one) => one !== "",
    ),
  };
}

function decisionMessage(req: Request): Message {
  const { authorization, person } = req;
  const name = person?.user.loginName ?? "";
  const code = authorization?.code;
  return {
    ...commonParts(req, questionRules, null),
    step: code === undefined ? "Consent (not given)" : "Consent (given)",
    flow: { kind: "authorization", keys: code === undefined ? [] : [code] },
    route: { from: "browser", to: "product", carried: false },
    person: name,
    people: [name],
    file: "src/scim-authorization/consent.ts",
    handler: "allowSource",
    request: {
      head: [`POST ${paths.authorize}`],
      query: { client_id: authorization?.clientId, redirect_uri: authorization?.redirectUri },
    },
    secrets: code === undefined ? [] : [code],
  };
}

function commonParts(req: Request, rules: readonly NamedRule[], broken: BrokenRule | null) {
  const { status, ...judged } = verdictOfCall(req, "scim", rules, broken);
  return {
    protocol: "scim" as const,
    requestId: req.id,
    connectionKey: null,
    at: req.receivedAt,
    ms: null,
    ...judged,
    response: { head: [status] },
  };
}
