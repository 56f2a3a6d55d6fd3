import type { ScimStore, Wants } from "./backend.ts";
import type { ScimSchemas } from "./schema.ts";

/** The store and the settings of one call. */
export interface ScimCall {
  store: ScimStore;
  schemas: ScimSchemas;
  /** The SCIM base URL without a trailing slash: the locations of resources begin with it. */
  baseUrl: string;
}

/** The parts of a request that SCIM reads. */
export interface ScimRequest {
  /** The id in the path; empty for an operation on a whole list. */
  id: string;
  query: Record<string, unknown>;
  body: unknown;
  ifMatch: string | null;
  ifNoneMatch: string | null;
}

/** `body` is absent for 204 and 304. */
export interface ScimResponse {
  status: number;
  body?: Record<string, unknown>;
  location?: string;
  version?: string;
}

/** Carries out one call, from HTTP or from a Bulk request. Throws ScimError. */
export type ScimOperation = (call: ScimCall, request: ScimRequest) => Promise<ScimResponse> | ScimResponse;

/** A user or a group in JSON, as clients see it. */
export type ScimResource = Record<string, unknown>;

/** For a look-up whose result is not shown. */
export const wantsNothing: Wants = () => false;

/** For a user whom PUT replaces: the roles and entitlements of before may stay, even if they are offered to no one else. */
export const wantsAssigned: Wants = (attribute) => attribute === "roles" || attribute === "entitlements";

/** For a resource that PATCH changes: it has to be complete. */
export const wantsAll: Wants = () => true;
