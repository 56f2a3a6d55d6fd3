import type { Request, RequestHandler } from "express";
import { judge, RuleBrokenError } from "policy-list/policy";
import { provisioningClient } from "../directory/provisioning-clients.ts";
import { wordsIn } from "../oauth/token-request.ts";
import type { Database } from "../store/database.ts";
import { type AuthorizationError, addressRules, questionRules } from "./policy.ts";
import { isOktaRedirectUri } from "./redirect-uris.ts";

/** A request to the authorization endpoint whose client and redirect URI are right: `req.authorization`. */
export interface ConsentRequest {
  clientId: string;
  redirectUri: string;
  state: string | undefined;
  challenge: string | null;
  /** The code, once an owner has allowed it. */
  code?: string;
}

declare module "express-serve-static-core" {
  interface Request {
    authorization?: ConsentRequest;
  }
}

export interface AuthorizationDeps {
  database: Database;
  baseUrl: string;
  /** Whether a stand-in for Okta on this machine may ask (INSECURE_ALLOW_PRIVATE_NETWORK). */
  allowLoopback: boolean;
}

/** A longer address is lost at a sign-in, because a page to return to has at most 2,000 characters (web/request.ts). */
const maxLength = 1900;

/** Reads the request. The page's form sends the same address again, so that both are judged alike. Throws RuleBrokenError. */
export function readAuthorization({ database, allowLoopback }: AuthorizationDeps): RequestHandler {
  return async (req, _res, next) => {
    const values = Object.entries(req.query);
    const parameters = new Map(values.map(([name, value]) => [name, String(value)]));
    const clientId = parameters.get("client_id") ?? "";
    const redirectUri = parameters.get("redirect_uri") ?? "";
    judge(addressRules, {
      isShort: req.originalUrl.length <= maxLength,
      repeated: values.find(([, value]) => typeof value !== "string")?.[0] ?? null,
      isKnownClient: (await provisioningClient(database))?.clientId === clientId,
      isOktaUri: isOktaRedirectUri(redirectUri, allowLoopback),
    });
    const challenge = parameters.get("code_challenge");
    req.authorization = {
      clientId,
      redirectUri,
      state: parameters.get("state"),
      challenge: challenge ?? null,
    };
    judge(questionRules, {
      responseType: parameters.get("response_type"),
      challenge,
      method: parameters.get("code_challenge_method"),
      scopes: wordsIn(parameters.get("scope")) ?? [],
    });
    next();
  };
}

export function authorizationOf({ authorization }: Request): ConsentRequest {
  if (!authorization) throw new Error("the request has to be read before this step");
  return authorization;
}

/** The redirect URI with the response. It names us, so that a client with several servers cannot mix them up (RFC 9207). */
export function responseUrl(
  { redirectUri, state }: ConsentRequest,
  baseUrl: string,
  response: { code: string } | { error: AuthorizationError; error_description?: string },
): string {
  const url = new URL(redirectUri);
  const given = { ...response, ...(state === undefined ? {} : { state }), iss: baseUrl };
  for (const [name, value] of Object.entries(given)) url.searchParams.set(name, value);
  return url.href;
}

/** The error of a broken rule that the client may learn of; null for any other error. */
export function errorForClient(error: unknown): AuthorizationError | null {
  if (!(error instanceof RuleBrokenError)) return null;
  return questionRules.find(({ id }) => id === error.rule.id)?.reason ?? null;
}
