import type { Request, RequestHandler, Response } from "express";
import { judge, type RuleBrokenError, ruleBrokenBy } from "policy-list/policy";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { brand } from "../../config/brand.ts";
import { apiScopes } from "../../config/integration.ts";
import { isApiKey } from "../directory/api-keys.ts";
import { atLeast } from "../directory/roles.ts";
import { crossAppAccessUrls, paths } from "../endpoints.ts";
import { type BrokenRule, brokenRuleIn } from "../errors.ts";
import type { Role, User } from "../model.ts";
import { accessTokenStore, type StoredAccessToken } from "../store/access-tokens.ts";
import { apiKeyStore, type StoredApiKey } from "../store/api-keys.ts";
import type { Database } from "../store/database.ts";
import { hashToken } from "../store/secrets.ts";
import type { SignedInPerson } from "../store/session-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { apiKeyRules, callScopeRules, proofRules, tokenRules } from "./access-token-policy.ts";
import { proofAlgorithms, proofVerifier } from "./dpop.ts";
import { answerProblem } from "./problems.ts";

/** The actor of a request to the API: a signed-in person in a browser, a person's API key, or an agent for a person. */
export interface Acting {
  tenant: SignedInPerson["tenant"];
  user: User;
  role: Role;
  /** The names of the scopes. */
  scopes: readonly string[];
  /** The agent that acts for the person; null if the person acts in a browser or by an API key. */
  agent: { clientId: string; name: string; act: string | null } | null;
  /** Null unless the request came with one. */
  apiKey: { id: string; name: string } | null;
}

/** A known access token or API key that came with a request, and the rule that the call broke; null if it broke none. */
export interface PresentedToken {
  token: StoredAccessToken | StoredApiKey;
  broken: BrokenRule | null;
}

declare module "express-serve-static-core" {
  interface Request {
    /** Set by the guard of a resource. The inspector reads it once the response is sent. */
    presentedToken?: PresentedToken;
    /** Set by the guard of a resource, and by actAsSignedIn. */
    acting?: Acting;
  }
}

/** The actor of a request. Throws an Error if neither a guard of a resource nor actAsSignedIn ran before. */
export function actingOf(req: Request): Acting {
  if (!req.acting) throw new Error("this route is not behind the guard of a resource");
  return req.acting;
}

/** The names of the scopes that a role may have. */
export function scopesOf(role: Role): string[] {
  return apiScopes.filter((scope) => atLeast(role, scope.role)).map(({ name }) => name);
}

/** Lets a signed-in person act with the scopes of their role. Mount it behind the same-origin check. */
export const actAsSignedIn: RequestHandler = (req, _res, next) => {
  if (req.person)
    req.acting = { ...req.person, scopes: scopesOf(req.person.role), agent: null, apiKey: null };
  next();
};

export interface ResourceGuard {
  /** Requires an access token or an API key for this resource and puts its owner into `req.acting`. It asks for no scope. */
  authenticate: RequestHandler;
  /** Requires a scope; mount it after `authenticate`. */
  requireScope(scope: string): RequestHandler;
}

/**
 * Guards the routes of a resource by access tokens (RFC 6750, RFC 9449) and API keys. A refusal says where the resource's
 * metadata is (RFC 9728 §5.1), so that a client finds out by itself how to get a token.
 * @param path the resource's path, which with the origin is its identifier: paths.api or paths.mcp. Only the API accepts keys.
 * @param callsPerMinute of one agent in one tenant, or of one key. Each process counts for itself: a limit must not cost a
 * write per call.
 */
