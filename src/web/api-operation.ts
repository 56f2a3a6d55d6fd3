import type { Router } from "express";
import type { z } from "zod";
import type { EntitlementId } from "../../config/entitlements.ts";
import type { Database } from "../store/database.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { Acting } from "./access-tokens.ts";

/** A request to an operation, validated. */
interface ApiCall<Query = unknown, Body = unknown> {
  acting: Acting;
  /** Of the acting person's tenant. In an operation that changes something: in its transaction. */
  store: TenantStore;
  requestId: string;
  /** The values of the path's placeholders. */
  params: Record<string, string>;
  query: Query;
  body: Body;
  /** Throws ProblemError (412) unless the client named this ETag in If-Match. */
  requireMatch(etag: string): void;
}

export interface ApiAnswer {
  body: unknown;
  /** A strong ETag of the body's state, without quotes. */
  etag?: string;
  /** The path of a new resource, below paths.api. */
  location?: string;
  /** The query of the next page of a list. */
  next?: Record<string, string> | null;
}

/** An operation of the API: its route, its description, and its code. */
export interface ApiOperation<Query extends z.ZodType = z.ZodType, Body extends z.ZodType = z.ZodType> {
  method: "get" | "post" | "patch";
  /** Below paths.api, with placeholders: "/books/{id}". */
  path: string;
  operationId: string;
  summary: string;
  description?: string;
  scope: string;
  /** The person needs it, too, also if an agent acts for them. */
  entitlement?: EntitlementId;
  /** The values are texts. Absent if the operation takes no query. */
  query?: Query;
  body?: { schema: Body; types: readonly string[] };
  answer: { status: 200 | 201; description: string; schema: z.ZodType };
  /** Whether the answer has an ETag. Such a PATCH needs If-Match, so that no client overwrites a change that it never saw. */
  hasEtag?: boolean;
  handle(call: ApiCall<z.output<Query>, z.output<Body>>): Promise<ApiAnswer>;
}

/** Routes of the product's own below paths.api, for what is not an operation. OpenAPI does not describe them. */
export interface ApiRouter {
  /** Below paths.api: "/reports". */
  path: `/${string}`;
  /** For GET and HEAD, and for all other methods. So no route forgets its scope. */
  scopes: { read: string; write: string };
  /** The routes, below `path`. Bodies are parsed as JSON. */
  routes(deps: { database: Database }): Router;
}

/** Checks the types of an operation against its schemas. */
export function apiOperation<Query extends z.ZodType, Body extends z.ZodType>(
  operation: ApiOperation<Query, Body>,
): ApiOperation {
  return operation;
}
