import type { Request, RequestHandler, Response } from "express";
import { apiScopes } from "../../config/integration.ts";
import { atLeast } from "../directory/roles.ts";
import { crossAppAccessUrls } from "../endpoints.ts";
import type { Role, User } from "../model.ts";
import { type AccessTokenOwner, accessTokenStore } from "../store/access-tokens.ts";
import type { Database } from "../store/database.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import { hashToken } from "../store/secrets.ts";
import type { SignedInPerson } from "../store/session-store.ts";
import { proofAlgorithms, proofVerifier } from "./dpop.ts";
import { answerProblem } from "./problems.ts";

/** The actor of a request to the API: a signed-in person in a browser, or an agent for a person. */
export interface Acting {
  tenant: SignedInPerson["tenant"];
  user: User;
  role: Role;
  /** The names of the scopes. */
  scopes: readonly string[];
  /** The agent that acts for the person; null if the person acts in a browser. */
  agent: (AccessTokenOwner["agent"] & { act: string | null }) | null;
}

declare module "express-serve-static-core" {
  interface Request {
    /** Set by the guard of a resource, and by actAsSignedIn. */
    acting?: Acting;
  }
}

/** The actor of a request that passed requireAccessToken. */
export function actingOf(req: Request): Acting {
  if (!req.acting) throw new Error("this route is not behind requireAccessToken");
  return req.acting;
}

/** The names of the scopes that a role may have. */
export function scopesOf(role: Role): string[] {
  return apiScopes.filter((scope) => atLeast(role, scope.role)).map(({ name }) => name);
}

/** Lets a signed-in person act with the scopes of their role. Mount it behind the same-origin check. */
export const actAsSignedIn: RequestHandler = (req, _res, next) => {
  if (req.person) req.acting = { ...req.person, scopes: scopesOf(req.person.role), agent: null };
  next();
};

export interface ResourceGuard {
  /** Requires an access token for this resource and puts its owner into `req.acting`. It asks for no scope. */
  authenticate: RequestHandler;
  /** Requires a scope; mount it after `authenticate`. */
  requireScope(scope: string): RequestHandler;
}

/** Calls per minute of one agent for one tenant. */
const callsPerMinute = 600;

/**
 * Guards the routes of a resource by access tokens (RFC 6750, RFC 9449). A refusal says where the resource's metadata is
 * (RFC 9728 §5.1), so that a client finds out by itself how to get a token.
 * @param path the resource's path, which with the origin is its identifier: paths.api or paths.mcp.
 */
export function resourceGuard(database: Database, baseUrl: string, path: string): ResourceGuard {
  const tokens = accessTokenStore(database);
  const verifyProof = proofVerifier(database);
  const limit = rateLimiter(database, { name: "agent-calls", points: callsPerMinute, seconds: 60 });
  const metadata = crossAppAccessUrls(baseUrl).protectedResource(path);
  const refuse = (req: Request, res: Response, refusal: TokenRefusal): void => {
    const { status, error, description, scope } = refusal;
    req.log.info({ reason: error ?? "no_token", description }, "access_token.refused");
    const parts = { error, error_description: error && description, scope, resource_metadata: metadata };
    const stated = Object.entries(parts).flatMap(([name, value]) => (value ? [`${name}="${value}"`] : []));
    const parameters = stated.join(", ");
    const dpop = `DPoP algs="${proofAlgorithms.join(" ")}", ${parameters}`;
    res.set({ "WWW-Authenticate": [`Bearer ${parameters}`, dpop], "Cache-Control": "no-store" });
    answerProblem(req, res, { status, detail: description });
  };

  return {
    async authenticate(req, res, next) {
      const [, scheme = "", token] = /^(Bearer|DPoP) (\S+)$/i.exec(req.get("authorization") ?? "") ?? [];
      if (!token) return refuse(req, res, { status: 401, description: "An access token is needed." });
      const owner = await tokens.owner(hashToken(token));
      const isBound = scheme.toLowerCase() === "dpop";
      if (!owner?.resources.includes(baseUrl + path) || (owner.keyThumbprint !== null) !== isBound) {
        const description = "The access token is unknown, expired or no longer valid here.";
        return refuse(req, res, { status: 401, error: "invalid_token", description });
      }
      if (isBound) {
        const url = baseUrl + req.originalUrl.replace(/\?.*$/s, "");
        const proof = await verifyProof(req.get("dpop") ?? "", { method: req.method, url, token });
        if (proof.thumbprint !== owner.keyThumbprint) {
          const description = `The DPoP proof is not valid: ${proof.problem ?? "its key is not the token's"}.`;
          return refuse(req, res, { status: 401, error: "invalid_dpop_proof", description });
        }
      }
      const retryAfter = await limit.use(`${owner.tenant.id}/${owner.agent.clientId}`);
      if (retryAfter > 0)
        return answerProblem(req, res, {
          status: 429,
          detail: "This agent sends too many requests.",
          retryAfter,
        });
      const { tenant, user, role, scopes, agent, act } = owner;
      const allowed = scopesOf(role);
      req.acting = {
        tenant,
        user,
        role,
        scopes: scopes.filter((one) => allowed.includes(one)),
        agent: { ...agent, act },
      };
      next();
    },

    requireScope: (scope) => (req, res, next) => {
      if (actingOf(req).scopes.includes(scope)) return next();
      const description = `The access token does not have the scope ${scope}.`;
      refuse(req, res, { status: 403, error: "insufficient_scope", description, scope });
    },
  };
}

interface TokenRefusal {
  status: number;
  /** RFC 6750 §3.1; absent if the request has no token at all. */
  error?: string;
  description: string;
  /** The scope that is needed. */
  scope?: string;
}
