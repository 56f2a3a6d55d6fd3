import type { Request } from "express";
import { type TokenRequest, tokenRequestOf } from "../oauth/token-request.ts";
import type { Assertion, ConnectionOfIssuer } from "./assertion.ts";
import type { IssuedAccess } from "./issue.ts";

/** A token request with an assertion, and the findings of the steps. The inspector reads it once the response is sent. */
export interface AssertionRequest extends TokenRequest {
  assertion: Assertion | null;
  /** The active connections of the assertion's issuer, in any tenant. */
  ofIssuer: ConnectionOfIssuer[];
  /** Those of them that the org knows. Only their tenants may see a request that is refused. */
  ofOrg: ConnectionOfIssuer[];
  /** The one that the assertion is about, and the person's name there. */
  found: (ConnectionOfIssuer & { subject: string }) | null;
  /** Whether the org's key verified the assertion. */
  isVerified: boolean;
  /** The resources that the token is for, and whether the assertion can be used once only. */
  target: { resources: readonly string[]; isOnce: boolean } | null;
  /** Of the key that the token is bound to. */
  keyThumbprint: string | null;
  issued: IssuedAccess | null;
}

declare module "express-serve-static-core" {
  interface Request {
    assertionRequest?: AssertionRequest;
  }
}

/** Adds empty findings to a request, which stays the same object. */
export function newAssertionRequest(request: TokenRequest): AssertionRequest {
  return Object.assign(request, {
    assertion: null,
    ofIssuer: [],
    ofOrg: [],
    found: null,
    isVerified: false,
    target: null,
    keyThumbprint: null,
    issued: null,
  });
}

/** The request of this grant; at the first call, one without findings. */
export function assertionRequestOf(req: Request): AssertionRequest {
  req.assertionRequest ??= newAssertionRequest(tokenRequestOf(req));
  return req.assertionRequest;
}
