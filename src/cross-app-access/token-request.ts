import type { Request } from "express";
import type { Assertion, ConnectionOfIssuer } from "./assertion.ts";
import type { AuthenticatedClient, Credentials } from "./clients.ts";
import type { IssuedAccess } from "./issue.ts";

/** Shared by the steps of a request: `req.tokenRequest`. The inspector reads it once the response is sent. */
export interface TokenRequest {
  /** All but `resource`; empty ones count as absent (RFC 6749 §3.2). */
  readonly parameters: ReadonlyMap<string, string>;
  /** The resources that the client asks for. */
  readonly resources: readonly string[];
  readonly credentials: Credentials | undefined;
  client: AuthenticatedClient | null;
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
  /** The error that ended the request; null if none did. */
  error: unknown;
}

declare module "express-serve-static-core" {
  interface Request {
    tokenRequest?: TokenRequest;
  }
}

export function newTokenRequest(
  read: Pick<TokenRequest, "parameters" | "resources" | "credentials">,
): TokenRequest {
  return {
    client: null,
    assertion: null,
    ofIssuer: [],
    ofOrg: [],
    found: null,
    isVerified: false,
    target: null,
    keyThumbprint: null,
    issued: null,
    error: null,
    ...read,
  };
}

export function tokenRequestOf({ tokenRequest }: Request): TokenRequest {
  if (!tokenRequest) throw new Error("the request has to be read before this step");
  return tokenRequest;
}

/** The finding of an earlier step. */
export function known<T>(value: T | null): T {
  if (value === null) throw new Error("an earlier step has to run before this one");
  return value;
}