export function resourceGuard(
  database: Database,
  baseUrl: string,
  path: string,
  callsPerMinute = 600,
): ResourceGuard {
  const [tokens, apiKeys] = [accessTokenStore(database), apiKeyStore(database)];
  const verifyProof = proofVerifier(database);
  const limiter = new RateLimiterMemory({ points: callsPerMinute, duration: 60 });
  const metadata = crossAppAccessUrls(baseUrl).protectedResource(path);
  const [resource, acceptsApiKeys] = [baseUrl + path, path === paths.api];
  const refuse = (req: Request, res: Response, refusal: CallRefusal): void => {
    const { status, error, description, scope } = refusal;
    const { ruleId = null, found = null } = req.presentedToken?.broken ?? {};
    req.log.info({ reason: error ?? "no_token", rule: ruleId, found, description }, "access_token.refused");
    const parts = { error, error_description: error && description, scope, resource_metadata: metadata };
    // A message of jose quotes names, and a quoted text must not contain quotes (RFC 6750 §3).
    const stated = Object.entries(parts).flatMap(([name, value]) =>
      value ? [`${name}="${value.replaceAll('"', "'")}"`] : [],
    );
    const parameters = stated.join(", ");
    const dpop = `DPoP algs="${proofAlgorithms.join(" ")}", ${parameters}`;
    res.set({ "WWW-Authenticate": [`Bearer ${parameters}`, dpop], "Cache-Control": "no-store" });
    answerProblem(req, res, { status, detail: description });
  };

  /** One statement for either, and none for a text that only looks like a key. */
  async function find(presented: string): Promise<StoredAccessToken | StoredApiKey | null> {
    if (!presented.startsWith(brand.apiKeyPrefix)) return await tokens.find(hashToken(presented));
    return isApiKey(brand.apiKeyPrefix, presented) ? await apiKeys.find(hashToken(presented)) : null;
  }

  /** Throws RuleBrokenError. The proof comes last, because reading it consumes it. */
  async function judgeCall(req: Request, { scheme, presented, token }: Presented): Promise<void> {
    if (token.kind === "api-key") judge(apiKeyRules, { token, acceptsApiKeys, now: Date.now() });
    else judge(tokenRules, { token, resource, now: Date.now() });
    const keyThumbprint = token.kind === "api-key" ? null : token.keyThumbprint;
    const bound = {
      isBound: keyThumbprint !== null,
      isPresentedBound: scheme.toLowerCase() === "dpop",
    };
    judge(proofRules, { ...bound, problem: null });
    if (!bound.isBound) return;
    const url = baseUrl + req.originalUrl.replace(/\?.*$/s, "");
    const call = { method: req.method, url, token: presented };
    const { thumbprint, problem } = await verifyProof(req.get("dpop") ?? "", call);
    const isOwn = thumbprint === keyThumbprint;
    judge(proofRules, { ...bound, problem: isOwn ? null : (problem ?? "its key is not the token's") });
  }

  return {
    async authenticate(req, res, next) {
      const [, scheme = "", presented] = /^(Bearer|DPoP) (\S+)$/i.exec(req.get("authorization") ?? "") ?? [];
      if (!presented) return refuse(req, res, { status: 401, description: "An access token is needed." });
      const token = await find(presented);
      if (!token) return refuse(req, res, invalidToken);
      req.presentedToken = { token, broken: null };
      const broken = await ruleBrokenBy(() => judgeCall(req, { scheme, presented, token }));
      if (broken) {
        req.presentedToken.broken = brokenRuleIn(broken);
        return refuse(req, res, refusalOf(broken));
      }
      const caller = callerOf(token);
      const retryAfter = await use(
        limiter,
        `${token.tenant.id}/${caller.apiKey?.id ?? caller.agent?.clientId}`,
      );
      if (retryAfter > 0) {
        const detail = `This ${caller.apiKey ? "API key" : "agent"} sends too many requests.`;
        return answerProblem(req, res, { status: 429, detail, retryAfter });
      }
      if (token.kind === "api-key") await recordUse(database, token);
      const { tenant, user, role } = token;
      const allowed = scopesOf(role);
      const scopes = token.scopes.filter((one) => allowed.includes(one));
      req.acting = { tenant, user, role, scopes, ...caller };
      next();
    },

    requireScope: (needed) => async (req, res, next) => {
      const { scopes } = actingOf(req);
      const broken = await ruleBrokenBy(() => judge(callScopeRules, { scopes, needed }));
      if (!broken) return next();
      if (req.presentedToken) req.presentedToken.broken = brokenRuleIn(broken);
      const description = `The ${actingOf(req).apiKey ? "API key" : "access token"} does not have the scope ${needed}.`;
      refuse(req, res, { status: 403, error: "insufficient_scope", description, scope: needed });
    },
  };
}

function callerOf(token: StoredAccessToken | StoredApiKey): Pick<Acting, "agent" | "apiKey"> {
  if (token.kind === "api-key") return { agent: null, apiKey: { id: token.id, name: token.name } };
  return { agent: { clientId: token.agent.clientId, name: token.agent.name, act: token.act }, apiKey: null };
}

/** A key's last use is written at most this often. */
const recordUseMs = 60 * 60_000;

async function recordUse(database: Database, { id, tenant, lastUsedAt }: StoredApiKey): Promise<void> {
  if (Date.now() - (lastUsedAt ?? 0) < recordUseMs) return;
  await forTenant(database, tenant.id).apiKeys.recordUse(id);
}

/** Counts a use. Returns 0 if it is allowed, otherwise the seconds until it will be. */
async function use(limiter: RateLimiterMemory, key: string): Promise<number> {
  try {
    await limiter.consume(key);
    return 0;
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
  }
}

interface Presented {
  scheme: string;
  /** The text that the client sent. */
  presented: string;
  token: StoredAccessToken | StoredApiKey;
}

/** One text for all reasons: the holder of a token learns nothing of the tenant. The log and the inspector have the reason. */
const invalidToken: CallRefusal = {
  status: 401,
  error: "invalid_token",
  description: "The access token or API key is unknown, expired or no longer valid here.",
};

function refusalOf({ rule, found }: RuleBrokenError): CallRefusal {
  if (rule.reason !== "invalid_dpop_proof") return invalidToken;
  return { status: 401, error: rule.reason, description: `The DPoP proof is not valid: ${found}.` };
}

interface CallRefusal {
  status: number;
  /** RFC 6750 §3.1; absent if the request has no token at all. */
  error?: string;
  description: string;
  /** The scope that is needed. */
  scope?: string;
}
