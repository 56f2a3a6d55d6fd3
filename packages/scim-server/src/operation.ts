import type { ScimStore, Wants } from "./backend.ts";
import { ScimError } from "./errors.ts";
import type { ScimSchemas } from "./schema.ts";

/** What one call works with. */
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

/** For a look-up whose result is not shown. */
export const wantsNothing: Wants = () => false;

/** For a resource that PATCH changes: it has to be complete. */
export const wantsAll: Wants = () => true;

/** The weak entity tag of a version (RFC 7644 §3.14). */
export function versionTag(version: number): string {
  return `W/"${version}"`;
}

/** Throws 412 if the client wants to change another version than the current one (RFC 7644 §3.14, RFC 9110 §13.1.1). */
export function checkIfMatch({ ifMatch }: ScimRequest, version: number): void {
  if (ifMatch === null || ifMatch.trim() === "*") return;
  if (!tagsIn(ifMatch).includes(versionTag(version))) {
    throw new ScimError(412, null, `The resource has changed since: its version is ${versionTag(version)}.`);
  }
}

/** Whether the client has this version already: then the answer is 304. */
export function isKnownVersion({ ifNoneMatch }: ScimRequest, version: number): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.trim() === "*" || tagsIn(ifNoneMatch).includes(versionTag(version));
}

/** Tags compare weakly: a proxy may have made a strong tag of the weak one. */
function tagsIn(header: string): string[] {
  return header.split(",").map((tag) => tag.trim().replace(/^(W\/)?"/, 'W/"'));
}
