import type { Request } from "express";
import type { ClientKind } from "../model.ts";
import type { AuthenticatedClient, Credentials } from "./clients.ts";

/** Shared by the steps of a request to the token endpoint: `req.tokenRequest`. A grant adds its own findings. */
export interface TokenRequest {
  /** All but `resource`; empty ones count as absent (RFC 6749 §3.2). */
  readonly parameters: ReadonlyMap<string, string>;
  /** The resources that the client asks for. */
  readonly resources: readonly string[];
  readonly credentials: Credentials | undefined;
  client: AuthenticatedClient | null;
  /** The error that ended the request; null if none did. */
  error: unknown;
}

/** A grant, as the token endpoint knows it. src/app.ts gives it the grants that it has. */
export interface TokenGrant {
  /** The value of `grant_type`. */
  type: string;
  /** The clients that may use it. */
  client: ClientKind;
  /** The first word of its events in the log. */
  event: string;
  /** Help for the client's developer, by the rule that broke, else by the error. */
  advice: Readonly<Record<string, string>>;
  /** Judges the request and issues a token: the response (RFC 6749 §5.1). Throws RuleBrokenError. */
  issue(req: Request): Promise<object>;
  /** Records a refusal for a tenant's administrators. */
  recordRefusal?(req: Request, error: Error): Promise<void>;
  /** Members that it adds to the server's metadata. */
  metadata?: object;
}

declare module "express-serve-static-core" {
  interface Request {
    tokenRequest?: TokenRequest;
  }
}

export function newTokenRequest(
  read: Pick<TokenRequest, "parameters" | "resources" | "credentials">,
): TokenRequest {
  return { client: null, error: null, ...read };
}

export function tokenRequestOf({ tokenRequest }: Request): TokenRequest {
  if (!tokenRequest) throw new Error("the request has to be read before this step");
  return tokenRequest;
}

/** The finding of an earlier step. Throws an Error if that step did not run. */
export function requireStep<T>(value: T | null): T {
  if (value === null) throw new Error("an earlier step has to run before this one");
  return value;
}

/** The scopes of a claim or a parameter (RFC 6749 §3.3); null if it is absent. */
export function wordsIn(scope: string | undefined): string[] | null {
  return scope === undefined ? null : scope.split(" ").filter((word) => word !== "");
}
